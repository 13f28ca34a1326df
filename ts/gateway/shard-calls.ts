import type { Appended, Failure, ShardPort, Taken } from '../model/ports.js';
import type { Result } from '../model/result.js';

// The way to one shard when its ring is full: what cannot be called now waits here, in the order in which it came, bounded.

export interface CallLimits {
  /** Bytes of batches that wait. */
  readonly sizeMax: number;
  readonly countMax: number;
}

interface Waiting {
  /** A batch, as long as it may still be sent. */
  held: Uint8Array;
  readonly size: number;
  readonly call: (held: Uint8Array) => Taken;
  readonly give: (failure: Failure) => void;
  isWithdrawn: boolean;
}

/** A call that waits: withdrawn, it never happens and is never answered. */
export interface Ticket {
  withdraw(): boolean;
}

export type Submitted = 'begun' | 'overloaded' | 'closed' | Ticket;

const noBatch = new Uint8Array(0);

class CallQueue {
  readonly #port: ShardPort;
  readonly #limits: CallLimits;
  #calls: Waiting[] = [];
  #first = 0;
  #size = 0;
  #isAsking = false;

  constructor(port: ShardPort, limits: CallLimits) {
    this.#port = port;
    this.#limits = limits;
  }

  get count(): number {
    return this.#calls.length - this.#first;
  }

  get size(): number {
    return this.#size;
  }

  /** Nothing waits: a call may be tried without making an object of it. */
  get isEmpty(): boolean {
    return this.count === 0;
  }

  /** Takes a call that found the ring full, or that may not overtake. */
  add(batch: Uint8Array, call: Waiting['call'], give: (failure: Failure) => void): Submitted {
    const size = batch.length;
    if (this.count >= this.#limits.countMax || this.#size + size > this.#limits.sizeMax) return 'overloaded';
    const waiting: Waiting = { held: batch.slice(), size, call, give, isWithdrawn: false };
    this.#calls.push(waiting);
    this.#size += size;
    this.#ask();
    return { withdraw: () => this.#withdraw(waiting) };
  }

  /** Its place in the row stays, but what it held is let go and counted no more. */
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
    for (let next = this.#calls[this.#first]; next !== undefined; next = this.#calls[this.#first]) {
      if (!next.isWithdrawn) {
        const taken = next.call(next.held);
        if (taken === 'full') break;
        // From here on it can be withdrawn no more.
        this.#withdraw(next);
        if (taken === 'closed') next.give(closed);
      }
      this.#first += 1;
    }
    this.#compact();
    if (!this.isEmpty) this.#ask();
  }

  #compact(): void {
    if (this.#first < 64 && !this.isEmpty) return;
    this.#calls = this.#calls.slice(this.#first);
    this.#first = 0;
  }
}

const closed: Failure = { error: 'shutting-down' };

export class ShardCalls {
  readonly port: ShardPort;
  readonly #appends: CallQueue;
  readonly #others: CallQueue;

  constructor(port: ShardPort, limits: CallLimits) {
    this.port = port;
    this.#appends = new CallQueue(port, limits);
    this.#others = new CallQueue(port, { sizeMax: Number.MAX_SAFE_INTEGER, countMax: limits.countMax });
  }

  /** What waits for room in the ring. */
  get waiting(): { readonly count: number; readonly size: number } {
    return { count: this.#appends.count + this.#others.count, size: this.#appends.size };
  }

  /** The batch is copied before this returns, into the ring or to where it waits. `done` is not called for a refusal. */
  append(handle: number, batch: Uint8Array, done: (result: Result<Appended, Failure>) => void): Submitted {
    if (this.#appends.isEmpty) {
      const taken = this.port.append(handle, batch, done);
      if (taken === 'taken') return 'begun';
      if (taken === 'closed') return 'closed';
    }
    // The copy is an argument: what a closure holds stays as long as its place in the row.
    const call = (held: Uint8Array) => this.port.append(handle, held, done);
    return this.#appends.add(batch, call, (error) => done({ ok: false, error }));
  }

  /** Any other call of the port. A refusal is given to `done` like every failure, but before this returns. */
  call<T>(
    begin: (port: ShardPort, done: (result: Result<T, Failure>) => void) => Taken,
    done: (result: Result<T, Failure>) => void,
  ): void {
    const attempt = () => begin(this.port, done);
    const give = (error: Failure) => done({ ok: false, error });
    if (this.#others.isEmpty) {
      const taken = attempt();
      if (taken === 'taken') return;
      if (taken === 'closed') {
        give(closed);
        return;
      }
    }
    if (this.#others.add(noBatch, attempt, give) === 'overloaded') give({ error: 'overloaded' });
  }
}
