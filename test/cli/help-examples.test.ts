import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { registry } from '../../ts/cli/registry.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, startNode } from '../node/process.mjs';
import { commandFor, freePort } from './wrapped.js';

removeDirectoriesAfterwards();
afterAll(killAll);

/** Each behind what it needs; without a node those that own the directory themselves. */
const withNode = [
  'topic create',
  'topic list',
  'topic describe',
  'topic alter',
  'produce',
  'consume',
  'cluster status',
  'cluster log-level',
  'doctor',
  'topic delete',
];
const withoutNode = ['log append', 'log dump', 'log verify'];
/** Is the node, and does not end: the README's test runs it. */
const elsewhere = ['start'];

test('the example of every --help does what it says', { timeout: 60_000 }, async () => {
  expect([...withNode, ...withoutNode, ...elsewhere].sort()).toEqual(registry.map(({ verb }) => verb).sort());
  const directory = await newDirectory();
  const port = await freePort();
  commandFor(join(directory, 'bin'), port);
  const path = `${join(directory, 'bin')}:${process.env['PATH']}`;
  const run = async (verb: string) => {
    const example = (await registry.find((row) => row.verb === verb)?.load())?.command.example ?? '';
    const shell = spawn('bash', ['-o', 'pipefail', '-c', example], { cwd: directory, env: { ...process.env, PATH: path } });
    let said = '';
    for (const stream of [shell.stdout, shell.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    }
    shell.stdin.end();
    const [status] = await once(shell, 'close');
    expect({ example, status, said }).toEqual({ example, status: 0, said: expect.stringMatching(/./) });
  };
  const node = await startNode(join(directory, 'data'), ['--gateway', `127.0.0.1:${port}`]);
  for (const verb of withNode) await run(verb);
  expect(await node.kill('SIGTERM')).toBe(0);
  for (const verb of withoutNode) await run(verb);
});
