import type { AppendTaken, Failure, ShardPort } from '../model/ports.js';

export interface CallLimits {
  /** Bytes of batches that wait. */
  readonly sizeMax: number;
  readonly countMax: number;
}

/** What cannot be called now. */
export interface Call {
  readonly partition: number;
  /** Copied when it is to wait. */
  readonly batch: Uint8Array;
  readonly call: (held: Uint8Array) => AppendTaken;
  readonly give: (failure: Failure) => void;
}

interface Waiting extends Omit<Call, 'batch'> {
  /** A batch, as long as it may still be sent. */
  held: Uint8Array;
  readonly size: number;
  isWithdrawn: boolean;
}

/** A call that waits: withdrawn, it never happens and is never answered. */
export interface Ticket {
  withdraw(): boolean;
}

export type Submitted = 'begun' | 'overloaded' | 'closed' | Ticket;

const noBatch = new Uint8Array(0);
const closed: Failure = { error: 'shutting-down' };

/**
 * Calls that wait for room, or for an append of their own partition.
 *
 *     row    a1 b1 a2 c1   the ring is full: all wait, in one order
 *     held   d: d1 d2      a large batch of d is under way, or before it: those of d wait, and nobody else for them
 *
 * A partition's calls in the row are behind those of it that are held: what comes goes to the row as long as anything is there.
 */
export class CallQueue {
  readonly #port: ShardPort;
  readonly #limits: CallLimits;
  #row: Waiting[] = [];
  /** In the row. */
  #first = 0;
  readonly #held = new Map<number, Waiting[]>();
  #heldCount = 0;
  #size = 0;
  #copiedSize = 0;
  #isAsking = false;

  constructor(port: ShardPort, limits: CallLimits) {
    this.#port = port;
    this.#limits = limits;
  }

  get count(): number {
    return this.#rowCount + this.#heldCount;
  }

  get size(): number {
    return this.#size;
  }

  /** Of all that ever waited. */
  get copiedSize(): number {
    return this.#copiedSize;
  }

  get #rowCount(): number {
    return this.#row.length - this.#first;
  }

  /** False: a call for this partition may be tried without making an object of it. */
  holdsBack(partition: number): boolean {
    return this.#rowCount > 0 || this.#held.has(partition);
  }

  /** Takes a call that found no room, or that may not overtake. `isHeld`: it found that its partition is. */
  add({ batch, ...call }: Call, isHeld: boolean): Submitted {
    const size = batch.length;
    if (this.count >= this.#limits.countMax || this.#size + size > this.#limits.sizeMax) return 'overloaded';
    const waiting: Waiting = { ...call, held: batch.slice(), size, isWithdrawn: false };
    this.#size += size;
    this.#copiedSize += size;
    if (isHeld || (this.#rowCount === 0 && this.#held.has(call.partition))) this.#hold(waiting);
    else this.#row.push(waiting);
    this.#ask();
    return { withdraw: () => this.#withdraw(waiting) };
  }

  #hold(waiting: Waiting): void {
    const held = this.#held.get(waiting.partition);
    if (held === undefined) this.#held.set(waiting.partition, [waiting]);
    else held.push(waiting);
    this.#heldCount += 1;
  }

  /** Its place stays, but what it held is let go and counted no more. */
  #withdraw(waiting: Waiting): boolean {
    if (waiting.isWithdrawn) return false;
    waiting.isWithdrawn = true;
    waiting.held = noBatch;
    this.#size -= waiting.size;
    return true;
  }

  #ask(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#port.space(() => this.#onSpace());
  }

  #onSpace(): void {
    this.#isAsking = false;
    if (this.#goOnWithHeld()) this.#goOnWithRow();
    if (this.count > 0) this.#ask();
  }

  /** False: there is no room, for nobody. */
  #goOnWithHeld(): boolean {
    for (const [partition, held] of this.#held) {
      let done = 0;
      let taken: AppendTaken = 'taken';
      for (const next of held) {
        taken = this.#try(next);
        if (taken === 'full' || taken === 'held') break;
        done += 1;
      }
      held.splice(0, done);
      this.#heldCount -= done;
      if (held.length === 0) this.#held.delete(partition);
      if (taken === 'full') return false;
    }
    return true;
  }

  #goOnWithRow(): void {
    for (let next = this.#row[this.#first]; next !== undefined; next = this.#row[this.#first]) {
      const taken = this.#held.has(next.partition) ? 'held' : this.#try(next);
      if (taken === 'full') break;
      if (taken === 'held') this.#hold(next);
      this.#first += 1;
    }
    if (this.#first < 64 && this.#rowCount > 0) return;
    this.#row = this.#row.slice(this.#first);
    this.#first = 0;
  }

  #try(waiting: Waiting): AppendTaken {
    if (waiting.isWithdrawn) return 'taken';
    const taken = waiting.call(waiting.held);
    if (taken === 'full' || taken === 'held') return taken;
    // From here on it can be withdrawn no more.
    this.#withdraw(waiting);
    if (taken === 'closed') waiting.give(closed);
    return taken;
  }
}
