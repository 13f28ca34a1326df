import { rmSync } from 'node:fs';
import { filesUnder } from './fingerprint.mjs';

/**
 * A deleted source must not live on as a module that can still be imported.
 * @param {string} folder @param {ReadonlySet<string>} outputs what is compiled now
 * @param {readonly string[]} others folders in it, each with a slash behind it, that something else fills
 */
export function removeStale(folder, outputs, others) {
  const isOurs = (/** @type {string} */ path) => /\.js(\.map)?$/.test(path) && !others.some((other) => path.startsWith(other));
  for (const file of filesUnder(folder, isOurs)) {
    if (!outputs.has(file.replace(/\.map$/, ''))) rmSync(file);
  }
}
