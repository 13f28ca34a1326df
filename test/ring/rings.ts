import { initialiseRing } from '../../ts/native/ring.js';
import { allocateRing, type RingMemory, type RingShape } from '../../ts/ring/memory.js';

export const capacity = 64 << 10;

export function newRing(shape: Partial<RingShape> = {}): RingMemory {
  return allocateRing(initialiseRing, { capacity, ...shape });
}

/** Bytes that depend on the ticket, so that a slot read in the wrong place is seen. The workers do the same. */
export function pattern(size: number, ticket: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => (index * 31 + ticket * 7) & 255);
}

/** A doorbell that counts. */
export function counter(): { ring(): void; count: number } {
  return {
    count: 0,
    ring() {
      this.count += 1;
    },
  };
}
