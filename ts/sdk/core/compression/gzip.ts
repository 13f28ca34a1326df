import { type Codec, Collected } from './codec.js';

/** By what browsers and Node have built in. */
export const gzip: Codec = {
  compress: (bytes) => through(new CompressionStream('gzip'), bytes, Number.MAX_SAFE_INTEGER),
  decompress: (bytes, sizeMax) => through(new DecompressionStream('gzip'), bytes, sizeMax),
};

interface BytesThrough {
  readonly readable: {
    getReader(): { read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array }>; cancel(): Promise<void> };
  };
  readonly writable: { getWriter(): { write(bytes: Uint8Array): Promise<void>; close(): Promise<void> } };
}

async function through(stream: unknown, bytes: Uint8Array, sizeMax: number): Promise<Uint8Array> {
  const { readable, writable } = stream as BytesThrough;
  const writer = writable.getWriter();
  // Failures of the writing side come out of the reading side too.
  const written = writer.write(bytes).then(() => writer.close());
  written.catch(() => undefined);
  const collected = new Collected(sizeMax);
  const reader = readable.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return collected.get();
      if (value !== undefined) collected.add(value);
    }
  } catch (error) {
    reader.cancel().catch(() => undefined);
    throw error;
  }
}
