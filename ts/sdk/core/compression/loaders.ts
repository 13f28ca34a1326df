import type { CodecLoaders } from './codec.js';

/** For every runtime; one with a faster gzip of its own puts it in the place of this one. */
export const codecLoaders: CodecLoaders = {
  gzip: async () => (await import('./gzip.js')).gzip,
  snappy: async () => (await import('./snappy.js')).snappy,
  lz4: async () => (await import('./lz4.js')).lz4,
  zstd: async () => (await import('./zstd.js')).zstd,
};
