import { layout, slotSize } from './layout.js';
import { type RingMemory, RingViews, slotWord, word } from './memory.js';
import type { Doorbell } from './wakeup.js';

/** One published slot, valid until the next call of `next`. */
export interface RingSlot {
  /** Of its payload in `data`. */
  readonly offset: number;
  readonly size: number;
  readonly target: number;
  readonly flags: number;
  readonly ticket: number;
}

/**
 * The consumer's side of a ring that JavaScript reads: replies. Such a ring has no leases, so what was read can be freed at
 * once; rings with leases are owned by native code (native/src/ring/reader.rs, the twin).
 *
 * Lives on: one thread. Never crosses threads.
 */
export class RingReader {
  /** The data area. The bytes of a slot stay until `free`. */
  readonly data: Uint8Array;
  readonly #views: RingViews;
  readonly #producer: Doorbell;
  readonly #mask: number;
  /** The end of the last slot returned or skipped. */
  #read: bigint;
  /** The same as a byte offset in the data area. */
  #offset: number;
  /** Bytes from there to the tail as last seen; the truth may be more. */
  #ahead = 0;
  readonly #slot = { offset: 0, size: 0, target: 0, flags: 0, ticket: 0 };

  constructor(memory: RingMemory, producer: Doorbell) {
    this.#views = new RingViews(memory);
    if (this.#views.flags[word.leaseCount] !== 0) throw new Error('a ring with leases is owned by native code');
    this.data = this.#views.data;
    this.#producer = producer;
    this.#mask = memory.capacity - 1;
    this.#read = Atomics.load(this.#views.positions, word.readPosition);
    this.#offset = Number(this.#read % BigInt(memory.capacity));
    this.awake();
  }

  /** The next published slot; holes and pads are skipped. The object is used again by the next call. */
  next(): RingSlot | undefined {
    const { slots } = this.#views;
    while (this.#hasMore()) {
      const offset = this.#offset;
      const header = offset >>> 2;
      this.#pass(slotSize(slots[header + slotWord.payloadSize] ?? 0));
      if (slots[header + slotWord.state] === layout.statePublished) return this.#show(offset, header);
    }
    return undefined;
  }

  /** Frees everything that was read, and wakes a producer whose claim fits now. Once per wake-up, not per slot. */
  free(): void {
    const { positions } = this.#views;
    Atomics.store(positions, word.readPosition, this.#read);
    Atomics.store(positions, word.floor, this.#read);
    Atomics.store(positions, word.head, this.#read);
    const wantedHead = Atomics.load(positions, word.wantedHead);
    if (wantedHead !== 0n && wantedHead <= this.#read) this.#producer.ring();
  }

  /** Announces that this thread stops looking; true: it may sleep until its doorbell rings. */
  beforeSleep(): boolean {
    Atomics.store(this.#views.flags, word.sleeping, 1);
    if (!this.#hasMore()) return true;
    this.awake();
    return false;
  }

  /** After every wake, before reading: producers need not ring any more. */
  awake(): void {
    Atomics.store(this.#views.flags, word.sleeping, 0);
  }

  /** No more claims. What is published already can still be read. */
  close(): void {
    Atomics.store(this.#views.flags, word.closed, 1);
    this.#producer.ring();
  }

  /** The producer ended or died, and all it published was read: nothing will ever come. */
  isDrained(): boolean {
    const { flags } = this.#views;
    const isGone = Atomics.load(flags, word.ended) !== 0 || Atomics.load(flags, word.producerDead) !== 0;
    return isGone && !this.#hasMore();
  }

  #hasMore(): boolean {
    if (this.#ahead === 0) this.#ahead = Number(Atomics.load(this.#views.positions, word.tail) - this.#read);
    return this.#ahead > 0;
  }

  #pass(size: number): void {
    if (size > this.#ahead)
      throw new Error(`a slot of ${size} bytes crosses the tail at position ${this.#read + BigInt(this.#ahead)}`);
    this.#read += BigInt(size);
    this.#offset = (this.#offset + size) & this.#mask;
    this.#ahead -= size;
  }

  #show(offset: number, header: number): RingSlot {
    const { slots } = this.#views;
    const slot = this.#slot;
    slot.offset = offset + layout.slotHeaderSize;
    slot.size = slots[header + slotWord.payloadSize] ?? 0;
    slot.target = slots[header + slotWord.target] ?? 0;
    slot.flags = slots[header + slotWord.flags] ?? 0;
    slot.ticket = (slots[header + slotWord.ticketLow] ?? 0) + (slots[header + slotWord.ticketHigh] ?? 0) * 2 ** 32;
    return slot;
  }
}
