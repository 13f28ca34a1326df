import { CodecError } from './codec-error.js';
import { asciiSize, utf8Of } from './text.js';

/**
 * Bytes that are not here: a stretch of a ring under lease, a range of a segment file. The caller makes its own kinds of it, finds them
 * again in `Encoded`, and sends their bytes.
 */
export interface Span {
  readonly size: number;
}

export interface Gap {
  /** In `Encoded.bytes`: the span's bytes are sent before the byte at it. */
  readonly position: number;
  readonly span: Span;
}

/** What was written: all bytes in one piece but those of spans. */
export interface Encoded {
  readonly bytes: Uint8Array;
  /** In order of position; two may share one. */
  readonly gaps: readonly Gap[];
  /** With the bytes of the spans. */
  readonly size: number;
}

const startSize = 512;
const half = 2 ** 32;

/** Negative for what is no hexadecimal digit. */
function nibbleAt(text: string, index: number): number {
  const code = text.charCodeAt(index);
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  return code >= 0x61 && code <= 0x66 ? code - 0x57 : -1;
}

/** Writes into memory that grows, or into what it was given as long as that is enough. What `finish` answers is a view on it. */
export class Writer {
  position = 0;
  #bytes: Uint8Array;
  #gaps: Gap[] = [];
  #gapsSize = 0;

  constructor(bytes: Uint8Array = new Uint8Array(startSize)) {
    this.#bytes = bytes;
  }

  get gapCount(): number {
    return this.#gaps.length;
  }

  /** Written so far, with the bytes of spans. */
  get size(): number {
    return this.position + this.#gapsSize;
  }

  finish(): Encoded {
    return { bytes: this.#bytes.subarray(0, this.position), gaps: this.#gaps, size: this.size };
  }

  failure(reason: string): CodecError {
    return new CodecError(reason, this.position);
  }

  fail(reason: string): never {
    throw this.failure(reason);
  }

  /** Room for `size` more bytes; answers where they begin. */
  #take(size: number): number {
    const from = this.position;
    this.position = from + size;
    if (this.position > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.position));
      grown.set(this.#bytes.subarray(0, from));
      this.#bytes = grown;
    }
    return from;
  }

  /** An integer between the bounds of its type: any other would be written as another one. */
  #check(value: number, min: number, max: number): void {
    if (!Number.isInteger(value) || value < min || value > max) this.fail(`${value} is no integer from ${min} to ${max}`);
  }

  uint8(value: number): void {
    // First, since it may put other memory in the place of `#bytes`.
    const at = this.#take(1);
    this.#bytes[at] = value;
  }

  int8(value: number): void {
    this.#check(value, -0x80, 0x7f);
    this.uint8(value);
  }

  uint16(value: number): void {
    this.#check(value, 0, 0xffff);
    const at = this.#take(2);
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
  }

  int16(value: number): void {
    this.#check(value, -0x8000, 0x7fff);
    this.uint16(value & 0xffff);
  }

  #word(value: number, at = this.#take(4)): void {
    this.#bytes[at] = value >>> 24;
    this.#bytes[at + 1] = value >>> 16;
    this.#bytes[at + 2] = value >>> 8;
    this.#bytes[at + 3] = value;
  }

  int32(value: number): void {
    this.#check(value, -0x80000000, 0x7fffffff);
    this.#word(value);
  }

  uint32(value: number): void {
    this.#check(value, 0, 0xffffffff);
    this.#word(value);
  }

  int64(value: number): void {
    this.#check(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    this.#word(Math.floor(value / half));
    this.#word(value);
  }

  float64(value: number): void {
    const at = this.#take(8);
    new DataView(this.#bytes.buffer, this.#bytes.byteOffset + at, 8).setFloat64(0, value);
  }

  varint(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.uint8((rest & 0x7f) | 0x80);
    this.uint8(rest);
  }

  uuid(digits: string): void {
    const at = this.#take(16);
    let bad = digits.length === 32 ? 0 : -1;
    for (let index = 0; index < 16; index++) {
      const byte = (nibbleAt(digits, index * 2) << 4) | nibbleAt(digits, index * 2 + 1);
      bad |= byte;
      this.#bytes[at + index] = byte;
    }
    if (bad < 0) this.fail(`"${digits}" is no id of 32 hexadecimal digits`);
  }

  /** `putSize` writes how many bytes come, before they do. */
  text(text: string, putSize: (writer: Writer, size: number) => void): void {
    const size = asciiSize(text);
    if (size === undefined) {
      const bytes = utf8Of(text);
      putSize(this, bytes.length);
      this.raw(bytes);
      return;
    }
    putSize(this, size);
    const at = this.#take(size);
    for (let index = 0; index < size; index++) this.#bytes[at + index] = text.charCodeAt(index);
  }

  /** A copy of them. */
  raw(bytes: Uint8Array): void {
    const at = this.#take(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** Leaves a gap. */
  span(span: Span): void {
    if (span.size === 0) return;
    this.#gaps.push({ position: this.position, span });
    this.#gapsSize += span.size;
  }

  /** Writes `write`'s bytes behind their own size, which is a varint and known only afterwards. */
  sized(write: () => void): void {
    const from = this.position;
    const gaps = this.#gaps.length;
    write();
    if (this.#gaps.length !== gaps) this.fail('no span can lie in a tagged field');
    const size = this.position - from;
    let prefix = 1;
    for (let bound = 0x80; size >= bound; bound *= 0x80) prefix++;
    this.#take(prefix);
    this.#bytes.copyWithin(from + prefix, from, from + size);
    this.position = from;
    this.varint(size);
    this.position += size;
  }

  /** Four bytes for a size that is known in the end, see `patch`. */
  reserve(): number {
    return this.#take(4);
  }

  patch(at: number, value: number): void {
    this.#check(value, 0, 0x7fffffff);
    this.#word(value, at);
  }
}
