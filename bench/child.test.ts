import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runChild } from './child.js';

const shell = (script: string, secondsMax: number, lines: string[] = []) =>
  runChild({ file: 'sh', args: ['-c', script], secondsMax, onLine: (line) => lines.push(line) });

test('lines come whole, the last one without its newline too', async () => {
  const lines: string[] = [];
  expect(await shell('echo one; printf "two"', 60, lines)).toBeUndefined();
  expect(lines).toEqual(['one', 'two']);
});

test('a failure says how it ended and what it complained of', async () => {
  expect(await shell('echo it broke >&2; exit 3', 60)).toBe('ended with 3: it broke');
  expect(await shell('kill -9 $$', 60)).toBe('ended with SIGKILL');
  expect(await runChild({ file: 'no-such-program', args: [], secondsMax: 60, onLine: () => undefined })).toMatch(/ENOENT/);
});

test('a child that hangs is ended with what it started', async () => {
  const lines: string[] = [];
  expect(await shell('sleep 600 & echo $!; wait', 0.3, lines)).toMatch(/^took more than/);
  await expect.poll(() => existsSync(`/proc/${lines[0]}/cwd`) || lines.length !== 1).toBe(false);
});
