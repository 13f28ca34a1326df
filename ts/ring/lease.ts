import { layout } from './layout.js';
import { type RingMemory, RingViews, word } from './memory.js';
import type { Doorbell } from './wakeup.js';

/**
 * One reader thread's lease on one ring (DURABILITY.md rule 17): while it holds a position, no byte from there on is
 * overwritten. Taken and let go once per wake-up, never per batch. native/src/ring/lease.rs is its twin.
 *
 * Lives on: one thread. Which thread has which index is decided where threads are started.
 */
export class Lease {
  readonly #views: RingViews;
  readonly #word: number;
  readonly #owner: Doorbell;
  #held: bigint = layout.leaseNone;

  constructor(memory: RingMemory, index: number, owner: Doorbell) {
    this.#views = new RingViews(memory);
    if (!(index >= 0 && index < (this.#views.flags[word.leaseCount] ?? 0))) throw new Error('no such lease in this ring');
    this.#word = word.leases + (index * layout.leaseStride) / 8;
    this.#owner = owner;
  }

  /** Protects everything from a slot's position on. False: the bytes may be overwritten already, read them by offset. */
  acquire(position: bigint): boolean {
    if (this.#held !== layout.leaseNone) throw new Error('a lease is moved or released before it is taken again');
    Atomics.store(this.#views.positions, this.#word, position);
    if (Atomics.load(this.#views.positions, word.floor) > position) {
      this.#store(layout.leaseNone);
      return false;
    }
    this.#held = position;
    return true;
  }

  /** What lies below it may be overwritten already. It never goes back. */
  get floor(): bigint {
    return Atomics.load(this.#views.positions, word.floor);
  }

  /** Lets go of everything below a position that lies above the one held. */
  moveTo(position: bigint): void {
    if (this.#held === layout.leaseNone || position < this.#held) throw new Error('a lease moves forward only');
    this.#store(position);
  }

  release(): void {
    if (this.#held !== layout.leaseNone) this.#store(layout.leaseNone);
  }

  /** A producer may wait for what was let go, while the owner, who alone can free it, sleeps. */
  #store(position: bigint): void {
    const { positions, flags } = this.#views;
    this.#held = position;
    Atomics.store(positions, this.#word, position);
    if (Atomics.load(positions, word.wantedHead) !== 0n && Atomics.load(flags, word.sleeping) !== 0) this.#owner.ring();
  }
}
