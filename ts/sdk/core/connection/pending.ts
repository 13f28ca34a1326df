import type { ServerMessage } from '../../../wire/proto/generated/messages.js';

/** A request that waits for its answer. */
export interface Pending {
  settle(outcome: { readonly message: ServerMessage } | { readonly error: Error }): void;
}

const idMax = 2 ** 32 - 1;

/** Requests by id. An id is free again when the server has answered, also where nobody waits for the answer any more. */
export class PendingRequests {
  readonly #pending = new Map<number, Pending | undefined>();
  #lastId = 0;

  /** Those that the server has not answered. */
  get count(): number {
    return this.#pending.size;
  }

  add(pending: Pending): number {
    do {
      this.#lastId = this.#lastId === idMax ? 1 : this.#lastId + 1;
    } while (this.#pending.has(this.#lastId));
    this.#pending.set(this.#lastId, pending);
    return this.#lastId;
  }

  /** Nobody waits any more, but the server still owes the answer. */
  abandon(id: number): void {
    if (this.#pending.has(id)) this.#pending.set(id, undefined);
  }

  /** False: this was no request's id. */
  answer(message: ServerMessage): boolean {
    if (!this.#pending.has(message.requestId)) return false;
    const pending = this.#pending.get(message.requestId);
    this.#pending.delete(message.requestId);
    pending?.settle({ message });
    return true;
  }

  failAll(error: Error): void {
    const all = [...this.#pending.values()];
    this.#pending.clear();
    for (const pending of all) pending?.settle({ error });
  }
}
