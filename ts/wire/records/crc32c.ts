// CRC32C for where native code is not: browsers. Node's threads inject the native one, which is many times as fast.
// Eight tables in a row, so that a step takes eight bytes: table k holds the checksum of a byte that k more bytes follow.

/** What the builder and the checks of record batches are given. */
export type Crc32c = (bytes: Uint8Array) => number;

const polynomial = 0x82f63b78;
const stride = 8;
const tables = makeTables();

function makeTables(): Uint32Array {
  const made = new Uint32Array(stride * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? polynomial : 0);
    made[byte] = crc;
  }
  for (let index = 256; index < made.length; index++) {
    const crc = made[index - 256] ?? 0;
    made[index] = (crc >>> 8) ^ (made[crc & 0xff] ?? 0);
  }
  return made;
}

function entry(table: number, byte: number): number {
  // Always there: eight tables, and an index of eight bits.
  return tables[(table << 8) | (byte & 0xff)] as number;
}

export function crc32c(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stridesEnd = bytes.length - (bytes.length % stride);
  let crc = -1;
  let at = 0;
  for (; at < stridesEnd; at += stride) {
    const low = crc ^ view.getInt32(at, true);
    const high = view.getInt32(at + 4, true);
    crc = entry(7, low) ^ entry(6, low >>> 8) ^ entry(5, low >>> 16) ^ entry(4, low >>> 24);
    crc ^= entry(3, high) ^ entry(2, high >>> 8) ^ entry(1, high >>> 16) ^ entry(0, high >>> 24);
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ entry(0, crc ^ view.getUint8(at));
  return ~crc >>> 0;
}
