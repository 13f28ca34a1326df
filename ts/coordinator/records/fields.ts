// Big-endian fields one after the other, as Kafka lays them out: `string` and `bytes` behind a size of 16 and 32 bits, their
// compact forms behind an unsigned varint of the size plus one, tagged fields at the end of a flexible structure.

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const half = 2 ** 32;

/** Bytes are put one by one: records are small, and there is one for each committed offset. */
export class FieldWriter {
  #bytes = new Uint8Array(64);
  #size = 0;

  get bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#size);
  }

  i16(value: number): this {
    const at = this.#claim(2);
    this.#bytes[at] = value >> 8;
    this.#bytes[at + 1] = value;
    return this;
  }

  i32(value: number): this {
    return this.i16(value >> 16).i16(value);
  }

  i64(value: number): this {
    return this.i32(Math.floor(value / half)).i32(value);
  }

  uvarint(value: number): this {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) this.#byte((rest % 128) + 128);
    return this.#byte(rest);
  }

  string(value: string | undefined): this {
    if (value === undefined) return this.i16(-1);
    if (isAscii(value)) return this.i16(value.length).#ascii(value);
    const text = encoder.encode(value);
    return this.i16(text.length).raw(text);
  }

  compactString(value: string): this {
    const text = encoder.encode(value);
    return this.uvarint(text.length + 1).raw(text);
  }

  bytesField(value: Uint8Array): this {
    return this.i32(value.length).raw(value);
  }

  raw(bytes: Uint8Array): this {
    const at = this.#claim(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  #byte(value: number): this {
    const at = this.#claim(1);
    this.#bytes[at] = value;
    return this;
  }

  #ascii(value: string): this {
    const at = this.#claim(value.length);
    for (let index = 0; index < value.length; index++) this.#bytes[at + index] = value.charCodeAt(index);
    return this;
  }

  /** Before anything of `this` is read: it may replace the bytes. */
  #claim(size: number): number {
    const at = this.#size;
    this.#size += size;
    if (this.#size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#size, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    return at;
  }
}

/** What most names are. */
function isAscii(value: string): boolean {
  for (let index = 0; index < value.length; index++) if (value.charCodeAt(index) >= 0x80) return false;
  return true;
}

/** Reading went beyond the end, or met what cannot be. Caught where a record is decoded; never leaves this island. */
export class BadField extends Error {
  override readonly name = 'BadField';
}

export class FieldReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #isFlexible: boolean;
  #at = 0;

  /** What comes after the version: in flexible versions strings, bytes and lists are compact. */
  constructor(bytes: Uint8Array, isFlexible: boolean) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#isFlexible = isFlexible;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  i16(): number {
    return this.#view.getInt16(this.#take(2));
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4));
  }

  /** One that a number holds exactly. */
  i64(): number {
    const value = this.#view.getBigInt64(this.#take(8));
    const exact = Number(value);
    if (!Number.isSafeInteger(exact)) throw new BadField(`${value} is beyond what is counted here`);
    return exact;
  }

  uvarint(): number {
    let value = 0;
    for (let shift = 1; shift <= 2 ** 28; shift *= 128) {
      const byte = this.#bytes[this.#take(1)] ?? 0;
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
    throw new BadField('a varint that does not end');
  }

  string(): string {
    const value = this.nullableString();
    if (value === undefined) throw new BadField('a text that must be there is absent');
    return value;
  }

  nullableString(): string | undefined {
    const size = this.#isFlexible ? this.uvarint() - 1 : this.i16();
    if (size === -1) return undefined;
    try {
      return decoder.decode(this.raw(size));
    } catch (error) {
      if (error instanceof BadField) throw error;
      throw new BadField('text that is no UTF-8');
    }
  }

  /** A copy: what is read here may be kept for long, what it was read from is large. */
  bytesField(): Uint8Array {
    return this.raw(this.#isFlexible ? this.uvarint() - 1 : this.i32()).slice();
  }

  /** Each item takes at least a byte, so a count that lies costs nothing. */
  list<T>(read: () => T): T[] {
    const count = this.#isFlexible ? this.uvarint() - 1 : this.i32();
    if (count < 0 || count > this.left) throw new BadField(`${count} items in ${this.left} bytes`);
    return Array.from({ length: count }, read);
  }

  /** The tagged fields that close a structure; none where the version is not flexible. */
  tagged(): ReadonlyMap<number, Uint8Array> {
    const fields = new Map<number, Uint8Array>();
    const count = this.#isFlexible ? this.uvarint() : 0;
    for (let index = 0; index < count; index++) {
      const tag = this.uvarint();
      fields.set(tag, this.raw(this.uvarint()));
    }
    return fields;
  }

  raw(size: number): Uint8Array {
    const at = this.#take(size);
    return this.#bytes.subarray(at, at + size);
  }

  #take(size: number): number {
    if (size < 0 || size > this.left) throw new BadField(`${size} bytes of ${this.left}`);
    const at = this.#at;
    this.#at += size;
    return at;
  }
}
