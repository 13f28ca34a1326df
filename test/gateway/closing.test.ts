import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

// In a process of its own: what this test is about aborts the process.
test('a worker that serves sockets closes and ends', async () => {
  const script = fileURLToPath(new URL('./workers/closing.mjs', import.meta.url));
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [script]);
  expect([stdout, stderr]).toEqual(['done\n', '']);
});
