// Little-endian fields one after the other, as native/src/journal/fields.rs writes and reads them.

const encoder = new TextEncoder();
const u32Max = 2 ** 32 - 1;

export class FieldWriter {
  #bytes = new Uint8Array(64);
  #view = new DataView(this.#bytes.buffer);
  #size = 0;

  get bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#size);
  }

  u8(value: number): this {
    const at = this.#claim(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    const at = this.#claim(2);
    this.#view.setUint16(at, value, true);
    return this;
  }

  u32(value: number): this {
    const at = this.#claim(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  u64(value: number | bigint): this {
    const at = this.#claim(8);
    this.#view.setBigUint64(at, BigInt(value), true);
    return this;
  }

  raw(bytes: Uint8Array): this {
    const at = this.#claim(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** A size, then the bytes. */
  sized(bytes: Uint8Array): this {
    return this.u32(bytes.length).raw(bytes);
  }

  text(value: string): this {
    return this.sized(encoder.encode(value));
  }

  /** Before anything of `this` is read: it may replace the bytes and their view. */
  #claim(size: number): number {
    const at = this.#size;
    this.#size += size;
    if (this.#size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#size, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }
}

/** Reading went beyond the end, or met what cannot be. Caught where a record is decoded; never leaves this folder. */
export class BadField extends Error {
  override readonly name = 'BadField';
}

export class FieldReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  /** A u64 that a number holds exactly. */
  exact(): number {
    const value = this.u64();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new BadField(`${value} is beyond what is counted here`);
    return Number(value);
  }

  raw(size: number): Uint8Array {
    const at = this.#take(size);
    return this.#bytes.subarray(at, at + size);
  }

  sized(): Uint8Array {
    return this.raw(this.u32());
  }

  text(): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.sized());
    } catch (error) {
      if (error instanceof BadField) throw error;
      throw new BadField('text that is no UTF-8');
    }
  }

  /** As many as say they come: each takes at least a byte, so a count that lies costs nothing. */
  list<T>(read: (index: number) => T): readonly T[] {
    const count = this.u32();
    if (count > u32Max || count > this.left) throw new BadField(`${count} items in ${this.left} bytes`);
    return Array.from({ length: count }, (_, index) => read(index));
  }

  #take(size: number): number {
    if (size > this.left) throw new BadField('the bytes end too early');
    const at = this.#at;
    this.#at += size;
    return at;
  }
}
