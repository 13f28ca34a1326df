import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { commandFor, freePort, root } from './wrapped.js';

removeDirectoriesAfterwards();

/** The shell blocks of a section of the README. */
function blocksOf(heading: string): readonly string[] {
  const [, section = ''] = readFileSync(join(root, 'README.md'), 'utf8').split(`## ${heading}\n`);
  const [body = ''] = section.split('\n## ');
  return [...body.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);
}

test('the first five minutes: every line does what it says', { timeout: 150_000 }, async () => {
  const directory = await newDirectory();
  symlinkSync(join(root, 'dist'), join(directory, 'dist'));
  const port = await freePort();
  const [setUp = '', ...blocks] = blocksOf('The first five minutes');
  expect(setUp).toMatch(/^npm run build/);
  // The build and the alias have happened: what is left of the first block is the help.
  const all = [setUp.split('\n').slice(2).join('\n'), ...blocks];
  const script = all.map((block) => `echo "=== "\n${block.replaceAll('127.0.0.1:9080', `127.0.0.1:${port}`)}`).join('\n');
  const path = `${commandFor(directory, port)}:${process.env['PATH']}`;
  // A group of its own: whatever it leaves behind ends with it.
  const shell = spawn('bash', ['-c', script], { cwd: directory, env: { ...process.env, PATH: path }, detached: true });
  let stdout = '';
  let stderr = '';
  shell.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  shell.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const endAll = () => {
    try {
      process.kill(-(shell.pid ?? 0), 'SIGKILL');
    } catch {
      // Nothing was left.
    }
  };
  // A line that hangs fails the test with what was said until then.
  const limit = setTimeout(endAll, 120_000);
  const [code] = await once(shell, 'exit');
  clearTimeout(limit);
  endAll();
  expect(code, stderr).toBe(0);
  const [, help, started, numbers, orders, program, survivors, doctor, log] = stdout.split('=== \n');
  expect(help).toContain('Usage: millrace COMMAND');
  expect(started).toMatch(/^\{"ready":true.*\nready\n$/);
  expect(numbers).toContain('created numbers: 3 partitions, replication factor 1, durability fsync\n1000000\ntopic numbers, id ');
  expect(stderr).toMatch(/1000000 records acknowledged by numbers .* durability fsync/);
  expect(JSON.parse(orders?.trim() ?? '')).toMatchObject({ key: 'ann', value: 'three apples', headers: { shop: '7' } });
  expect(stderr).toMatch(/1 record acknowledged by copies/);
  expect(program).toContain("durability: 'fsync'");
  expect(program).toContain('ann: three apples\nben: two pears\n');
  expect(survivors).toMatch(/^1\n\{"ready":true.*\n200000\n$/);
  expect(stderr).toMatch(/200000 records acknowledged by survivors/);
  expect(doctor).toMatch(/sync/);
  expect(log).toMatch(/clean, \d+ batches\nexit code 0\n/);
  // Which topic is the last one, their random ids say.
  expect(log).toMatch(/\n(numbers|orders|copies|survivors)( +\d+){8}\n$/);
});
