import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../ts/sdk/node/index.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, type RunningNode, startNode } from '../node/process.mjs';

// Every program of examples/ as its reader would run it, in the order of its README. The page is in test/browser.

removeDirectoriesAfterwards();
afterAll(killAll);

const root = fileURLToPath(new URL('../..', import.meta.url));
const examples = join(root, 'examples');

let node: RunningNode;
let folder: string;

beforeAll(async () => {
  folder = join(await newDirectory(), 'examples');
  cpSync(examples, folder, { recursive: true, filter: (path) => !path.includes('node_modules') });
  installClient();
  node = await startNode(join(folder, 'data'), ['--num-partitions', '2']);
});

/** What test/sdk/package.test.ts does for real: here the client is the one that was built. */
function installClient(): void {
  const client = join(folder, 'node_modules/@millrace/client');
  mkdirSync(client, { recursive: true });
  writeFileSync(join(client, 'package.json'), '{"type":"module","exports":"./index.js"}');
  writeFileSync(join(client, 'index.js'), `export * from '${join(root, 'dist/sdk/node/index.js')}';`);
}

function start(command: string, ...args: readonly string[]) {
  const child = spawn(command, args, { cwd: folder, env: { ...process.env, GATEWAY: node.gateway } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = once(child, 'close').then(([status]) => ({ status: status as number | null, output }));
  /** Waits until it has printed something like this, before or from now on. */
  const said = async (what: RegExp) => {
    while (!what.test(output)) await once(child.stdout, 'data');
  };
  return { child, ended, said };
}

/** What it printed; it must succeed. */
async function run(command: string, ...args: readonly string[]): Promise<string> {
  const { status, output } = await start(command, ...args).ended;
  expect(status, output).toBe(0);
  return output;
}

const example = (...args: readonly string[]) => run(process.execPath, ...args);

test('its README lists every example', () => {
  const text = readFileSync(join(examples, 'README.md'), 'utf8');
  const files = readdirSync(examples).filter((name) => !/^(README\.md|package.*\.json|node_modules)$/.test(name));
  expect(files.length).toBeGreaterThan(5);
  for (const name of files) expect(text, name).toContain(name);
});

test('produce, consume, replay and resume', async () => {
  expect(await example('produce.mjs', '9')).toMatch(
    /^10 orders are acknowledged; the last is record \d+ of partition [01] \(fsync\)\n$/,
  );

  const consuming = start(process.execPath, 'consume.mjs');
  await consuming.said(/customer 0: \{ number: 0, sum: 0 \}/);
  await example('produce.mjs', '0');
  await consuming.said(/(customer 0: \{ number: 0, sum: 0 \}\s[\s\S]*){2}/);
  consuming.child.kill('SIGINT');
  const { status, output } = await consuming.ended;
  expect(status).toBe(0);
  expect(output.split('\n').length - 1).toBe(11);
  expect(output).toMatch(/^[01]\/\d+ customer \d: \{ number: \d, sum: \d+ \}\n/);

  const replayed = (await example('replay.mjs', '15')).trim().split('\n');
  expect(replayed.length).toBe(11);
  expect(replayed[0]).toMatch(/^20\d\d-.*Z customer \d \{"number":\d,"sum":\d+\}$/);
  expect(await example('replay.mjs', new Date(Date.now() + 60_000).toISOString())).toBe('');
});

test('resume counts each order once, stopped by Ctrl-C and by kill -9', async () => {
  const stored = () => JSON.parse(readFileSync(join(folder, 'sum.json'), 'utf8')) as { sum: number };
  const life = async (signal: NodeJS.Signals, sum: number) => {
    const { child, ended, said } = start(process.execPath, 'resume.mjs');
    await said(new RegExp(`^${sum}$`, 'm'));
    child.kill(signal);
    await ended;
    expect(stored().sum).toBe(sum);
  };
  const client = await connect(node.gateway);
  const producer = client.producer();
  const order = (sum: number) => producer.send({ topic: 'orders', value: JSON.stringify({ number: 1, sum }) });
  await order(1);
  await life('SIGKILL', 451);
  await order(1000);
  await life('SIGINT', 1451);
  await order(10_000);
  await life('SIGINT', 11_451);
  await client.close();
});

test('typed', async () => {
  // As newer Node does by itself; its types are checked with those of the whole repository.
  const { code } = transformSync(readFileSync(join(folder, 'typed.ts'), 'utf8'), { loader: 'ts', format: 'esm' });
  writeFileSync(join(folder, 'typed.mjs'), code);
  expect(await example('typed.mjs')).toBe('roof: 21.5 °C\n');
});

test('rest', async () => {
  const lines = (await run('sh', 'rest.sh')).trim().split('\n');
  expect(lines.length).toBe(9);
  const [created, stored, file, all, second, first, ready, described, deleted] = lines;
  expect(JSON.parse(created ?? '')).toMatchObject({ name: 'visits' });
  expect(JSON.parse(stored ?? '')).toMatchObject({ results: [{ offset: 0 }, { offset: 1, durability: 'fsync' }] });
  expect(JSON.parse(file ?? '')).toMatchObject({ results: [{ partition: 1, offset: 0 }] });
  const keys = (text = '') => (JSON.parse(text) as { records: { key: { text: string } }[] }).records.map(({ key }) => key.text);
  expect([keys(all), keys(second), keys(first)]).toEqual([['ann', 'ben'], ['ben'], ['ann']]);
  expect(ready).toBe('ready');
  expect(described).toContain('3600000');
  expect(deleted).toBeDefined();
});
