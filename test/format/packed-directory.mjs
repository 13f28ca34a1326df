// A data directory as it is kept in the repository: the same tree, each file gzipped, as journals are mostly zeros.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

/** @param {string} directory @param {string} packed */
export function pack(directory, packed) {
  for (const name of filesUnder(directory)) {
    write(join(packed, `${name}.gz`), gzipSync(readFileSync(join(directory, name)), { level: 9 }));
  }
}

/** @param {string} packed @param {string} directory */
export function unpack(packed, directory) {
  for (const name of filesUnder(packed)) {
    write(join(directory, name.replace(/\.gz$/, '')), gunzipSync(readFileSync(join(packed, name))));
  }
}

/** @param {string} directory */
function filesUnder(directory) {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => statSync(join(directory, name)).isFile());
}

/** @param {string} path @param {Uint8Array} bytes */
function write(path, bytes) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}
