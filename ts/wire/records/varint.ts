// Integers of variable size as records hold them: seven bits a byte, lowest first, the sign folded into bit 0 (0, -1, 1,
// -2 … become 0, 1, 2, 3 …). Worked on as two halves of 32 bits: no BigInt is made per field. Rust's twin is
// native/src/codec/varint.rs; test/golden/record-batch holds both to the same bytes.

const half = 2 ** 32;
const varlongSizeMax = 10;
const varintSizeMax = 5;

/** A place in bytes that moves as fields are taken or put. */
export interface Cursor {
  readonly bytes: Uint8Array;
  position: number;
  /** Where the record, or the bytes, end. */
  end: number;
}

/** The size of any integer that a number holds exactly. */
export function varintSize(value: number): number {
  // Folded, an integer of |v| < 2^k takes k + 1 bits.
  const folded = value < 0 ? -(value + 1) * 2 + 1 : value * 2;
  let size = 1;
  for (let bound = 128; folded >= bound; bound *= 128) size++;
  return size;
}

/** Puts a varint and moves on. The caller has made room for `varintSize`. */
export function putVarint(cursor: Cursor, value: number): void {
  const sign = value < 0 ? -1 : 0;
  const high = Math.floor(value / half);
  let low = (value << 1) ^ sign;
  let rest = ((high << 1) | (value >>> 31)) ^ sign;
  const { bytes } = cursor;
  while (rest !== 0 || low >>> 7 !== 0) {
    bytes[cursor.position++] = (low & 0x7f) | 0x80;
    low = (low >>> 7) | (rest << 25);
    rest >>>= 7;
  }
  bytes[cursor.position++] = low & 0x7f;
}

/** Takes a 64-bit varint and moves on; undefined for one that does not end or that a number does not hold exactly. */
export function takeVarlong(cursor: Cursor): number | undefined {
  const sizeMax = Math.min(varlongSizeMax, cursor.end - cursor.position);
  let low = 0;
  let high = 0;
  for (let index = 0; index < sizeMax; index++) {
    const byte = cursor.bytes[cursor.position + index] ?? 0;
    const bits = byte & 0x7f;
    if (index < 5) low |= bits << (7 * index);
    if (index === 4) high = bits >>> 4;
    if (index > 4) high |= bits << (7 * index - 32);
    if (byte < 0x80) {
      // The tenth byte has room for one bit.
      if (index === 9 && byte > 1) return undefined;
      const value = unfold(low, high);
      if (value !== undefined) cursor.position += index + 1;
      return value;
    }
  }
  return undefined;
}

function unfold(low: number, high: number): number | undefined {
  const sign = -(low & 1);
  const valueLow = ((low >>> 1) | (high << 31)) ^ sign;
  const valueHigh = (high >>> 1) ^ sign;
  const value = valueHigh * half + (valueLow >>> 0);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Takes a 32-bit varint and moves on; undefined for one that does not end, does not fit, or takes more than five bytes. */
export function takeVarint(cursor: Cursor): number | undefined {
  const from = cursor.position;
  const value = takeVarlong(cursor);
  if (value !== undefined && value === (value | 0) && cursor.position - from <= varintSizeMax) return value;
  cursor.position = from;
  return undefined;
}
