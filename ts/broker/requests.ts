import { assert } from '../model/assert.js';

/** Questions over a message port: each has a number, and its answer comes back with it. */
export class Requests<Answer> {
  readonly #open = new Map<number, (answer: Answer) => void>();
  #last = 0;

  /** `send` is given the number to send along. */
  ask(send: (id: number) => void): Promise<Answer> {
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve) => {
      this.#open.set(id, resolve);
      send(id);
    });
  }

  answer(id: number, answer: Answer): void {
    const resolve = this.#open.get(id);
    assert(resolve !== undefined, `question ${id} is answered twice`);
    this.#open.delete(id);
    resolve(answer);
  }
}
