import type { Result } from '../model/result.js';
import { type Failure, resultOf } from './failure.js';
import { loadAddon } from './load.js';

/** In hardware where there is any. */
export function crc32c(bytes: Uint8Array): number {
  return loadAddon().crc32c(bytes);
}

/** The records of a whole batch, uncompressed: at most `sizeMax` bytes of them. */
export function decompressRecords(batch: Uint8Array, sizeMax: number): Result<Uint8Array, Failure> {
  return resultOf(loadAddon().decompressRecords(batch, sizeMax));
}
