import type { Encoded } from '../../wire/kafka/writer.js';

/** A request that was begun. */
interface Turn {
  /** Null: it has no answer. Undefined: not known yet. */
  encoded: Encoded | null | undefined;
}

/** Requests of one connection: begun in order, finished in any, answered in order. */
export class Pipeline {
  #turns: Turn[] = [];

  get isEmpty(): boolean {
    return this.#turns.length === 0;
  }

  /** The next request; what is answered is called once. `ready`: answers can leave. */
  begin(ready: () => void): (encoded: Encoded | undefined) => void {
    const turn: Turn = { encoded: undefined };
    this.#turns.push(turn);
    return (encoded) => {
      turn.encoded = encoded ?? null;
      if (this.#turns[0] === turn) ready();
    };
  }

  /** Takes the oldest request if it is finished. */
  next(): { readonly encoded: Encoded | null } | undefined {
    const encoded = this.#turns[0]?.encoded;
    if (encoded === undefined) return undefined;
    this.#turns.shift();
    return { encoded };
  }
}
