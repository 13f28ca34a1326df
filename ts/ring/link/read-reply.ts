import { offset as offsetOf } from '../../model/offset.js';
import type { Batches, Failure, ReadResult } from '../../model/ports.js';
import { ok, type Result } from '../../model/result.js';
import type { Lease } from '../lease.js';
import { readWords, replyKind, sliceWords, wordSize } from './layout.js';

/** A slot of the reply ring, remembered until the ring is freed. */
export interface ReplySlot {
  readonly handle: number;
  readonly kind: number;
  readonly ticket: number;
  /** Of the payload in the data area, and the same in words. */
  readonly offset: number;
  readonly word: number;
  readonly size: number;
  /** Batches in ring memory that it names. */
  readonly slices: readonly Slice[];
  /** What came by message port, beside its words. */
  readonly bytes?: Uint8Array;
}

/** One batch in ring memory. */
interface Slice {
  readonly ring: number;
  readonly position: bigint;
  readonly offset: number;
  readonly size: number;
}

/** Of what precedes the batches: how many slices, or bytes, there are. */
const countWord = 5;

function countOf(slot: ReplySlot, words: Float64Array): number {
  return words[slot.word + countWord] ?? 0;
}

const noSlices: readonly Slice[] = [];

/** The slices that a reply names, whose words begin at an index. */
export function slicesIn(kind: number, word: number, words: Float64Array): readonly Slice[] {
  if (kind !== replyKind.slices && kind !== replyKind.tail) return noSlices;
  const slices: Slice[] = [];
  const count = words[word + countWord] ?? 0;
  for (let at = word + readWords; slices.length < count; at += sliceWords) slices.push(sliceAt(words, at));
  return slices;
}

function sliceAt(words: Float64Array, at: number): Slice {
  return {
    ring: words[at] ?? 0,
    position: (BigInt(words[at + 1] ?? 0) << 32n) | BigInt(words[at + 2] ?? 0),
    offset: words[at + 3] ?? 0,
    size: words[at + 4] ?? 0,
  };
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

  /** Takes one lease per ring, from the oldest slice on. What has gone already is found out by `batches`. */
  lease(slots: readonly ReplySlot[]): void {
    const oldest: (bigint | undefined)[] = [];
    for (const { slices } of slots) {
      for (const { ring, position } of slices) {
        const known = oldest[ring];
        if (known === undefined || position < known) oldest[ring] = position;
      }
    }
    oldest.forEach((position, ring) => {
      if (position !== undefined && this.#rings[ring]?.lease.acquire(position)) this.#held[ring] = position;
    });
  }

  release(): void {
    this.#held.forEach((position, ring) => {
      if (position !== undefined) this.#rings[ring]?.lease.release();
      this.#held[ring] = undefined;
    });
  }

  /** What a reply names, if all of it is held. */
  batches(slot: ReplySlot, words: Float64Array): Batches | undefined {
    const { slices } = slot;
    if (slices.length === 0 || !slices.every((slice) => this.#isHeld(slice))) return undefined;
    const parts = slices.map(({ ring, offset, size }) => this.#bytes(ring, offset, size));
    return batchesOf(slot, words, parts);
  }

  #isHeld({ ring, position }: Slice): boolean {
    const held = this.#held[ring];
    return held !== undefined && held <= position;
  }

  #bytes(ring: number, offset: number, size: number): Uint8Array {
    const memory = this.#rings[ring];
    if (memory === undefined) throw new Error(`a slice in ring ${ring}, which this thread does not know`);
    return memory.data.subarray(offset, offset + size);
  }
}

function batchesOf(slot: ReplySlot, words: Float64Array, parts: readonly Uint8Array[]): Batches {
  const at = slot.word + 2;
  const base = offsetOf(words[at] ?? 0);
  const next = offsetOf(words[at + 1] ?? 0);
  let size = 0;
  for (const part of parts) size += part.length;
  return { parts, size, base, next, leaderEpoch: words[at + 2] ?? 0 };
}

/** Answers a read. False: its bytes are in memory no more. */
export function tellRead(
  slot: ReplySlot,
  words: Float64Array,
  data: Uint8Array,
  hot: HotMemory,
  done: (result: Result<ReadResult, Failure>) => void,
): boolean {
  const logStart = offsetOf(words[slot.word] ?? 0);
  const highWatermark = offsetOf(words[slot.word + 1] ?? 0);
  if (countOf(slot, words) === 0) {
    done(ok({ logStart, highWatermark, batches: undefined }));
    return true;
  }
  const batches = slot.kind === replyKind.bytes ? batchesOf(slot, words, [bytesOf(slot, words, data)]) : hot.batches(slot, words);
  if (batches === undefined) return false;
  done(ok({ logStart, highWatermark, batches }));
  return true;
}

function bytesOf(slot: ReplySlot, words: Float64Array, data: Uint8Array): Uint8Array {
  if (slot.bytes !== undefined) return slot.bytes;
  const from = slot.offset + readWords * wordSize;
  return data.subarray(from, from + countOf(slot, words));
}
