// One LZ4 block. A sequence is: a token (literals' length, match length - 4, four bits each; 15 goes on in bytes of up to 255),
// the literals, and two bytes that say how far back the match lies. The last sequence has literals only.

const matchSizeMin = 4;
/** The format wants the last five bytes as literals, and no match to begin within the last twelve. */
const lastLiterals = 5;
const matchStartMargin = 12;
const distanceMax = 65_535;
const hashBits = 14;

/** The block into `target`, which is as large as the source; its size, or 0 if it would not be smaller. */
export function compressBlock(source: Uint8Array, target: Uint8Array): number {
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  const places = new Int32Array(1 << hashBits).fill(-distanceMax - 1);
  let written = 0;
  let anchor = 0;
  let at = 0;
  for (const searchEnd = source.length - matchStartMargin; at < searchEnd; ) {
    const four = view.getInt32(at, true);
    const hash = Math.imul(four, 0x9e3779b1) >>> (32 - hashBits);
    const candidate = places[hash] as number;
    places[hash] = at;
    if (at - candidate > distanceMax || candidate < 0 || view.getInt32(candidate, true) !== four) {
      at += 1 + ((at - anchor) >> 6);
      continue;
    }
    const size = matchSize(source, candidate, at);
    written = putSequence(target, written, source, anchor, at, at - candidate, size);
    if (written === 0) return 0;
    at += size;
    anchor = at;
  }
  return putLast(target, written, source, anchor);
}

function matchSize(source: Uint8Array, from: number, at: number): number {
  const sizeMax = source.length - lastLiterals - at;
  let size = matchSizeMin;
  while (size < sizeMax && source[from + size] === source[at + size]) size++;
  return size;
}

function putSequence(
  target: Uint8Array,
  from: number,
  source: Uint8Array,
  anchor: number,
  at: number,
  distance: number,
  size: number,
): number {
  const literals = at - anchor;
  const extra = size - matchSizeMin;
  if (from + 8 + literals + Math.ceil(literals / 255) + Math.ceil(extra / 255) > target.length) return 0;
  let to = from + 1;
  target[from] = (Math.min(literals, 15) << 4) | Math.min(extra, 15);
  to = putSize(target, to, literals);
  target.set(source.subarray(anchor, at), to);
  to += literals;
  target[to++] = distance & 0xff;
  target[to++] = distance >>> 8;
  return putSize(target, to, extra);
}

function putLast(target: Uint8Array, from: number, source: Uint8Array, anchor: number): number {
  const literals = source.length - anchor;
  if (from + 2 + literals + Math.ceil(literals / 255) > target.length) return 0;
  target[from] = Math.min(literals, 15) << 4;
  const to = putSize(target, from + 1, literals);
  target.set(source.subarray(anchor), to);
  return to + literals;
}

function putSize(target: Uint8Array, from: number, size: number): number {
  if (size < 15) return from;
  let to = from;
  let rest = size - 15;
  for (; rest >= 255; rest -= 255) target[to++] = 255;
  target[to++] = rest;
  return to;
}

/** Fills `target` from `at` on; matches may reach back before it. Answers where it ended. */
export function decompressBlock(source: Uint8Array, target: Uint8Array, at: number): number {
  const cursor = { at: 0 };
  let to = at;
  while (cursor.at < source.length) {
    const token = source[cursor.at++] as number;
    const literals = takeSize(source, cursor, token >>> 4);
    if (cursor.at + literals > source.length || to + literals > target.length) throw new Error('literals beyond the end');
    target.set(source.subarray(cursor.at, cursor.at + literals), to);
    cursor.at += literals;
    to += literals;
    if (cursor.at === source.length) return to;
    if (cursor.at + 2 > source.length) throw new Error('a block is cut');
    const distance = (source[cursor.at] as number) | ((source[cursor.at + 1] as number) << 8);
    cursor.at += 2;
    const size = takeSize(source, cursor, token & 15) + matchSizeMin;
    if (distance === 0 || distance > to || to + size > target.length) throw new Error('a match beyond the ends');
    // Byte by byte: a match may overlap what it makes.
    for (const end = to + size; to < end; to++) target[to] = target[to - distance] as number;
  }
  throw new Error('a block is cut');
}

function takeSize(source: Uint8Array, cursor: { at: number }, bits: number): number {
  if (bits < 15) return bits;
  let size = 15;
  for (;;) {
    const byte = source[cursor.at++];
    if (byte === undefined) throw new Error('a size is cut');
    size += byte;
    if (byte < 255) return size;
  }
}
