import type { CompressionName } from '../../../wire/records/header.js';
import { CorruptDataError, type MillraceError } from '../errors.js';

export interface Codec {
  compress(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** Fails rather than give more than `sizeMax` bytes. */
  decompress(bytes: Uint8Array, sizeMax: number): Uint8Array | Promise<Uint8Array>;
}

export type Compressed = Exclude<CompressionName, 'none'>;
export type CodecLoaders = Readonly<Record<Compressed, () => Promise<Codec>>>;

/** What a batch may grow to when decompressed: a small one that claims more is an attack or damage. */
const decompressedSizeMax = 256 * 1024 * 1024;

/** Codecs, each loaded when it is first needed. */
export class Codecs {
  readonly #loaders: CodecLoaders;
  readonly #loaded = new Map<Compressed, Promise<Codec>>();

  constructor(loaders: CodecLoaders) {
    this.#loaders = loaders;
  }

  async compress(name: Compressed, bytes: Uint8Array): Promise<Uint8Array> {
    return (await this.#codec(name)).compress(bytes);
  }

  async decompress(name: Compressed, bytes: Uint8Array): Promise<Uint8Array> {
    const codec = await this.#codec(name);
    try {
      return await codec.decompress(bytes, decompressedSizeMax);
    } catch (error) {
      throw corruptCompression(name, error);
    }
  }

  #codec(name: Compressed): Promise<Codec> {
    const known = this.#loaded.get(name);
    if (known !== undefined) return known;
    const loading = this.#loaders[name]();
    this.#loaded.set(name, loading);
    // A chunk that did not load (offline) is asked for again.
    loading.catch(() => this.#loaded.delete(name));
    return loading;
  }
}

function corruptCompression(name: Compressed, error: unknown): MillraceError {
  const reason = error instanceof Error ? error.message : String(error);
  return new CorruptDataError('corrupt-data', `${name} data cannot be decompressed: ${reason}`);
}

/** What grows while its final size is unknown. */
export class Collected {
  readonly #parts: Uint8Array[] = [];
  readonly #sizeMax: number;
  #size = 0;

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  add(part: Uint8Array): void {
    this.#size += part.length;
    if (this.#size > this.#sizeMax) throw new Error(`more than ${this.#sizeMax} bytes`);
    this.#parts.push(part);
  }

  get(): Uint8Array {
    const [only] = this.#parts;
    if (this.#parts.length === 1 && only !== undefined) return only;
    const whole = new Uint8Array(this.#size);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}
