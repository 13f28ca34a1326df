import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

const place = fileURLToPath(new URL('../../native/target/log-tests', import.meta.url));
const made: string[] = [];

/** An empty directory that goes with the test file. Beside the build: on a disk that takes O_DIRECT. */
export async function newDirectory(): Promise<string> {
  await mkdir(place, { recursive: true });
  const directory = mkdtempSync(join(place, 'd'));
  made.push(directory);
  return directory;
}

/** Called once by each test file that makes directories. */
export function removeDirectoriesAfterwards(): void {
  afterAll(() => {
    for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
  });
}
