import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/**
 * All files under a folder, sorted. Contents rather than times decide what is fresh: a checkout or a copy changes times.
 * What cargo makes is left out: it is no source, and much.
 * @param {string} folder @param {(path: string) => boolean} [isWanted] @returns {string[]}
 */
export function filesUnder(folder, isWanted = () => true) {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return entry.name === 'target' ? [] : filesUnder(path, isWanted);
      return entry.isFile() && isWanted(path) ? [path] : [];
    })
    .sort();
}

/** @param {string} root names are taken relative to it @param {readonly string[]} files */
export function fingerprint(root, files) {
  const hash = createHash('sha256');
  for (const file of files) {
    hash.update(`${relative(root, file)}\0`);
    hash.update(createHash('sha256').update(readFileSync(file)).digest());
  }
  return hash.digest('hex');
}

/** @param {string} file @returns {string | undefined} */
export function readStamp(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * Written last, after the work it vouches for: what was interrupted has no stamp and is done again.
 * @param {string} file @param {string} stamp
 */
export function writeStamp(file, stamp) {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, stamp);
  renameSync(draft, file);
}
