/** A connection that has answers to send. */
export interface Answering {
  flush(): void;
}

/**
 * Answers wait until everything that runs now is done, and then leave together: a shard answers many requests at one wake-up, and
 * each answer of its own would be a system call.
 */
export class Answers {
  #waiting: Answering[] = [];

  add(connection: Answering): void {
    this.#waiting.push(connection);
    if (this.#waiting.length === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const connection of waiting) connection.flush();
  }
}
