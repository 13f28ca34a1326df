/** Of one request: who names everything there is, or the same a hundred thousand times, leaves room for others. */
const underWayMax = 64;

/** Asks for each on its own, in order; `done` with all answers, in the order of the questions, maybe before this returns. */
export function askEach<Question, Answer>(
  questions: readonly Question[],
  ask: (question: Question, done: (answer: Answer) => void) => void,
  done: (answers: readonly Answer[]) => void,
): void {
  const answers = new Array<Answer>(questions.length);
  let [next, underWay, isAsking] = [0, 0, false];
  // What is answered at once comes here again: the loop goes on, it does not nest.
  const goOn = () => {
    if (isAsking) return;
    isAsking = true;
    while (underWay < underWayMax && next < questions.length) {
      const index = next++;
      underWay += 1;
      ask(questions[index] as Question, (answer) => {
        answers[index] = answer;
        underWay -= 1;
        goOn();
      });
    }
    isAsking = false;
    if (underWay === 0) done(answers);
  };
  goOn();
}
