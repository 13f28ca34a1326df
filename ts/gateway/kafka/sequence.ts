/** One after the other: a task begins when the one before it says that it is done. */
export class Sequence {
  readonly #waiting: ((done: () => void) => void)[] = [];
  #isRunning = false;

  add(task: (done: () => void) => void): void {
    this.#waiting.push(task);
    this.#next();
  }

  // A task that is done at once comes here again: the loop goes on, it does not nest.
  #next(): void {
    while (!this.#isRunning) {
      const task = this.#waiting.shift();
      if (task === undefined) return;
      this.#isRunning = true;
      task(() => {
        this.#isRunning = false;
        this.#next();
      });
    }
  }
}
