import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import type { Codec } from '../core/compression/codec.js';

const compress = promisify<Uint8Array, Buffer>(zlib.gzip);
const decompress = promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.gunzip);

/** On Node's thread pool, so that the event loop goes on. */
export const gzip: Codec = {
  compress,
  decompress: (bytes, sizeMax) => decompress(bytes, { maxOutputLength: sizeMax }),
};
