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

test.each(['exits', 'exits from a turn at its exit', 'closes only the directory', 'lets the loop run out'])(
  'a process with everything open and in flight that %s is gone without a word',
  async (how) => {
    expect(await run('leaving.mjs', await newDirectory(), how)).toBe('');
  },
);

test('opening and closing again and again costs neither memory nor descriptors', async () => {
  const lots = (await run('repeating.mjs', await newDirectory(), '6', '25')).trim().split('\n');
  // The first lot pays for what is made once: the heap's first growth, the pipe of stdout.
  const [first, ...later] = lots.slice(1).map((line) => line.split(' ').map(Number));
  const [sizeKiB = 0, descriptors = 0] = first ?? [];
  expect(later.map(([, count]) => count)).toEqual(later.map(() => descriptors));
  // A leak of one ring in a round would be 25 MiB a lot, 100 MiB in four; the moods of two heaps are some 25.
  expect((later.at(-1)?.[0] ?? 0) - sizeKiB).toBeLessThan(60 * 1024);
});
