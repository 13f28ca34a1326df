import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesUnder, fingerprint, readStamp, writeStamp } from './fingerprint.mjs';
import { dist, packageLock, root } from './paths.mjs';

export const consoleOutput = join(dist, 'console', '/');
const page = join(consoleOutput, 'index.html');
const stampFile = join(dist, '.console-stamp');
const configuration = join(root, 'vite.config.ts');

function inputs() {
  const folders = ['console', 'sdk', 'model', 'wire'].map((name) => join(root, 'ts', name));
  const sources = folders.flatMap((folder) => filesUnder(folder, (path) => !path.endsWith('.test.ts')));
  return fingerprint(root, [...sources, configuration, packageLock]);
}

export function isConsoleFresh() {
  return readStamp(stampFile) === inputs() && isWhole();
}

/** The page, and what it names: the names change with the contents. */
function isWhole() {
  if (!existsSync(page)) return false;
  const assets = readFileSync(page, 'utf8').match(/\/assets\/[\w.-]+/g) ?? [];
  return assets.length > 0 && assets.every((asset) => existsSync(join(consoleOutput, asset)));
}

/** The page that the gateway serves at /. */
export async function buildConsole() {
  const stamp = inputs();
  const { build } = await import('vite');
  await build({ configFile: configuration });
  writeStamp(stampFile, stamp);
}
