/** Begins something that says when it is done, and answers how it is called off. */
type Task = (done: () => void) => () => void;

/** One after the other: a task begins when the one before it is done. */
export class Sequence {
  #waiting: Task[] = [];
  #isRunning = false;
  #isBeginning = false;
  #isClosed = false;
  #cancel: (() => void) | undefined;

  add(task: Task): void {
    if (this.#isClosed) return;
    this.#waiting.push(task);
    this.#next();
  }

  /** Nobody wants them any more: what runs is called off, what waits never begins. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#cancel?.();
  }

  // A task that is done at once comes here again: the loop goes on, it does not nest.
  #next(): void {
    if (this.#isBeginning) return;
    this.#isBeginning = true;
    while (!this.#isRunning) {
      const task = this.#waiting.shift();
      if (task === undefined) break;
      this.#isRunning = true;
      this.#cancel = task(() => {
        this.#isRunning = false;
        this.#next();
      });
    }
    this.#isBeginning = false;
  }
}
