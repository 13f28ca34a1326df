import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { produce } from '../../ts/wire/kafka/schema/00-produce.js';
import { fetch as fetchApi } from '../../ts/wire/kafka/schema/01-fetch.js';
import { createTopics } from '../../ts/wire/kafka/schema/19-create-topics.js';
import { deleteRecords } from '../../ts/wire/kafka/schema/21-delete-records.js';
import { BatchPlan } from '../../ts/wire/records/build.js';
import { crc32c } from '../../ts/wire/records/crc32c.js';
import { layout } from '../../ts/wire/records/layout.js';
import { KafkaSocket } from '../kafka/socket.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, startNode } from './process.mjs';

// What goes from segments to Kafka clients without being read by the node (docs/decisions/0018-lent-segments.md).

removeDirectoriesAfterwards();
afterEach(killAll);

/** Young enough for retention. */
const startedMs = Date.now();
const batchSize = 100_000;
const count = 200;
const mebibyte = 1 << 20;
const topic = 'lent';

function batchOf(number: number): Uint8Array {
  const value = new Uint8Array(batchSize).fill(number % 251);
  const plan = new BatchPlan([{ timestamp: startedMs + number, key: null, value }]);
  const batch = new Uint8Array(plan.size);
  plan.write(batch, crc32c);
  return batch;
}

/** A node whose rings have long been lapped by what it has, and a client of it. */
async function filledNode(options: readonly string[] = []) {
  const data = join(await newDirectory(), 'data');
  const node = await startNode(data, ['--memory', '64MiB', '--journal', '8MiB', ...options]);
  const client = await KafkaSocket.open(node.kafka);
  const configs = [{ name: 'segment.bytes', value: String(4 * mebibyte) }];
  const wanted = { name: topic, numPartitions: 1, replicationFactor: 1, assignments: [], configs };
  await client.ask(createTopics, 7, { topics: [wanted] });
  await append(client, 0, count);
  return { node, client, data };
}

async function append(client: KafkaSocket, from: number, to: number): Promise<void> {
  for (let number = from; number < to; number++) {
    const topicData = [{ name: topic, partitionData: [{ index: 0, records: batchOf(number) }] }];
    const { responses } = await client.ask(produce, 9, { acks: -1, timeoutMs: 10_000, topicData });
    expect(responses[0]?.partitionResponses[0]).toMatchObject({ errorCode: 0 });
  }
}

async function fetched(client: KafkaSocket, fetchOffset: number, maxBytes = mebibyte) {
  const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: maxBytes }];
  const request = { maxWaitMs: 0, minBytes: 1, maxBytes, topics: [{ topic, partitions }], forgottenTopicsData: [], rackId: '' };
  const { responses } = await client.ask(fetchApi, 11, request);
  const { records, errorCode = -1 } = responses[0]?.partitions[0] ?? {};
  return { records: records ?? new Uint8Array(0), errorCode };
}

/** From byte 21 on batches are as they were sent; before that, the offset is checked. The offset behind them. */
function checked(records: Uint8Array, from: number): number {
  let next = from;
  for (let at = 0; at < records.length; next++) {
    const sent = batchOf(next);
    expect(new DataView(records.buffer, records.byteOffset + at).getBigInt64(0)).toBe(BigInt(next));
    expect(Buffer.compare(records.subarray(at + layout.attributes, at + sent.length), sent.subarray(layout.attributes))).toBe(0);
    at += sent.length;
  }
  return next;
}

async function counted(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((line) => line.startsWith(`millrace_gateway_kafka_${name}_bytes_total`));
  return Number(line?.slice(line.lastIndexOf(' ')));
}

const sentFromFiles = (url: string) => counted(url, 'sent_from_files');

const segmentsIn = (data: string) => {
  const topics = join(data, 'topics');
  const all = readdirSync(topics).flatMap((name) => readdirSync(join(topics, name)).map((file) => join(topics, name, file)));
  return all.filter((path) => path.endsWith('.log')).sort();
};

test.each([
  ['sendfile', 'keep', 10_000_000, Number.POSITIVE_INFINITY],
  ['sendfile', 'pass', 0, Number.POSITIVE_INFINITY],
  ['buffer', 'keep', 0, 0],
])('by the strategy %s, pages that %s, a reader gets every byte as it was', async (strategy, pages, least, most) => {
  const { node, client } = await filledNode(['--fetch-strategy', strategy, '--page-cache', pages]);
  let next = 0;
  while (next < count) {
    const { records, errorCode } = await fetched(client, next);
    expect(errorCode).toBe(0);
    next = checked(records, next);
  }
  const sent = await sentFromFiles(node.url);
  expect(sent).toBeGreaterThanOrEqual(least);
  expect(sent).toBeLessThanOrEqual(most);
});

const pageSize = 4096;

