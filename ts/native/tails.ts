import { assert } from '../model/assert.js';
import type { BindingStore } from './log-binding.js';
import { type HotSlice, sliceIn, sliceWords } from './slices.js';

/** What a live reader wants of one partition. */
export interface WantedTail {
  readonly handle: number;
  /** Behind the last batch that it was told of. */
  readonly from: number;
  /** At most so many bytes, but at least one batch. */
  readonly sizeMax: number;
}

export interface Tail {
  readonly logStart: number;
  readonly stableEnd: number;
  /**
   * Whole batches below the stable end, the one that holds `from` first. None though the stable end lies above `from`: they are
   * not in ring memory, or not any more, and are read by offset. They may end before the stable end: ask again from there.
   */
  readonly slices: readonly HotSlice[];
}

/** Undefined: the partition is not served here. */
export type ToldTail = (wanted: WantedTail, tail: Tail | undefined) => void;

const wantedWords = 3;
const tailWords = 3;
const wantedMax = 256;
const wordsMax = wantedMax * tailWords + 1024 * sliceWords;

/**
 * Asks for many tails in one crossing: once per turn, for the partitions that were appended to and are watched.
 *
 * Lives on: the store's thread. Owned by: its LogStore.
 */
export class TailReader {
  readonly #native: BindingStore;
  readonly #wanted = new Float64Array(wantedMax * wantedWords);
  readonly #words = new Float64Array(wordsMax);

  constructor(native: BindingStore) {
    this.#native = native;
  }

  /** Tells of each in its order. `told` must not ask for tails itself. */
  read(wanted: readonly WantedTail[], told: ToldTail): void {
    for (let at = 0; at < wanted.length; ) {
      const group = wanted.slice(at, at + wantedMax);
      const count = this.#native.readTails(this.#wordsOf(group), group.length, this.#words);
      if (count === 0) {
        // The store was released.
        for (const one of wanted.slice(at)) told(one, undefined);
        return;
      }
      this.#tell(group.slice(0, count), told);
      at += count;
    }
  }

  #wordsOf(group: readonly WantedTail[]): Float64Array {
    let at = 0;
    for (const { handle, from, sizeMax } of group) {
      assert(Number.isSafeInteger(from) && from >= 0, () => `${from} is no offset`);
      this.#wanted[at++] = handle;
      this.#wanted[at++] = from;
      this.#wanted[at++] = sizeMax;
    }
    return this.#wanted;
  }

  #tell(group: readonly WantedTail[], told: ToldTail): void {
    const words = this.#words;
    let at = 0;
    for (const one of group) {
      const logStart = words[at] ?? -1;
      const stableEnd = words[at + 1] ?? -1;
      const count = words[at + 2] ?? 0;
      at += tailWords;
      const slices: HotSlice[] = [];
      for (; slices.length < count; at += sliceWords) slices.push(sliceIn(words, at));
      told(one, logStart < 0 ? undefined : { logStart, stableEnd, slices });
    }
  }
}
