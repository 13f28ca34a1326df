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

/** Whole batches in a file, which stay as they are until the lease is given back. */
export interface LentSlice {
  readonly lease: number;
  readonly file: number;
  readonly position: number;
  readonly size: number;
  readonly base: number;
  /** The offset behind them. */
  readonly next: number;
}

/** As native/src/binding/event_words.rs writes one. */
export function lentIn(words: Float64Array, at: number): LentSlice {
  return {
    lease: words[at] ?? 0,
    file: words[at + 1] ?? 0,
    position: words[at + 2] ?? 0,
    size: words[at + 3] ?? 0,
    base: words[at + 4] ?? 0,
    next: words[at + 5] ?? 0,
  };
}

/** As native/src/binding/store.rs writes one. */
export const sliceWords = 7;

export function sliceIn(words: Float64Array, at: number): HotSlice {
  return {
    ring: words[at] ?? 0,
    position: (BigInt(words[at + 1] ?? 0) << 32n) | BigInt(words[at + 2] ?? 0),
    offset: words[at + 3] ?? 0,
    size: words[at + 4] ?? 0,
    base: words[at + 5] ?? 0,
    next: words[at + 6] ?? 0,
  };
}
