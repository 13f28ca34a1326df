import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { filesUnder, fingerprint, readStamp, writeStamp } from './fingerprint.mjs';
import { dist, nodeModules, packageLock, root } from './paths.mjs';

const output = join(dist, 'sdk', 'browser');
const bundle = join(output, 'sdk.js');
const stampFile = join(dist, '.bundle-stamp');

function inputs() {
  const folders = ['model', 'wire', 'sdk'].map((name) => join(root, 'ts', name));
  const sources = folders.flatMap((folder) =>
    filesUnder(folder, (path) => /\.(ts|js)$/.test(path) && !path.endsWith('.test.ts')),
  );
  return fingerprint(root, [...sources, packageLock]);
}

export function isBundleFresh() {
  return readStamp(stampFile) === inputs() && existsSync(bundle);
}

const codecs = ['gzip', 'snappy', 'lz4', 'zstd'];

/**
 * Codecs are files of their own, under names that stay: the main file asks for them when they are needed.
 * @type {import('esbuild').Plugin}
 */
const codecsApart = {
  name: 'codecs-apart',
  setup(build) {
    build.onResolve({ filter: /^\.\/(gzip|snappy|lz4|zstd)\.js$/ }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path: path.replace('./', './sdk-'), external: true } : undefined,
    );
  },
};

/**
 * The library's class for 64-bit integers, which messages never make: they have numbers, or are refused.
 * @type {import('esbuild').Plugin}
 */
const withoutLong = {
  name: 'without-long',
  setup(build) {
    build.onResolve({ filter: /^long$/ }, () => ({ path: 'long', namespace: 'without-long' }));
    build.onLoad({ filter: /.*/, namespace: 'without-long' }, () => ({ contents: 'module.exports = null;' }));
  },
};

/** The SDK for browsers: `sdk.js`, beside it a file for each codec, and what zstd's codec fetches. */
export async function buildBundle() {
  const stamp = inputs();
  const esbuild = await import('esbuild');
  const compression = join(root, 'ts', 'sdk', 'core', 'compression');
  /** @type {import('esbuild').BuildOptions} */
  const options = {
    outdir: output,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    sourcemap: true,
  };
  await esbuild.build({
    ...options,
    entryPoints: { sdk: join(root, 'ts', 'sdk', 'browser', 'index.ts') },
    plugins: [codecsApart, withoutLong],
  });
  await esbuild.build({
    ...options,
    entryPoints: Object.fromEntries(codecs.map((name) => [`sdk-${name}`, join(compression, `${name}.ts`)])),
  });
  // Fetched by the codec from beside the file it is in.
  copyFileSync(join(nodeModules, '@bokuweb', 'zstd-wasm', 'dist', 'web', 'zstd.wasm'), join(output, 'zstd.wasm'));
  writeStamp(stampFile, stamp);
}
