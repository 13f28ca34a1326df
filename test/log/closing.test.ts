import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { newDirectory, removeDirectoriesAfterwards } from './directory.js';

removeDirectoriesAfterwards();

const script = (name: string) => fileURLToPath(new URL(`./workers/${name}`, import.meta.url));

/** In a process of its own: what these tests are about aborts the process. */
async function run(name: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--expose-gc', script(name), ...args]);
  expect(stderr).toBe('');
  return stdout;
}

test('directories, stores and their workers end in any order, also in full flight', async () => {
  expect(await run('closing.mjs', await newDirectory())).toBe('done\n');
});

test('opening and closing again and again costs neither memory nor descriptors', async () => {
  const lots = (await run('repeating.mjs', await newDirectory(), '6', '25')).trim().split('\n');
  const sizes = lots.map((line) => Number(line.split(' ')[0]));
  const descriptors = lots.map((line) => line.split(' ')[1]);
  expect(new Set(descriptors).size).toBe(1);
  // A leak of one ring or one journal buffer in 25 rounds would be 25 MiB a lot; the heap's own moods are a few.
  const [, second = 0] = sizes;
  expect((sizes.at(-1) ?? 0) - second).toBeLessThan(25 * 1024);
});
