import { compress, uncompress } from 'snappyjs';
import { type Codec, Collected } from './codec.js';

// Kafka's clients wrap snappy blocks of 32 KiB as snappy-java does: "\x82SNAPPY\0", version 1, compatible with version 1, then
// each block behind its size. Some write a raw block without any of this.

const blockSize = 32 * 1024;
const header = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1);
const magicSize = 8;

export const snappy: Codec = {
  compress(bytes) {
    const framed = new Collected(Number.MAX_SAFE_INTEGER);
    framed.add(header);
    for (let at = 0; at < bytes.length; at += blockSize) {
      const block = compress(plain(bytes.subarray(at, at + blockSize)));
      const size = new Uint8Array(4);
      new DataView(size.buffer).setUint32(0, block.length);
      framed.add(size);
      framed.add(block);
    }
    return framed.get();
  },

  decompress(bytes, sizeMax) {
    if (!header.subarray(0, magicSize).every((byte, index) => bytes[index] === byte)) return uncompress(plain(bytes), sizeMax);
    const whole = new Collected(sizeMax);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = header.length; at < bytes.length; ) {
      const size = view.getUint32(at);
      const end = at + 4 + size;
      if (end > bytes.length) throw new Error('a block is cut');
      whole.add(uncompress(plain(bytes.subarray(at + 4, end)), sizeMax));
      at = end;
    }
    return whole.get();
  },
};

/** The library treats Node's Buffer in another way than other arrays. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