/** Of a page in each MiB, as a kernel does that is short of memory or looks for what is cold. */
function dropPages(path: string): void {
  execFileSync('sync', [path]);
  for (let at = 300_000; at + pageSize < statSync(path).size; at += mebibyte) {
    const place = ['iflag=nocache', `bs=${pageSize}`, `skip=${Math.floor(at / pageSize)}`, 'count=1'];
    execFileSync('dd', [`if=${path}`, 'of=/dev/null', 'status=none', ...place]);
  }
}

test('where a page here and there has left memory it is looked at again, and the rest goes from the file as before', async () => {
  const { node, client, data } = await filledNode(['--page-cache', 'keep']);
  const readAll = async () => {
    for (let next = 0; next < count; ) next = checked((await fetched(client, next)).records, next);
    return sentFromFiles(node.url);
  };
  const first = await readAll();
  for (const path of segmentsIn(data)) dropPages(path);
  expect((await readAll()) - first).toBeGreaterThan(10_000_000);
});

test('what an earlier life wrote is checked by the first reader, and lent to the next', async () => {
  const { node, data } = await filledNode();
  await node.kill('SIGKILL');
  const again = await startNode(data, ['--memory', '64MiB', '--journal', '8MiB']);
  const client = await KafkaSocket.open(again.kafka);
  const readAll = async () => {
    for (let next = 0; next < count; ) next = checked((await fetched(client, next)).records, next);
    return sentFromFiles(again.url);
  };
  const first = await readAll();
  expect((await readAll()) - first).toBeGreaterThan(10_000_000);
});

test('files go when they are asked for, though a reader that does not read has them; what it then gets is right', async () => {
  const { node, client, data } = await filledNode();
  const slow = await KafkaSocket.open(node.kafka);
  slow.socket.pause();
  // More than sockets take: parts of files wait under their leases.
  const ends = Array.from({ length: 40 }, (_, index) =>
    fetched(slow, (index % 10) * 10).then(
      ({ records, errorCode }) => (errorCode === 0 ? checked(records, (index % 10) * 10) : 'gone'),
      () => 'closed',
    ),
  );
  await expect.poll(() => sentFromFiles(node.url), { timeout: 20_000 }).toBeGreaterThan(0);
  const before = segmentsIn(data);
  const partitions = [{ partitionIndex: 0, offset: 150 }];
  await client.ask(deleteRecords, 2, { topics: [{ name: topic, partitions }], timeoutMs: 10_000 });
  // Once a checkpoint needs them no more: a full journal asks for one.
  await append(client, count, count + 100);
  await expect.poll(() => before.slice(0, 3).some((path) => existsSync(path)), { timeout: 20_000 }).toBe(false);
  expect(checked((await fetched(client, 150)).records, 150)).toBeGreaterThan(150);
  slow.socket.resume();
  for (const end of await Promise.all(ends)) expect(typeof end === 'number' || end === 'gone' || end === 'closed').toBe(true);
  expect(await node.kill('SIGTERM')).toBe(0);
});

test('what a full socket does not take is sent on without JavaScript, and the next request is answered behind it', async () => {
  const { node } = await filledNode(['--page-cache', 'keep']);
  const slow = await KafkaSocket.open(node.kafka);
  slow.socket.pause();
  const offsets = Array.from({ length: 40 }, (_, index) => (index % 15) * 10);
  const answers = Promise.all(offsets.map((offset) => fetched(slow, offset)));
  await expect.poll(() => sentFromFiles(node.url), { timeout: 20_000 }).toBeGreaterThan(0);
  slow.socket.resume();
  for (const [index, { records }] of (await answers).entries()) {
    const offset = offsets[index] ?? 0;
    expect(checked(records, offset)).toBeGreaterThan(offset);
  }
  await expect.poll(() => counted(node.url, 'sent_on'), { timeout: 20_000 }).toBeGreaterThan(100_000);
});

test('a connection that dies gives its leases back, and a node that ends meanwhile ends', async () => {
  const { node } = await filledNode();
  const slow = await KafkaSocket.open(node.kafka);
  slow.socket.pause();
  const ends = Array.from({ length: 40 }, (_, index) => fetched(slow, (index % 10) * 10).catch(() => undefined));
  await expect.poll(() => sentFromFiles(node.url), { timeout: 20_000 }).toBeGreaterThan(0);
  const exited = node.kill('SIGTERM');
  slow.close();
  expect(await exited).toBe(0);
  await Promise.all(ends);
});

test('a file that is shorter than it was ends an answer with an error, and nothing hangs', async () => {
  const { node, client, data } = await filledNode();
  const [first] = segmentsIn(data) as [string];
  truncateSync(first, Math.floor(statSync(first).size / 2));
  const codes: number[] = [];
  for (let next = 0; next < 40; ) {
    const { records, errorCode } = await fetched(client, next);
    codes.push(errorCode);
    const end = checked(records, next);
    next = end > next ? end : 40;
  }
  expect(codes.at(-1)).toBe(2);
  expect(checked((await fetched(client, 100)).records, 100)).toBeGreaterThan(100);
  expect(node.log.join('\n')).not.toContain('fenced');
});
