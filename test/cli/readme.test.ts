import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync, symlinkSync } from 'node:fs';
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
  // Where the README has it.
  commandFor(join(directory, 'node_modules', '.bin'), port);
  const [setUp = '', ...blocks] = blocksOf('The first five minutes');
  // The build has happened, in what ran this test; what it leaves behind is the command that the next line names.
  expect(setUp).toMatch(/^npm run build .*\nalias millrace="\$PWD\/node_modules\/\.bin\/millrace"\n/);
  expect(readlinkSync(join(root, 'node_modules/.bin/millrace'))).toMatch(/dist\/cli\/main\.js$/);
  const all = [setUp.slice(setUp.indexOf('\n') + 1), ...blocks];
  const lines = all.map((block) => `echo "=== "\n${block.replaceAll('127.0.0.1:9080', `127.0.0.1:${port}`)}`);
  // As in the terminal where a reader types them.
  const script = ['shopt -s expand_aliases', ...lines].join('\n');
  // A group of its own: whatever it leaves behind ends with it.
  const shell = spawn('bash', ['-c', script], { cwd: directory, detached: true });
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
  const [, help, started, numbers, orders, page, program, survivors, doctor, log] = stdout.split('=== \n');
  expect(help).toContain('Usage: millrace COMMAND');
  expect(started).toMatch(/^\{"ready":true.*\nready\n$/);
  expect(numbers).toContain('created numbers: 3 partitions, replication factor 1, durability fsync\n1000000\ntopic numbers, id ');
  expect(stderr).toMatch(/1000000 records acknowledged by numbers .* durability fsync/);
  expect(JSON.parse(orders?.trim() ?? '')).toMatchObject({ key: 'ann', value: 'three apples', headers: { shop: '7' } });
  expect(stderr).toMatch(/1 record acknowledged by copies/);
  expect(page).toMatch(/^<title>.*Millrace.*<\/title>\n\d{5,}\n$/);
  expect(program).toContain("durability: 'fsync'");
  expect(program).toContain('ann: three apples\nben: two pears\n');
  expect(survivors).toMatch(/^1\n\{"ready":true.*\n200000\n$/);
  expect(stderr).toMatch(/200000 records acknowledged by survivors/);
  expect(doctor).toMatch(/sync/);
  expect(log).toMatch(/clean, \d+ batches\nexit code 0\n/);
  // Which topic is the last one, their random ids say.
  expect(log).toMatch(/\n(numbers|orders|copies|survivors)( +\d+){8}\n$/);
});
