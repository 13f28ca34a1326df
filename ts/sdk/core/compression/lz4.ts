import { type Codec, Collected } from './codec.js';
import { compressBlock, decompressBlock } from './lz4-block.js';
import { xxh32 } from './xxh32.js';

// LZ4 frames. Written here because the libraries for JavaScript write frames of linked blocks, which Kafka's clients refuse, or skip
// checksums at the wrong place.
//
//   magic 4 · flags 1 · block size 1 · [content size 8] · [dictionary 4] · checksum of the header 1
//   per block: size 4 (bit 31: stored as it is) · bytes · [checksum 4]       then size 0 · [checksum of the content 4]

const magic = 0x184d2204;
const flags = {
  version: 0x40,
  independent: 0x20,
  blockChecksum: 0x10,
  contentSize: 0x08,
  contentChecksum: 0x04,
  dictionary: 0x01,
};
const blockSizes: Readonly<Record<number, number>> = { 4: 64 << 10, 5: 256 << 10, 6: 1 << 20, 7: 4 << 20 };
const ownBlockSize = 64 << 10;
const isStored = 0x80000000;

export const lz4: Codec = { compress, decompress };

function compress(bytes: Uint8Array): Uint8Array {
  const frame = new Collected(Number.MAX_SAFE_INTEGER);
  frame.add(frameHeader());
  for (let at = 0; at < bytes.length; at += ownBlockSize) {
    const block = bytes.subarray(at, at + ownBlockSize);
    const target = new Uint8Array(block.length);
    const size = compressBlock(block, target);
    frame.add(word(size === 0 ? (block.length | isStored) >>> 0 : size));
    frame.add(size === 0 ? block : target.subarray(0, size));
  }
  frame.add(word(0));
  return frame.get();
}

function frameHeader(): Uint8Array {
  const header = new Uint8Array(7);
  header.set(word(magic));
  header[4] = flags.version | flags.independent;
  header[5] = 4 << 4;
  header[6] = (xxh32(header.subarray(4, 6)) >>> 8) & 0xff;
  return header;
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function decompress(bytes: Uint8Array, sizeMax: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 7 || view.getUint32(0, true) !== magic) throw new Error('no LZ4 frame');
  const flag = view.getUint8(4);
  const blockSizeMax = blockSizes[(view.getUint8(5) >>> 4) & 7];
  if ((flag & 0xc0) !== flags.version || (flag & flags.dictionary) !== 0 || blockSizeMax === undefined) {
    throw new Error('an LZ4 frame of an unknown kind');
  }
  let at = 6 + ((flag & flags.contentSize) !== 0 ? 8 : 0);
  if (at >= bytes.length) throw new Error('the header is cut');
  if (view.getUint8(at) !== ((xxh32(bytes.subarray(4, at)) >>> 8) & 0xff)) throw new Error('a wrong checksum of the header');
  at++;
  // Linked blocks may reach back into what came before: all of it stays in one piece of memory.
  let whole = new Uint8Array(Math.min(sizeMax, Math.max(blockSizeMax, bytes.length * 2)));
  let size = 0;
  for (;;) {
    if (at + 4 > bytes.length) throw new Error('the end is missing');
    const head = view.getUint32(at, true);
    at += 4;
    if (head === 0) break;
    const blockEnd = at + (head & ~isStored);
    if (blockEnd > bytes.length) throw new Error('a block is cut');
    whole = withRoom(whole, size, blockSizeMax, sizeMax);
    size = putBlock(bytes.subarray(at, blockEnd), (head & isStored) !== 0, whole, size);
    at = blockEnd + ((flag & flags.blockChecksum) !== 0 ? 4 : 0);
  }
  const content = whole.subarray(0, size);
  if ((flag & flags.contentChecksum) !== 0 && (at + 4 > bytes.length || view.getUint32(at, true) !== xxh32(content))) {
    throw new Error('a wrong checksum of the content');
  }
  return content;
}

function withRoom(whole: Uint8Array<ArrayBuffer>, size: number, more: number, sizeMax: number): Uint8Array<ArrayBuffer> {
  if (whole.length - size >= more || whole.length >= sizeMax) return whole;
  const grown = new Uint8Array(Math.min(sizeMax, Math.max(whole.length * 2, size + more)));
  grown.set(whole.subarray(0, size));
  return grown;
}

function putBlock(block: Uint8Array, isStoredBlock: boolean, whole: Uint8Array, size: number): number {
  if (!isStoredBlock) return decompressBlock(block, whole, size);
  if (size + block.length > whole.length) throw new Error('more than allowed');
  whole.set(block, size);
  return size + block.length;
}
