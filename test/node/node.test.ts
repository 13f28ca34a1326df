import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { connect } from '../../ts/sdk/node/index.js';
import { commandsAt } from '../cli/command.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, startNode } from './process.mjs';

// A real node in a process of its own, as an operator sees it.

removeDirectoriesAfterwards();
afterEach(killAll);

const newData = async () => join(await newDirectory(), 'data');

async function failureOf(start: Promise<unknown>): Promise<string> {
  try {
    await start;
    return 'started';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The values of a topic, in order, from its one partition's beginning. */
async function valuesOf(address: string, topic: string, count: number): Promise<readonly string[]> {
  const client = await connect(address);
  const values: string[] = [];
  for await (const { value } of client.consumer({ topics: [topic], from: 'beginning' })) {
    values.push(Buffer.from(value as Uint8Array).toString());
    if (values.length === count) break;
  }
  await client.close();
  return values;
}

test('it says when it is ready, in its output and in its directory, and ends cleanly on SIGTERM', async () => {
  const data = await newData();
  const node = await startNode(data);
  const said = { ready: true, pid: node.pid, kafka: [expect.stringMatching(/^127\.0\.0\.1:\d+$/)], gateway: node.url };
  expect(JSON.parse(readFileSync(join(data, 'node.json'), 'utf8'))).toEqual(said);
  const ready = await fetch(`${node.url}/readyz`);
  expect(ready.status).toBe(200);
  expect(await node.kill('SIGTERM')).toBe(0);
  expect(existsSync(join(data, 'node.json'))).toBe(false);
});

test('what it logs changes while it runs, on all of its threads', async () => {
  const node = await startNode(await newData(), ['--shards', '2']);
  const { run, out } = commandsAt(node.gateway);
  const logged = (text: string) => node.log.map((line) => JSON.parse(line)).filter(({ msg }) => msg === text);
  /** Several connections, so that both threads have some. */
  const connectSome = async () => {
    for (let n = 0; n < 12; n++) await (await connect(node.gateway, { client: `client ${n}` })).close();
  };
  expect(await out(['cluster', 'log-level'])).toBe('info\n');
  await connectSome();
  expect(logged('a client has said hello')).toEqual([]);
  expect(await out(['cluster', 'log-level', '--set', 'debug'])).toBe(
    'the node logs debug from now on, until it is started again\n',
  );
  expect(JSON.parse(await out(['cluster', 'log-level', '--json']))).toEqual({ level: 'debug' });
  await connectSome();
  const clients = () => new Set(logged('a client has said hello').map(({ client }) => client));
  // The cluster thread writes what the others have to say.
  while (clients().size < 12) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(logged('the level of logging is changed')).toMatchObject([{ from: 'info', to: 'debug' }]);
  expect(logged('a command is answered')).toMatchObject([{ level: 20, command: 'setLogLevel' }]);
  expect(await run(['cluster', 'log-level', '--set', 'debgu'])).toMatchObject({ status: 2 });
  await out(['cluster', 'log-level', '--set', 'error']);
  const before = node.log.length;
  await connectSome();
  expect(await node.kill('SIGTERM')).toBe(0);
  // Not even that it stops.
  expect(node.log.slice(before)).toEqual([]);
});

test('Ctrl-C ends it as cleanly, with its own exit code', async () => {
  const node = await startNode(await newData());
  expect(await node.kill('SIGINT')).toBe(130);
  expect(node.log.at(-1)).toContain('stopped');
});

test('topics and records survive a clean stop and a kill; each start leads under a higher epoch', async () => {
  const data = await newData();
  const epochs: number[] = [];
  for (const [life, signal] of (['SIGTERM', 'SIGKILL', 'SIGTERM'] as const).entries()) {
    const node = await startNode(data);
    const client = await connect(node.gateway);
    if (life === 0) await client.admin.createTopic('kept', { partitions: 1, configs: { 'retention.ms': '3600000' } });
    await client.producer().send({ topic: 'kept', value: `life ${life}` });
    const [kept] = await client.admin.listTopics(['kept']);
    epochs.push(kept?.partitions[0]?.leaderEpoch ?? -1);
    expect(await valuesOf(node.gateway, 'kept', life + 1)).toEqual(
      Array.from({ length: life + 1 }, (_, index) => `life ${index}`),
    );
    await client.close();
    await node.kill(signal);
  }
  expect(epochs[1]).toBeGreaterThan(epochs[0] ?? 0);
  expect(epochs[2]).toBeGreaterThan(epochs[1] ?? 0);
});

test('what else holds the port or the directory is named, with an exit code of its own', async () => {
  const data = await newData();
  const node = await startNode(data);
  expect(await failureOf(startNode(await newData(), ['--gateway', node.gateway]))).toContain('is in use');
  expect(await failureOf(startNode(data))).toContain('"exitCode":10');
});

test('a disk above its mark refuses batches, says so in /readyz, and goes on serving what is there', async () => {
  const data = await newData();
  const node = await startNode(data);
  const client = await connect(node.gateway);
  await client.producer().send({ topic: 'full', value: 'before' });
  await client.close();
  await node.kill('SIGTERM');

  const full = await startNode(data, ['--disk-full-percent', '1']);
  const refused = await connect(full.gateway);
  const producer = refused.producer({ deliveryTimeoutMs: 1000 });
  await expect(producer.send({ topic: 'full', value: 'beyond' })).rejects.toThrow(/disk is .* % full/);
  const ready = await fetch(`${full.url}/readyz`);
  expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining('% full')]);
  expect(await (await fetch(`${full.url}/metrics`)).text()).toContain('millrace_produce_refused{reason="disk-full"} 1\n');
  // What would need files of its own is refused as well, before anything is decided.
  await expect(refused.admin.createTopic('other')).rejects.toMatchObject({ code: 'disk-full' });
  expect(await refused.admin.listTopics(['other'])).toEqual([]);
  expect(await valuesOf(full.gateway, 'full', 1)).toEqual(['before']);
  await refused.admin.deleteTopic('full');
  await refused.close();
});

test('producing to an unknown topic creates it, unless the node says no', async () => {
  const open = await startNode(await newData(), ['--num-partitions', '3']);
  const client = await connect(open.gateway);
  await client.producer().send({ topic: 'new', value: 'one' });
  const [created] = await client.admin.listTopics(['new']);
  expect(created?.partitions.length).toBe(3);
  await client.close();

  const closed = await startNode(await newData(), ['--auto-create-topics-enable', 'false']);
  const other = await connect(closed.gateway);
  await expect(other.producer({ deliveryTimeoutMs: 1000 }).send({ topic: 'new', value: 'one' })).rejects.toThrow();
  await other.close();
});
