import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const builds = fileURLToPath(new URL('../../dist/conformance', import.meta.url));

/** Under way in this process. */
const making = new Map<string, Promise<string>>();

/** A folder that `make` fills, once for each content of the files that pin it; folders of earlier pins go. */
export function installed(name: string, pins: readonly string[], make: (home: string) => Promise<void>): Promise<string> {
  const hash = createHash('sha256');
  for (const path of pins) hash.update(readFileSync(path));
  const pinned = `${name}-${hash.digest('hex').slice(0, 16)}`;
  const made = making.get(pinned) ?? install(name, pinned, make);
  making.set(pinned, made);
  return made;
}

async function install(name: string, pinned: string, make: (home: string) => Promise<void>): Promise<string> {
  const home = join(builds, pinned);
  if (existsSync(home)) return home;
  // Another test file may be at it too: who is first wins.
  const draft = `${home}.${process.pid}`;
  await mkdir(draft, { recursive: true });
  try {
    await make(draft);
    await rename(draft, home).catch((error) => {
      if (!existsSync(home)) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  const outdated = (await readdir(builds)).filter((each) => each.startsWith(`${name}-`) && !each.startsWith(pinned));
  await Promise.all(outdated.map((each) => rm(join(builds, each), { recursive: true, force: true })));
  return home;
}
