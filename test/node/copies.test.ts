import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { connect } from '../../ts/sdk/node/index.js';
import { produce } from '../../ts/wire/kafka/schema/00-produce.js';
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

function batchOf(number: number): Uint8Array {
  const plan = new BatchPlan([{ timestamp: number, key: null, value: new Uint8Array(valueSize) }]);
  const batch = new Uint8Array(plan.size);
  plan.write(batch, crc32c);
  return batch;
}

async function metricsOf(url: string): Promise<(name: string, label?: string) => number> {
  const lines = (await (await fetch(`${url}/metrics`)).text()).split('\n');
  return (name, label = '') => {
    const line = lines.find((line) => line.startsWith(`millrace_gateway_${name}`) && line.includes(label));
    return Number(line?.slice(line.lastIndexOf(' ')));
  };
}

test('each batch is copied once to its shard, and once into the frame of a subscriber', async () => {
  const node = await startNode(join(await newDirectory(), 'data'));
  const client = await connect(node.url);
  await client.admin.createTopic('copied', { partitions: 1 });
  const consumer = client.consumer({ topics: ['copied'], from: 'beginning' });
  const socket = await KafkaSocket.open(node.kafka);
  let size = 0;
  for (let number = 0; number < count; number++) {
    const records = batchOf(number);
    size += records.length;
    const topicData = [{ name: 'copied', partitionData: [{ index: 0, records }] }];
    await socket.ask(produce, 9, { acks: -1, timeoutMs: 10_000, topicData });
  }
  let seen = 0;
  for await (const _ of consumer) if (++seen === count) break;
  const metric = await metricsOf(node.url);
  const copied = (where: string) => metric('copied_bytes_total', `where="${where}"`);
  expect(copied('shard')).toBe(size);
  expect(copied('waiting')).toBe(0);
  expect(copied('frame')).toBe(size);
  // The library copies whatever it is given, heads and answers too.
  expect(copied('library')).toBeGreaterThan(size);
  expect(copied('library')).toBeLessThan(size * 1.1);
  expect(metric('kafka_received_bytes_total')).toBeGreaterThan(size);
  // What a chunk's end cuts is moved to the next, and never more than once.
  expect(copied('kafka-receive')).toBeLessThan(size);
  expect(metric('kafka_crossings_total')).toBeGreaterThan(0);
  await client.close();
});
