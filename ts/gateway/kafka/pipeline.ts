import type { Encoded } from '../../wire/kafka/writer.js';

/** What a request is answered with. */
export interface Finished {
  /** Undefined: nothing, as a produce with acks 0. */
  readonly encoded: Encoded | undefined;
  /** Its bytes have left, or never will. */
  readonly sent: () => void;
}

/** A request that was begun. */
interface Turn {
  finished: Finished | undefined;
}

/** Requests of one connection: begun in order, finished in any, answered in order. */
export class Pipeline {
  #turns: Turn[] = [];

  get isEmpty(): boolean {
    return this.#turns.length === 0;
  }

  /** The next request; what is answered is called once. `ready`: answers can leave. */
  begin(ready: () => void): (finished: Finished) => void {
    const turn: Turn = { finished: undefined };
    this.#turns.push(turn);
    return (finished) => {
      turn.finished = finished;
      if (this.#turns[0] === turn) ready();
    };
  }

  /** Nobody is answered any more: what was finished is let go, what is not is when it finishes. */
  drop(): void {
    const turns = this.#turns;
    this.#turns = [];
    for (const { finished } of turns) finished?.sent();
  }

  /** Takes the oldest request if it is finished. */
  next(): Finished | undefined {
    const finished = this.#turns[0]?.finished;
    if (finished !== undefined) this.#turns.shift();
    return finished;
  }
}
