import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { produce } from '../../ts/wire/kafka/schema/00-produce.js';
import { fetch } from '../../ts/wire/kafka/schema/01-fetch.js';
import { listOffsets } from '../../ts/wire/kafka/schema/02-list-offsets.js';
import { deleteRecords } from '../../ts/wire/kafka/schema/21-delete-records.js';
import { offsetForLeaderEpoch } from '../../ts/wire/kafka/schema/23-offset-for-leader-epoch.js';
import { BatchPlan } from '../../ts/wire/records/build.js';
import { crc32c } from '../../ts/wire/records/crc32c.js';
import { KafkaSocket } from '../kafka/socket.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, startNode } from '../node/process.mjs';
import { killDrivers } from './driver.js';
import { createTopic, newNode } from './kafka-clients.js';
import { openNodeClient } from './node-clients.js';

// Rows of the list of anomalies that other logs were caught with and that a client sees. Row 13, an acknowledgement whose offset is not
// the record's, is looked for in the tests of each client (client-suite.ts).

removeDirectoriesAfterwards();
afterAll(killAll);
afterAll(killDrivers);

/** Records whose timestamps are their offsets, in one batch. */
async function append(socket: KafkaSocket, topic: string, first: number, count: number): Promise<void> {
  const each = Array.from({ length: count }, (_, index) => ({ timestamp: first + index, key: null, value: new Uint8Array(20) }));
  const plan = new BatchPlan(each);
  const records = new Uint8Array(plan.size);
  plan.write(records, crc32c);
  const topicData = [{ name: topic, partitionData: [{ index: 0, records }] }];
  const { responses } = await socket.ask(produce, 9, { acks: -1, timeoutMs: 10_000, topicData });
  expect(responses[0]?.partitionResponses[0]).toMatchObject({ errorCode: 0, baseOffset: first });
}

const perBatch = 10;
const batches = 60;

test('anomaly 27: who seeks a time while the beginning is deleted is told the first record left, never nothing', async () => {
  const node = await newNode();
  // A segment for every few batches.
  await createTopic(node.gateway, 'raced', { 'segment.bytes': '4000' });
  const socket = await KafkaSocket.open(node.kafka);
  for (let batch = 0; batch < batches; batch++) await append(socket, 'raced', batch * perBatch, perBatch);
  const end = batches * perBatch;
  let logStart = 0;
  const isOver = () => logStart >= end - perBatch;

  async function cut(): Promise<void> {
    // Into batches, and between them.
    for (let offset = 7; !isOver(); offset += 7) {
      const topics = [{ name: 'raced', partitions: [{ partitionIndex: 0, offset: Math.min(offset, end - 1) }] }];
      const told = await socket.ask(deleteRecords, 2, { topics, timeoutMs: 10_000 });
      expect(told.topics[0]?.partitions[0]).toMatchObject({ errorCode: 0 });
      logStart = told.topics[0]?.partitions[0]?.lowWatermark ?? -1;
    }
  }

  async function seek(find: (time: number) => Promise<number>): Promise<number> {
    let count = 0;
    for (; !isOver(); count++) {
      const before = logStart;
      const time = Math.min(Math.max(0, before + ((count * 13) % 60) - 30), end - 1);
      const found = await find(time);
      expect(found).toBeGreaterThanOrEqual(Math.max(time, before));
      // What is cut while it is asked may be told as cut already.
      expect(found).toBeLessThanOrEqual(Math.max(time, logStart + 7));
    }
    return count;
  }

  const bySocket = await KafkaSocket.open(node.kafka);
  const clients = await Promise.all(['kafkajs', 'platformatic'].map((name) => openNodeClient(name, node.kafka)));
  const seekers = [
    seek(async (timestamp) => {
      const topics = [{ name: 'raced', partitions: [{ partitionIndex: 0, timestamp }] }];
      const told = await bySocket.ask(listOffsets, 7, { replicaId: -1, isolationLevel: 0, topics });
      return told.topics[0]?.partitions[0]?.offset ?? -1;
    }),
    ...clients.map((client) =>
      seek(async (time) => (await client.ask<{ found: number }>('offsets', { topic: 'raced', partition: 0, time })).found),
    ),
  ];
  await cut();
  for (const count of await Promise.all(seekers)) expect(count).toBeGreaterThan(0);
});

test('anomaly 28: a fetch with the epoch of another life is refused by name, and where each life ended is known', async () => {
  const data = join(await newDirectory(), 'data');
  const ends: { epoch: number; end: number }[] = [];
  for (const count of [3, 0, 5]) {
    const node = await startNode(data);
    if (ends.length === 0) await createTopic(node.gateway, 'lives');
    const socket = await KafkaSocket.open(node.kafka);
    const first = ends.at(-1)?.end ?? 0;
    if (count > 0) await append(socket, 'lives', first, count);
    const epoch = (await latest(socket)).leaderEpoch;
    expect(epoch).toBeGreaterThan(ends.at(-1)?.epoch ?? -1);
    expect([await fetched(socket, epoch - 1), await fetched(socket, epoch), await fetched(socket, epoch + 1)]).toEqual([
      74, 0, 75,
    ]);
    ends.push({ epoch, end: first + count });
    for (const { epoch: asked, end } of ends) expect((await endOf(socket, epoch, asked)).endOffset).toBe(end);
    // Of epochs to come nothing is known; who believes in another present one is told so.
    expect(await endOf(socket, epoch, epoch + 1)).toMatchObject({ errorCode: 0, leaderEpoch: -1, endOffset: -1 });
    expect(await endOf(socket, epoch - 1, epoch)).toMatchObject({ errorCode: 74 });
    expect(await endOf(socket, epoch + 1, epoch)).toMatchObject({ errorCode: 75 });
    await node.kill('SIGKILL');
  }
});

async function latest(socket: KafkaSocket) {
  const topics = [{ name: 'lives', partitions: [{ partitionIndex: 0, timestamp: -1 }] }];
  const told = await socket.ask(listOffsets, 7, { replicaId: -1, isolationLevel: 0, topics });
  return told.topics[0]?.partitions[0] ?? absent();
}

async function fetched(socket: KafkaSocket, currentLeaderEpoch: number): Promise<number> {
  const partitions = [{ partition: 0, currentLeaderEpoch, fetchOffset: 0, partitionMaxBytes: 1 << 20 }];
  const request = { maxWaitMs: 0, minBytes: 0, maxBytes: 1 << 20, topics: [{ topic: 'lives', partitions }] };
  const told = await socket.ask(fetch, 12, request);
  return told.responses[0]?.partitions[0]?.errorCode ?? absent();
}

async function endOf(socket: KafkaSocket, currentLeaderEpoch: number, leaderEpoch: number) {
  const topics = [{ topic: 'lives', partitions: [{ partition: 0, currentLeaderEpoch, leaderEpoch }] }];
  const told = await socket.ask(offsetForLeaderEpoch, 4, { replicaId: -2, topics });
  return told.topics[0]?.partitions[0] ?? absent();
}

function absent(): never {
  throw new Error('nothing is told of the partition');
}
