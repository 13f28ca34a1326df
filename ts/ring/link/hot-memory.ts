import type { Lease } from '../lease.js';

/** One batch in ring memory. */
export interface Slice {
  readonly ring: number;
  readonly position: bigint;
  readonly offset: number;
  readonly size: number;
}

/** The memory of a ring that batches of the shard lie in, and this thread's lease on it. */
export interface HotRing {
  readonly data: Uint8Array;
  readonly lease: Lease;
}

/** Batches in ring memory, held for the length of one turn (DURABILITY.md rule 17). */
export class HotMemory {
  readonly #rings: readonly HotRing[];
  /** From where on the bytes of each ring are held; absent: not at all. */
  readonly #held: (bigint | undefined)[];

  constructor(rings: readonly HotRing[]) {
    this.#rings = rings;
    this.#held = rings.map(() => undefined);
  }

  /** Takes one lease per ring, from the oldest slice on. What has gone already is found out by `find`. */
  lease(slices: readonly Slice[]): void {
    const oldest = oldestOf(slices);
    for (let ring = 0; ring < oldest.length; ring++) {
      const position = oldest[ring];
      if (position !== undefined) this.#held[ring] = this.#acquire(ring, position, slices);
    }
  }

  /** From where on its bytes are held: if the oldest slice has gone already, the oldest of the others. */
  #acquire(ring: number, position: bigint, slices: readonly Slice[]): bigint | undefined {
    const lease = this.#rings[ring]?.lease;
    if (lease === undefined) return undefined;
    if (lease.acquire(position)) return position;
    const floor = lease.floor;
    const next = oldestOf(slices.filter((slice) => slice.ring === ring && slice.position >= floor))[ring];
    return next === undefined ? undefined : this.#acquire(ring, next, slices);
  }

  release(): void {
    this.#held.forEach((position, ring) => {
      if (position !== undefined) this.#rings[ring]?.lease.release();
      this.#held[ring] = undefined;
    });
  }

  /** Undefined: its bytes may be others by now. */
  find(slice: Slice): Uint8Array | undefined {
    return this.#isHeld(slice) ? this.#bytes(slice) : undefined;
  }

  #isHeld({ ring, position }: Slice): boolean {
    const held = this.#held[ring];
    return held !== undefined && held <= position;
  }

  #bytes({ ring, offset, size }: Slice): Uint8Array {
    const memory = this.#rings[ring];
    if (memory === undefined) throw new Error(`a slice in ring ${ring}, which this thread does not know`);
    return memory.data.subarray(offset, offset + size);
  }
}

/** By ring. */
function oldestOf(slices: readonly Slice[]): (bigint | undefined)[] {
  const oldest: (bigint | undefined)[] = [];
  for (const { ring, position } of slices) {
    const known = oldest[ring];
    if (known === undefined || position < known) oldest[ring] = position;
  }
  return oldest;
}
