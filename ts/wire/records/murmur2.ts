// Kafka's own variant, with its seed: keys go to the partitions to which every Kafka client sends them.

const m = 0x5bd1e995;
const seed = 0x9747b28c;

/** As Java has it: a signed 32-bit integer. */
export function murmur2(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wholeEnd = bytes.length & ~3;
  let hash = seed ^ bytes.length;
  for (let at = 0; at < wholeEnd; at += 4) {
    let k = Math.imul(view.getInt32(at, true), m);
    k = Math.imul(k ^ (k >>> 24), m);
    hash = Math.imul(hash, m) ^ k;
  }
  const rest = bytes.length & 3;
  if (rest >= 3) hash ^= view.getUint8(wholeEnd + 2) << 16;
  if (rest >= 2) hash ^= view.getUint8(wholeEnd + 1) << 8;
  if (rest >= 1) hash = Math.imul(hash ^ view.getUint8(wholeEnd), m);
  hash = Math.imul(hash ^ (hash >>> 13), m);
  return hash ^ (hash >>> 15);
}

export function partitionOfKey(key: Uint8Array, partitionsCount: number): number {
  return (murmur2(key) & 0x7fffffff) % partitionsCount;
}
