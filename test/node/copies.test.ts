import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { connect } from '../../ts/sdk/node/index.js';
import { produce } from '../../ts/wire/kafka/schema/00-produce.js';
import { fetch as fetchApi } from '../../ts/wire/kafka/schema/01-fetch.js';
import { BatchPlan } from '../../ts/wire/records/build.js';
import { crc32c } from '../../ts/wire/records/crc32c.js';
import { KafkaSocket } from '../kafka/socket.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, startNode } from './process.mjs';

// One copy of ours on the way in, one on the way out to WebSocket clients: counted, and shown by the node itself.

removeDirectoriesAfterwards();
afterEach(killAll);

const count = 20;
const valueSize = 10_000;

function batchOf(number: number, size = valueSize): Uint8Array {
  const plan = new BatchPlan([{ timestamp: number, key: null, value: new Uint8Array(size) }]);
  const batch = new Uint8Array(plan.size);
  plan.write(batch, crc32c);
  return batch;
}

async function metricsOf(url: string): Promise<(name: string, label?: string) => number> {
  const lines = (await (await fetch(`${url}/metrics`)).text()).split('\n');
  return (name, label = '') => {
    const line = lines.find((line) => line.startsWith(`millrace_${name}`) && line.includes(label));
    return Number(line?.slice(line.lastIndexOf(' ')));
  };
}

async function produceTo(socket: KafkaSocket, topic: string, batches: readonly Uint8Array[]): Promise<void> {
  for (const records of batches) {
    const topicData = [{ name: topic, partitionData: [{ index: 0, records }] }];
    await socket.ask(produce, 9, { acks: -1, timeoutMs: 10_000, topicData });
  }
}

async function fetchedSize(socket: KafkaSocket, topic: string, fetchOffset: number, partitionMaxBytes: number): Promise<number> {
  const topics = [{ topic, partitions: [{ partition: 0, fetchOffset, partitionMaxBytes }] }];
  const { responses } = await socket.ask(fetchApi, 4, { replicaId: -1, maxWaitMs: 0, minBytes: 0, maxBytes: 8 << 20, topics });
  return responses[0]?.partitions[0]?.records?.length ?? 0;
}

test('each batch is copied once to its shard, and once into the frame of a subscriber', async () => {
  const node = await startNode(join(await newDirectory(), 'data'));
  const client = await connect(node.url);
  await client.admin.createTopic('copied', { partitions: 1 });
  const consumer = client.consumer({ topics: ['copied'], from: 'beginning' });
  const socket = await KafkaSocket.open(node.kafka);
  const batches = Array.from({ length: count }, (_, number) => batchOf(number));
  const size = batches.reduce((sum, { length }) => sum + length, 0);
  await produceTo(socket, 'copied', batches);
  let seen = 0;
  for await (const _ of consumer) if (++seen === count) break;
  const metric = await metricsOf(node.url);
  const copied = (where: string) => metric('gateway_copied_bytes_total', `where="${where}"`);
  expect(copied('shard')).toBe(size);
  expect(copied('waiting')).toBe(0);
  expect(copied('frame')).toBe(size);
  // The library copies whatever it is given, heads and answers too.
  expect(copied('library')).toBeGreaterThan(size);
  expect(copied('library')).toBeLessThan(size * 1.1);
  expect(metric('gateway_kafka_received_bytes_total')).toBeGreaterThan(size);
  // What a chunk's end cuts is moved to the next, and never more than once.
  expect(copied('kafka-receive')).toBeLessThan(size);
  expect(metric('gateway_kafka_crossings_total')).toBeGreaterThan(0);
  await client.close();
});

test('a Kafka client’s batch is one call to copy on its way in, and none of it is copied out of ring memory but small ones', async () => {
  const node = await startNode(join(await newDirectory(), 'data'));
  const client = await connect(node.url);
  await client.admin.createTopic('large', { partitions: 1 });
  await client.admin.createTopic('small', { partitions: 1 });
  const socket = await KafkaSocket.open(node.kafka);
  const before = await metricsOf(node.url);
  await produceTo(
    socket,
    'large',
    Array.from({ length: count }, (_, number) => batchOf(number)),
  );
  const produced = await metricsOf(node.url);
  expect(produced('thread_copies_total') - before('thread_copies_total')).toBe(count);
  expect(produced('thread_wakes_total') - before('thread_wakes_total')).toBeGreaterThan(0);
  const copied = (metric: typeof before) => metric('gateway_copied_bytes_total', 'where="kafka-send"');
  const size = batchOf(0).length;
  for (let offset = 0; offset < count; offset++) expect(await fetchedSize(socket, 'large', offset, size)).toBe(size);
  expect(copied(await metricsOf(node.url))).toBe(0);
  const small = batchOf(0, 100);
  await produceTo(socket, 'small', [small]);
  expect(await fetchedSize(socket, 'small', 0, 1 << 20)).toBe(small.length);
  expect(copied(await metricsOf(node.url))).toBe(small.length);
  await client.close();
});
