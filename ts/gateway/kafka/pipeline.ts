import type { Encoded } from '../../wire/kafka/writer.js';

/** What a request is answered with. */
export interface Finished {
  /** Undefined: nothing, as a produce with acks 0. */
  readonly encoded: Encoded | undefined;
  /** Its bytes have left, or never will. */
  readonly sent: () => void;
}

/** The work of a request that has to wait for its turn; begun, it answers how it is called off. */
export type Task = () => () => void;

/** A request that came. */
interface Turn {
  /** Its work, until that is begun. */
  task: Task | undefined;
  cancel: (() => void) | undefined;
  finished: Finished | undefined;
}

/** Requests of one connection: begun in order, finished in any, answered in order. */
export class Pipeline {
  #turns: Turn[] = [];
  /** Answers that were taken and have not left. */
  #leaving = 0;
  #isDropped = false;

  get isEmpty(): boolean {
    return this.#turns.length === 0;
  }

  /** The next request; what is answered is called once. `ready`: answers can leave. */
  begin(ready: () => void): (finished: Finished) => void {
    const turn: Turn = { task: undefined, cancel: undefined, finished: undefined };
    this.#turns.push(turn);
    return (finished) => {
      turn.cancel = undefined;
      turn.finished = finished;
      if (this.#turns[0] === turn) ready();
    };
  }

  /**
   * The work of the request that came last begins when every answer before its own has left: what it holds until it is sent waits for
   * its own socket alone, never for a slow request before it.
   */
  inTurn(task: Task): void {
    const turn = this.#turns.at(-1);
    if (turn === undefined) return;
    turn.task = task;
    this.#beginFirst();
  }

  #beginFirst(): void {
    const turn = this.#turns[0];
    if (turn?.task === undefined || this.#leaving > 0) return;
    const { task } = turn;
    turn.task = undefined;
    const cancel = task();
    // It may have been answered at once.
    if (turn.finished === undefined) turn.cancel = cancel;
  }

  /** Nobody is answered any more: what was finished is let go, what is under way is called off or let go when it finishes. */
  drop(): void {
    const turns = this.#turns;
    this.#turns = [];
    this.#isDropped = true;
    for (const { finished, cancel } of turns) {
      finished?.sent();
      cancel?.();
    }
  }

  /** Takes the oldest request if it is finished. */
  next(): Finished | undefined {
    const finished = this.#turns[0]?.finished;
    if (finished === undefined) return undefined;
    this.#turns.shift();
    this.#leaving += 1;
    return { encoded: finished.encoded, sent: () => this.#onSent(finished) };
  }

  #onSent({ sent }: Finished): void {
    sent();
    this.#leaving -= 1;
    if (!this.#isDropped) this.#beginFirst();
  }
}
