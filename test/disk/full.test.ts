import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect } from '../../ts/sdk/node/index.js';
import { Client } from '../gateway/client.js';
import { batchOf } from '../log/store.js';
import { killAll, type RunningNode, startNode } from '../node/process.mjs';
import { numbersIn, Writer } from './records.js';
import { SmallDisk } from './small-disk.js';

// The mark is where nothing is left: what a node meets here is ENOSPC, not its own watch.
const options = ['--disk-full-percent', '100', '--journal', '8MiB', '--shards', '1'];
/** A full disk may have room again, so clients try on. */
const patienceMs = 2_000;

let disk: SmallDisk;
let data: string;

beforeEach(() => {
  disk = new SmallDisk(48);
  data = join(disk.path, 'data');
});

afterEach(async () => {
  killAll();
  await disk.remove();
});

async function readyz({ url }: RunningNode): Promise<readonly [number, string]> {
  const reply = await fetch(`${url}/readyz`);
  return [reply.status, await reply.text()];
}

async function untilReady(node: RunningNode): Promise<void> {
  for (let waited = 0; waited < 30_000 && (await readyz(node))[0] !== 200; waited += 50) await sleep(50);
  expect(await readyz(node)).toEqual([200, 'ready\n']);
}

/** Of the log that met ENOSPC, or of the watch that saw that not a byte is left. */
const noRoom = /the (log found no room on the disk|disk is 100.0 % full) .*: free space or shorten retention\n?$/;

/** By the protocol's own words. */
async function expectRefusals(node: RunningNode): Promise<void> {
  const client = await Client.open(Number(node.gateway.split(':')[1]));
  const diskFull = { code: 61, retry: 1, text: expect.stringMatching(noRoom) };
  expect(await client.produce('kept', batchOf(['one more']))).toMatchObject({ error: diskFull });
  expect(await client.produce('new', batchOf(['one more']))).toMatchObject({ error: diskFull });
  const created = await client.ask({ createTopic: { name: 'new' } });
  expect(created).toMatchObject({ body: 'error', error: diskFull });
  client.close();
  expect(await readyz(node)).toEqual([503, expect.stringMatching(noRoom)]);
  const metrics = await (await fetch(`${node.url}/metrics`)).text();
  expect(metrics).toContain('millrace_produce_refused{reason="disk-full"} 1\n');
  expect(metrics).toContain('millrace_shard_fenced{shard="0"} 0\n');
}

test('a node that fills its disk refuses produce, serves what it has, and goes on when a topic is deleted', async () => {
  const node = await startNode(data, options);
  const client = await connect(node.gateway);
  const kept = await new Writer(client, 'kept').create();
  const dropped = await new Writer(client, 'dropped').create();
  await kept.writeAll(320);
  const failures = await dropped.write(100_000, patienceMs);
  expect(failures[0]).toMatchObject({ code: 'timed-out', reason: expect.stringMatching(noRoom) });
  await expectRefusals(node);
  expect(await numbersIn(node.gateway, 'kept')).toEqual(kept.acknowledged);
  expect(await numbersIn(node.gateway, 'dropped')).toEqual(dropped.acknowledged);

  await client.admin.deleteTopic('dropped');
  await untilReady(node);
  await kept.writeAll(64);
  expect((await client.producer().send({ topic: 'new', value: 'one more' })).offset).toBe(0);
  expect(await numbersIn(node.gateway, 'kept')).toEqual(kept.acknowledged);
  await client.close();
  await node.kill('SIGKILL');
  const again = await startNode(data, options);
  expect(await numbersIn(again.gateway, 'kept')).toEqual(kept.acknowledged);
  expect(await again.kill('SIGTERM')).toBe(0);
});

test('anomaly 23: a node killed on a full disk starts on it, with everything, and goes on when there is room', async () => {
  const first = await startNode(data, options);
  const client = await connect(first.gateway);
  const kept = await new Writer(client, 'kept').create();
  await kept.writeAll(160);
  disk.fill();
  const failures = await kept.write(100_000, patienceMs);
  expect(failures[0]).toMatchObject({ code: 'timed-out', reason: expect.stringMatching(noRoom) });
  await first.kill('SIGKILL');

  const second = await startNode(data, [...options, '--gateway', first.gateway]);
  expect(await numbersIn(second.gateway, 'kept')).toEqual(kept.acknowledged);
  await kept.write(100_000, patienceMs);
  await expectRefusals(second);
  disk.empty();
  await untilReady(second);
  await kept.writeAll(64);
  await client.close();
  expect(await second.kill('SIGTERM')).toBe(0);
  await disk.replace();
  const third = await startNode(data, options);
  expect(await numbersIn(third.gateway, 'kept')).toEqual(kept.acknowledged);
});

test('partitions that found no room when they were made say so, and are served as soon as there is some', async () => {
  const node = await startNode(data, options);
  const client = await connect(node.gateway);
  const kept = await new Writer(client, 'kept').create();
  await kept.writeAll(16);
  // Enough for the metadata to take the topic, and not for the directories of its partitions.
  disk.fill(64);
  const why = /partition \d+ of the topic found no room for its files \(ENOSPC: .*\): it is served once there is room/;
  const diskFull = { code: 'disk-full', isRetriable: true, reason: expect.stringMatching(why) };
  await expect(client.admin.createTopic('wide', { partitions: 200 })).rejects.toMatchObject(diskFull);
  const raw = await Client.open(Number(node.gateway.split(':')[1]));
  const refusal = { code: 61, retry: 1, text: expect.stringMatching(why) };
  expect(await raw.produce('wide', batchOf(['one']))).toMatchObject({ error: refusal });
  const fetched = await raw.ask({ fetch: { topic: 'wide', partition: 0, offset: 0, sizeMax: 1000 } });
  expect(fetched).toMatchObject({ body: 'error', error: refusal });
  raw.close();
  expect((await kept.write(1, patienceMs))[0]).toMatchObject({ code: 'timed-out', reason: expect.stringMatching(noRoom) });

  disk.empty();
  await untilReady(node);
  const sent = await client.producer().send({ topic: 'wide', partition: 199, value: 'one' });
  expect([sent.partition, sent.offset]).toEqual([199, 0]);
  expect((await client.admin.describeTopic('wide')).usage).toHaveLength(200);
  await client.close();
  expect(await node.kill('SIGTERM')).toBe(0);
});
