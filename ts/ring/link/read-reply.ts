import { offset as offsetOf } from '../../model/offset.js';
import type { Batches, Failure, HeldRead, ReadResult } from '../../model/ports.js';
import { ok, type Result } from '../../model/result.js';
import { BytesPiece, SlicePiece } from './held.js';
import type { HotMemory, Slice } from './hot-memory.js';
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
  /** The answer memory that they lie in. */
  readonly memory?: number;
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

/** What a reply names, if all of it is held. */
export function hotBatches(hot: HotMemory, slot: ReplySlot, words: Float64Array): Batches | undefined {
  const parts: Uint8Array[] = [];
  for (const slice of slot.slices) {
    const bytes = hot.find(slice);
    if (bytes === undefined) return undefined;
    parts.push(bytes);
  }
  return parts.length === 0 ? undefined : batchesOf(slot, words, parts);
}

function batchesOf(slot: ReplySlot, words: Float64Array, parts: readonly Uint8Array[]): Batches {
  const at = slot.word + 2;
  const base = offsetOf(words[at] ?? 0);
  const next = offsetOf(words[at + 1] ?? 0);
  let size = 0;
  for (const part of parts) size += part.length;
  return { parts, size, base, next, leaderEpoch: words[at + 2] ?? 0 };
}

/** What a read found, to be sent later: nothing of it is copied. */
export function heldIn(slot: ReplySlot, words: Float64Array, hot: HotMemory, giveBack?: () => void): HeldRead {
  const logStart = offsetOf(words[slot.word] ?? 0);
  const highWatermark = offsetOf(words[slot.word + 1] ?? 0);
  if (countOf(slot, words) === 0) return { logStart, highWatermark, batches: undefined };
  const base = offsetOf(words[slot.word + 2] ?? 0);
  const next = offsetOf(words[slot.word + 3] ?? 0);
  const { bytes, slices } = slot;
  const pieces = bytes === undefined ? slices.map((slice) => new SlicePiece(hot, slice)) : [new BytesPiece(bytes, giveBack)];
  let size = 0;
  for (const piece of pieces) size += piece.size;
  return { logStart, highWatermark, batches: { size, base, next, pieces } };
}

/** A read that was answered by a place in a file. */
export function lentIn({ word }: ReplySlot, words: Float64Array) {
  const at = (index: number) => words[word + index] ?? 0;
  return {
    logStart: offsetOf(at(0)),
    highWatermark: offsetOf(at(1)),
    batches: { base: offsetOf(at(2)), next: offsetOf(at(3)) },
    size: at(countWord),
    lease: at(readWords),
    place: { file: at(readWords + 1), position: at(readWords + 2) },
  };
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
  const batches =
    slot.kind === replyKind.bytes ? batchesOf(slot, words, [bytesOf(slot, words, data)]) : hotBatches(hot, slot, words);
  if (batches === undefined) return false;
  done(ok({ logStart, highWatermark, batches }));
  return true;
}

function bytesOf(slot: ReplySlot, words: Float64Array, data: Uint8Array): Uint8Array {
  if (slot.bytes !== undefined) return slot.bytes;
  const from = slot.offset + readWords * wordSize;
  return data.subarray(from, from + countOf(slot, words));
}
