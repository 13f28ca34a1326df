/** Counts the answers of several threads to one question: the last one is everybody's. */
export class FanIn {
  readonly #threadsCount: number;
  readonly #counts = new Map<number, number>();
  readonly #all: (question: number) => void;

  constructor(threadsCount: number, all: (question: number) => void) {
    this.#threadsCount = threadsCount;
    this.#all = all;
  }

  answered(question: number): void {
    const count = (this.#counts.get(question) ?? 0) + 1;
    if (count < this.#threadsCount) {
      this.#counts.set(question, count);
      return;
    }
    this.#counts.delete(question);
    this.#all(question);
  }
}
