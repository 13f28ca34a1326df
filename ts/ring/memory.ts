import { layout } from './layout.js';

/** A ring's memory: what a port message carries to the threads at both ends. Lives as long as any thread uses it. */
export interface RingMemory {
  readonly buffer: SharedArrayBuffer;
  /** Where in the buffer the ring begins: at a block boundary of the address space, which only native code can see. */
  readonly byteOffset: number;
  readonly capacity: number;
}

export interface RingShape {
  readonly capacity: number;
  /** Reader threads that serve bytes from this ring in place, each under a lease of its own. */
  readonly leaseCount?: number;
  /** The first position: 0, or where a test wants to begin. */
  readonly start?: bigint;
}

/** Writes the header and returns the byte offset of the ring: native/src/binding/ring.rs. */
export type InitialiseRing = (memory: Uint8Array, capacity: number, leaseCount: number, start: bigint) => number;

/** Memory that native code is lent for as long as a thread lives, and that does not move. */
export function allocateShared(size: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(size));
}

/** Called once per ring, by the thread that outlives all others. */
export function allocateRing(initialise: InitialiseRing, { capacity, leaseCount = 0, start = 0n }: RingShape): RingMemory {
  const buffer = new SharedArrayBuffer(layout.headerSize + capacity + layout.alignmentSlack);
  const byteOffset = initialise(new Uint8Array(buffer), capacity, leaseCount, start);
  return { buffer, byteOffset, capacity };
}

/** The ring from its first byte to its last: what native code attaches to. */
export function ringBytes(memory: RingMemory): Uint8Array {
  return new Uint8Array(memory.buffer, memory.byteOffset, layout.headerSize + memory.capacity);
}

/** The same memory as its three kinds of words. */
export class RingViews {
  /** 64-bit words of the header. */
  readonly positions: BigUint64Array;
  /** 32-bit words of the header. */
  readonly flags: Int32Array;
  /** 32-bit words of the data area: slot headers. */
  readonly slots: Uint32Array;
  /** The data area: payloads. */
  readonly data: Uint8Array;

  constructor({ buffer, byteOffset, capacity }: RingMemory) {
    this.positions = new BigUint64Array(buffer, byteOffset, layout.headerSize / 8);
    this.flags = new Int32Array(buffer, byteOffset, layout.headerSize / 4);
    this.slots = new Uint32Array(buffer, byteOffset + layout.headerSize, capacity / 4);
    this.data = new Uint8Array(buffer, byteOffset + layout.headerSize, capacity);
    if (this.positions[layout.wordMagic / 8] !== layout.magic) throw new Error('the memory holds no ring');
    if (this.flags[layout.wordFormat / 4] !== layout.format) throw new Error('the ring has another format');
    if (this.positions[layout.wordCapacity / 8] !== BigInt(capacity)) throw new Error('the ring has another capacity');
  }
}

/** Indices of the words in `positions` and `flags`. */
export const word = {
  tail: layout.wordTail / 8,
  wantedHead: layout.wordWantedHead / 8,
  ended: layout.wordEnded / 4,
  head: layout.wordHead / 8,
  sleeping: layout.wordSleeping / 4,
  closed: layout.wordClosed / 4,
  floor: layout.wordFloor / 8,
  readPosition: layout.wordReadPosition / 8,
  producerDead: layout.wordProducerDead / 4,
  leaseCount: layout.wordLeaseCount / 4,
  leases: layout.wordLeases / 8,
} as const;

/** Indices within a slot header, in 32-bit words. */
export const slotWord = {
  payloadSize: layout.slotPayloadSize / 4,
  state: layout.slotState / 4,
  target: layout.slotTarget / 4,
  flags: layout.slotFlags / 4,
  ticketLow: layout.slotTicket / 4,
  ticketHigh: layout.slotTicket / 4 + 1,
} as const;
