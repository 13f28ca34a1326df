/** A whole batch in ring memory. Other threads read it under a lease at `position`. */
export interface HotSlice {
  readonly ring: number;
  readonly position: bigint;
  /** In the ring's data area. */
  readonly offset: number;
  readonly size: number;
  readonly base: number;
  readonly next: number;
}

/** As native/src/binding/store.rs writes one. */
export const sliceWords = 7;

export function sliceIn(words: Float64Array, at: number): HotSlice {
  const [ring = 0, high = 0, low = 0, offset = 0, size = 0, base = 0, next = 0] = words.subarray(at, at + sliceWords);
  return { ring, position: (BigInt(high) << 32n) | BigInt(low), offset, size, base, next };
}
