import { ok, type Result } from '../model/result.js';
import { type Failure, resultOf } from './failure.js';
import { loadAddon } from './load.js';

/** In hardware where there is any. */
export function crc32c(bytes: Uint8Array): number {
  return loadAddon().crc32c(bytes);
}

/** What records may come to that are looked at where a batch comes in: so small bytes cannot keep a data thread for long. */
const searchedSizeMax = 64 << 20;

/** Of a whole batch: the index of the first record without a key. Undefined: all have one. */
export function findKeyless(batch: Uint8Array): Result<number | undefined, Failure> {
  const found = resultOf(loadAddon().firstKeylessRecord(batch, searchedSizeMax));
  return found.ok ? ok(found.value < 0 ? undefined : found.value) : found;
}

/** The records of a whole batch, uncompressed: at most `sizeMax` bytes of them. */
export function decompressRecords(batch: Uint8Array, sizeMax: number): Result<Uint8Array, Failure> {
  return resultOf(loadAddon().decompressRecords(batch, sizeMax));
}
