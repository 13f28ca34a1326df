import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { connect } from '../../ts/sdk/node/index.js';
import { Client } from '../gateway/client.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { batchOf } from '../log/store.js';
import { killAll, startNode } from './process.mjs';

removeDirectoriesAfterwards();
afterEach(killAll);

const MiB = 2 ** 20;
const memory = 256 * MiB;
const large = { size: 8 * MiB, count: 12 };

/** The most that a process ever had resident. */
function peakOf(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

/** When nothing has been added for a while. */
async function settledPeakOf(pid: number): Promise<number> {
  let peak = 0;
  for (let looks = 0; looks < 20; looks += 1) {
    const now = peakOf(pid);
    if (looks > 3 && now === peak) return now;
    peak = now;
    await sleep(250);
  }
  return peak;
}

const many = <T>(count: number, make: (index: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** A flood is more than a connection may have under way: what is refused for that comes again, as an SDK's would. */
async function produceUntilTaken(client: Client, topic: string, batch: Uint8Array, partition: number): Promise<void> {
  for (;;) {
    const reply = await client.ask({ produce: { entries: [{ topic, partition, batch }] } });
    if (reply.body === 'produce') return;
    if (reply.body !== 'error' || reply.error.retryAfterMs === 0) throw new Error(JSON.stringify(reply));
    await sleep(reply.error.retryAfterMs);
  }
}

async function produceFlood(port: number, topic: string): Promise<void> {
  const batch = batchOf(['x'.repeat(MiB - 200)]);
  const clients = await Promise.all(many(8, () => Client.open(port)));
  await Promise.all(clients.flatMap((client, index) => many(32, () => produceUntilTaken(client, topic, batch, index % 4))));
  for (const client of clients) client.close();
}

/** They want everything, and take nothing of it. */
async function stalledSubscribers(port: number, topic: string): Promise<readonly Client[]> {
  const clients = await Promise.all(many(100, () => Client.open(port)));
  for (const client of clients) {
    client.stall();
    client.send({ subscribe: { subscriptionId: 1, topic, start: { beginning: {} }, credit: 64 * MiB }, requestId: 1 });
  }
  return clients;
}

/** Each answer is a batch larger than was asked for, from a file. */
async function stalledFetchers(port: number, topic: string): Promise<readonly Client[]> {
  const clients = await Promise.all(many(12, () => Client.open(port)));
  for (const client of clients) {
    client.stall();
    for (let count = 0; count < 16; count += 1) {
      client.send({ fetch: { topic, partition: 0, offset: count % large.count, sizeMax: 1 }, requestId: count + 1 });
    }
  }
  return clients;
}

test('a flood of produce, of subscribers that take nothing and of large fetches costs no more memory than --memory', async () => {
  const node = await startNode(await newDirectory(), ['--memory', `${memory / MiB}MiB`]);
  const port = Number(node.gateway.split(':')[1]);
  const sdk = await connect(node.gateway);
  await sdk.admin.createTopic('flood', { partitions: 4, configs: { durability: 'replicated' } });
  await sdk.admin.createTopic('large', { partitions: 1, configs: { 'max.message.bytes': String(2 * large.size) } });
  await sdk.close();
  // The process itself: Node, its threads and their heaps, the program. Rings are charged to --memory when they are touched.
  const idle = peakOf(node.pid);
  const writer = await Client.open(port);
  const batch = batchOf(['y'.repeat(large.size - 200)]);
  for (let count = 0; count < large.count; count += 1)
    expect(await writer.produce('large', batch)).toMatchObject({ baseOffset: count });
  writer.close();
  const growth = async () => ((await settledPeakOf(node.pid)) - idle) / MiB;
  const subscribers = await stalledSubscribers(port, 'flood');
  await produceFlood(port, 'flood');
  const withProduce = await growth();
  const fetchers = await stalledFetchers(port, 'large');
  const withFetches = await growth();
  for (const client of [...subscribers, ...fetchers]) client.close();
  expect(withProduce, 'MiB above idle under produce and subscribers').toBeLessThanOrEqual(memory / MiB);
  expect(withFetches, 'MiB above idle under fetches').toBeLessThanOrEqual(memory / MiB);
  // It serves as before.
  const reader = await Client.open(port);
  expect(await reader.ask({ fetch: { topic: 'large', partition: 0, offset: 0, sizeMax: 1 } })).toMatchObject({ body: 'fetch' });
  reader.close();
});
