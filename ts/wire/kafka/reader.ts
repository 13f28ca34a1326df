import { CodecError } from './codec-error.js';
import { textOf } from './text.js';

/**
 * Of all arrays of one message together: an element of two bytes becomes an object of a hundred, so the size of a frame alone would
 * bound little. A request that names two hundred thousand partitions needs a fifth of it.
 */
const elementsMax = 1_000_000;
/** What an element takes as an object, about. */
const elementSize = 256;
const half = 2 ** 32;
const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** A place in a frame. Whatever a length or a count says is compared with what is left before anything is made of it. */
export class Reader {
  readonly bytes: Uint8Array;
  position: number;
  /** Where the frame, or the tagged field that is being read, ends. */
  end: number;
  #elementsLeft = elementsMax;
  #textSize = 0;

  constructor(bytes: Uint8Array, position = 0, end = bytes.length) {
    this.bytes = bytes;
    this.position = position;
    this.end = end;
  }

  get left(): number {
    return this.end - this.position;
  }

  /** About what was made of the bytes so far takes of memory; views of them take none. */
  get madeSize(): number {
    return (elementsMax - this.#elementsLeft) * elementSize + this.#textSize * 2;
  }

  fail(reason: string): never {
    throw new CodecError(reason, this.position);
  }

  /** Moves over `size` bytes and answers where they began. */
  take(size: number): number {
    const from = this.position;
    if (size > this.end - from) this.fail(`${size} bytes wanted, ${this.end - from} left`);
    this.position = from + size;
    return from;
  }

  /** The one place that reads a byte: `at` is within what `take` gave. */
  #byte(at: number): number {
    return this.bytes[at] as number;
  }

  uint8(): number {
    return this.#byte(this.take(1));
  }

  int8(): number {
    return (this.uint8() << 24) >> 24;
  }

  uint16(): number {
    const at = this.take(2);
    return (this.#byte(at) << 8) | this.#byte(at + 1);
  }

  int16(): number {
    return (this.uint16() << 16) >> 16;
  }

  int32(): number {
    const at = this.take(4);
    return (this.#byte(at) << 24) | (this.#byte(at + 1) << 16) | (this.#byte(at + 2) << 8) | this.#byte(at + 3);
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  /**
   * A number, as offsets and times are everywhere else here; what one does not hold exactly becomes the nearest that it does.
   * Clients send such values to say "beyond everything" (the largest time to ListOffsets, a fetch from the largest offset), and
   * 2^53 - 1 says the same; refused, they would end connections that Kafka serves.
   */
  int64(): number {
    const high = this.int32();
    const value = high * half + this.uint32();
    if (value > Number.MAX_SAFE_INTEGER) return Number.MAX_SAFE_INTEGER;
    return Math.max(value, Number.MIN_SAFE_INTEGER);
  }

  float64(): number {
    const { buffer, byteOffset } = this.bytes;
    return new DataView(buffer, byteOffset + this.take(8), 8).getFloat64(0);
  }

  /** At most 32 bits, in at most five bytes. */
  varint(): number {
    let value = 0;
    // By factors: a power that is not constant is a call of the library's pow.
    for (let factor = 1; factor <= 2 ** 28; factor *= 128) {
      const byte = this.uint8();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value < half ? value : this.fail('a varint of more than 32 bits');
    }
    return this.fail('a varint that does not end');
  }

  /** 32 hexadecimal digits, as in model/ids.ts. */
  uuid(): string {
    const from = this.take(16);
    let digits = '';
    for (let at = from; at < from + 16; at++) digits += hex[this.#byte(at)];
    return digits;
  }

  text(size: number): string {
    const from = this.take(size);
    this.#textSize += size;
    return textOf(this.bytes, from, from + size);
  }

  /** Not copied: as long as the frame's memory, no longer. */
  view(size: number): Uint8Array {
    const from = this.take(size);
    return this.bytes.subarray(from, from + size);
  }

  /** Before anything is made for them: they can all be there, and they are not too many. */
  elements(count: number, sizeMin: number): void {
    if (count * sizeMin > this.left)
      this.fail(`${count} elements of ${sizeMin} bytes or more announced, ${this.left} bytes left`);
    this.#elementsLeft -= count;
    if (this.#elementsLeft < 0) this.fail(`more than ${elementsMax} elements`);
  }
}
