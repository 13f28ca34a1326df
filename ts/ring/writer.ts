import { layout, slotSize } from './layout.js';
import { type RingMemory, RingViews, slotWord, word } from './memory.js';
import type { Doorbell } from './wakeup.js';

/** Why a claim was refused, in place of its byte offset. Nothing was written. */
export const refusal = {
  /** Does not fit now. The wish is on record: `space` settles when it fits. */
  wouldBlock: -1,
  /** Can never fit: the batch takes an aligned buffer of its own (DURABILITY.md rule 19). */
  tooLarge: -2,
  /** The consumer takes no more. */
  closed: -3,
} as const;

/**
 * The producer's side of a ring; native/src/ring/writer.rs is its twin.
 *
 * A claim is the byte offset of its payload in `data`: nothing is allocated for it. Claims are taken in ring order and may be
 * published or aborted in any order; the slots' own headers say which are still open.
 *
 * Lives on: one thread. Ends when: `end`, or its thread dies and the supervisor says so. Never crosses threads.
 */
export class RingWriter {
  /** The data area. Between claim and publish, the bytes of the claim are this thread's. */
  readonly data: Uint8Array;
  readonly #views: RingViews;
  readonly #consumer: Doorbell;
  readonly #capacity: number;
  /** The end of what the consumer may see, as last stored. */
  #tail: bigint;
  /** The same as a byte offset in the data area. */
  #tailOffset: number;
  /** Bytes claimed behind the tail. */
  #open = 0;
  /** Bytes known to be free behind the last claim; the truth may be more. */
  #free = 0;
  /** The head at which the smallest of the refused claims fits, as last stored; 0 if none waits. */
  #wantedHead = 0n;
  #waiters: (() => void)[] = [];

  constructor(memory: RingMemory, consumer: Doorbell) {
    this.#views = new RingViews(memory);
    this.data = this.#views.data;
    this.#consumer = consumer;
    this.#capacity = memory.capacity;
    this.#tail = Atomics.load(this.#views.positions, word.tail);
    this.#tailOffset = Number(this.#tail % BigInt(memory.capacity));
    this.#refresh();
  }

  /** The byte offset of the payload in `data`, or a refusal (below zero). So many bytes stay free for others behind it. */
  claim(payloadSize: number, reserved = 0): number {
    if (payloadSize > this.#capacity / 4) return refusal.tooLarge;
    if (Atomics.load(this.#views.flags, word.closed) !== 0) return refusal.closed;
    const size = slotSize(payloadSize);
    const pad = this.#padBefore(size);
    if (!this.#makeRoom(pad + size + reserved)) return refusal.wouldBlock;
    if (pad > 0) this.#take(pad - layout.slotHeaderSize, layout.statePad);
    return this.#take(payloadSize, layout.stateClaimed);
  }

  /** Hands the claim to the consumer, once all older ones are settled. The ticket is a safe integer. */
  publish(claim: number, target: number, flags: number, ticket: number): void {
    const { slots } = this.#views;
    const header = (claim - layout.slotHeaderSize) >>> 2;
    slots[header + slotWord.target] = target;
    slots[header + slotWord.flags] = flags;
    slots[header + slotWord.ticketLow] = ticket;
    slots[header + slotWord.ticketHigh] = ticket / 2 ** 32;
    this.#settle(header, layout.statePublished);
  }

  /** Leaves a hole that the consumer skips. */
  abort(claim: number): void {
    this.#settle((claim - layout.slotHeaderSize) >>> 2, layout.stateHole);
  }

  /** Settles when the smallest of the refused claims fits or the ring is closed: then claim again, which may be refused again. */
  space(): Promise<void> {
    this.#refresh();
    if (this.#wantedHead === 0n || this.#isClosed()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Called by this thread's wake-up, for every ring: the consumer may have freed what is waited for. */
  woken(): void {
    if (this.#waiters.length === 0) return;
    this.#refresh();
    if (this.#wantedHead !== 0n && !this.#isClosed()) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }

  /** Nothing more will be published. Claims that are still open are lost. */
  end(): void {
    Atomics.store(this.#views.flags, word.ended, 1);
    this.#ringIfAsleep();
  }

  /** The rest of the data area, if a slot of this size would cross its end. */
  #padBefore(size: number): number {
    const rest = this.#capacity - this.#claimOffset();
    return size > rest ? rest : 0;
  }

  #makeRoom(size: number): boolean {
    if (size > this.#free || this.#wantedHead !== 0n) this.#refresh();
    if (size > this.#free) this.#wishFor(size);
    if (size <= this.#free) return true;
    // A lease that blocked the last reclaim may be gone, and only the owner can look.
    this.#ringIfAsleep();
    return false;
  }

  /** The smallest wish wins: whoever waits claims again after every wake, and a larger wish is then put on record again. */
  #wishFor(size: number): void {
    const wantedHead = this.#tail + BigInt(this.#open + size - this.#capacity);
    if (this.#wantedHead === 0n || wantedHead < this.#wantedHead) this.#wantedHead = wantedHead;
    Atomics.store(this.#views.positions, word.wantedHead, this.#wantedHead);
    this.#refresh();
  }

  /** Looks at the head. A wish stays on record until then, even if a smaller claim fits meanwhile. */
  #refresh(): void {
    const head = Atomics.load(this.#views.positions, word.head);
    this.#free = this.#capacity - this.#open - Number(this.#tail - head);
    if (this.#wantedHead === 0n || this.#wantedHead > head) return;
    this.#wantedHead = 0n;
    Atomics.store(this.#views.positions, word.wantedHead, 0n);
  }

  #take(payloadSize: number, state: number): number {
    const offset = this.#claimOffset();
    const { slots } = this.#views;
    slots[(offset >>> 2) + slotWord.payloadSize] = payloadSize;
    slots[(offset >>> 2) + slotWord.state] = state;
    const size = slotSize(payloadSize);
    this.#open += size;
    this.#free -= size;
    return offset + layout.slotHeaderSize;
  }

  #claimOffset(): number {
    return (this.#tailOffset + this.#open) & (this.#capacity - 1);
  }

  #settle(header: number, state: number): void {
    this.#views.slots[header + slotWord.state] = state;
    const settled = this.#settledSize();
    if (settled === 0) return;
    this.#tail += BigInt(settled);
    this.#tailOffset = (this.#tailOffset + settled) & (this.#capacity - 1);
    this.#open -= settled;
    Atomics.store(this.#views.positions, word.tail, this.#tail);
    this.#ringIfAsleep();
  }

  /** Bytes from the tail to the oldest open claim. */
  #settledSize(): number {
    const { slots } = this.#views;
    let size = 0;
    while (size < this.#open) {
      const header = ((this.#tailOffset + size) & (this.#capacity - 1)) >>> 2;
      if (slots[header + slotWord.state] === layout.stateClaimed) break;
      size += slotSize(slots[header + slotWord.payloadSize] ?? 0);
    }
    return size;
  }

  #ringIfAsleep(): void {
    if (Atomics.load(this.#views.flags, word.sleeping) !== 0) this.#consumer.ring();
  }

  #isClosed(): boolean {
    return Atomics.load(this.#views.flags, word.closed) !== 0;
  }
}
