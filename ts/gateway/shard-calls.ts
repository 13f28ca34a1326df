import type { Appended, AppendTaken, Failure, ShardPort, Taken } from '../model/ports.js';
import type { Result } from '../model/result.js';
import { type CallLimits, CallQueue, type Submitted } from './call-queue.js';

const noBatch = new Uint8Array(0);
/** Calls that are no appends wait in one row. */
const noPartition = -1;
const closed: Failure = { error: 'shutting-down' };

/** The way to one shard. What cannot be called now waits, in the order in which it came, bounded. */
export class ShardCalls {
  readonly port: ShardPort;
  readonly #appends: CallQueue;
  readonly #others: CallQueue;
  #sentSize = 0;

  constructor(port: ShardPort, limits: CallLimits) {
    this.port = port;
    this.#appends = new CallQueue(port, limits);
    this.#others = new CallQueue(port, { sizeMax: Number.MAX_SAFE_INTEGER, countMax: limits.countMax });
  }

  /** What waits for room in the ring. */
  get waiting(): { readonly count: number; readonly size: number } {
    return { count: this.#appends.count + this.#others.count, size: this.#appends.size };
  }

  /** Bytes of batches that were copied: to the shard, and before that to where they waited. */
  get copied(): { readonly sent: number; readonly waiting: number } {
    return { sent: this.#sentSize, waiting: this.#appends.copiedSize };
  }

  /** The batch is copied before this returns, into the ring or to where it waits. `done` is not called for a refusal. */
  append(handle: number, batch: Uint8Array, done: (result: Result<Appended, Failure>) => void): Submitted {
    let taken: AppendTaken | undefined;
    if (!this.#appends.holdsBack(handle)) {
      taken = this.#append(handle, batch, done);
      if (taken === 'taken') return 'begun';
      if (taken === 'closed') return 'closed';
    }
    // The copy is an argument: what a closure holds stays as long as its place in the row.
    const call = (held: Uint8Array) => this.#append(handle, held, done);
    const waiting = { partition: handle, batch, call, give: (error: Failure) => done({ ok: false, error }) };
    return this.#appends.add(waiting, taken === 'held');
  }

  #append(handle: number, batch: Uint8Array, done: (result: Result<Appended, Failure>) => void): AppendTaken {
    const taken = this.port.append(handle, batch, done);
    if (taken === 'taken') this.#sentSize += batch.length;
    return taken;
  }

  /** Any other call of the port. A refusal is given to `done` like every failure, but before this returns. */
  call<T>(
    begin: (port: ShardPort, done: (result: Result<T, Failure>) => void) => Taken,
    done: (result: Result<T, Failure>) => void,
  ): void {
    const call = () => begin(this.port, done);
    const give = (error: Failure) => done({ ok: false, error });
    if (!this.#others.holdsBack(noPartition)) {
      const taken = call();
      if (taken === 'taken') return;
      if (taken === 'closed') {
        give(closed);
        return;
      }
    }
    const submitted = this.#others.add({ partition: noPartition, batch: noBatch, call, give }, false);
    if (submitted === 'overloaded') give({ error: 'overloaded' });
  }
}
