/** Asks for each on its own; `done` with all answers, in the order of the questions, maybe before this returns. */
export function askEach<Question, Answer>(
  questions: readonly Question[],
  ask: (question: Question, done: (answer: Answer) => void) => void,
  done: (answers: readonly Answer[]) => void,
): void {
  const answers = new Array<Answer>(questions.length);
  let waiting = questions.length + 1;
  const arrived = () => {
    waiting -= 1;
    if (waiting === 0) done(answers);
  };
  for (const [index, question] of questions.entries()) {
    ask(question, (answer) => {
      answers[index] = answer;
      arrived();
    });
  }
  arrived();
}
