import { compress, init } from '@bokuweb/zstd-wasm';
import { Decompress } from 'fzstd';
import { type Codec, Collected } from './codec.js';

/** Decompressed in JavaScript, piece by piece, so that no size that a frame claims is believed; compressed by WebAssembly. */
export const zstd: Codec = {
  async compress(bytes) {
    await started();
    return compress(bytes as Uint8Array<ArrayBuffer>);
  },

  decompress(bytes, sizeMax) {
    const whole = new Collected(sizeMax);
    let isWhole = false;
    const stream = new Decompress((part, isLast) => {
      // The library uses the memory of a part again.
      whole.add(part.slice());
      isWhole ||= isLast === true;
    });
    stream.push(bytes, true);
    if (!isWhole) throw new Error('the end is missing');
    return whole.get();
  },
};

let starting: Promise<void> | undefined;

function started(): Promise<void> {
  starting ??= init().catch((error: unknown) => {
    starting = undefined;
    throw error;
  });
  return starting;
}
