import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../ts/sdk/node/index.js';
import { fetch } from '../../ts/wire/kafka/schema/01-fetch.js';
import { removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, type RunningNode } from '../node/process.mjs';
import { type JavaSession, openJavaSession } from './java-session.js';
import { createTopic, headerOf, newNode, webSocketBatches } from './kafka-clients.js';
import { Wiretap } from './raw-kafka.js';

// Kafka's own clients, which ask for the newest version of everything; their producer is idempotent unless told otherwise.

removeDirectoriesAfterwards();

let node: RunningNode;
let java: JavaSession;

beforeAll(async () => {
  node = await newNode();
  java = await openJavaSession('KafkaClient', node.kafka);
});

afterAll(() => {
  java?.close();
  killAll();
});

const records = [
  {
    timestamp: 1000,
    key: 'ключ',
    value: 'value',
    headers: [
      ['a', 'first'],
      ['a', 'second'],
    ],
  },
  { timestamp: 2000, key: 'tombstone', value: null, headers: [] },
  { timestamp: 3000, key: null, value: 'x'.repeat(3000), headers: [] },
];

const asked = JSON.stringify(records);
const numbered = records.map((record, offset) => ({ offset, ...record }));

test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])('%s: what is produced comes back', async (codec) => {
  const topic = `codec-${codec}`;
  await createTopic(node.gateway, topic);
  const settings = [`compression.type=${codec}`, 'linger.ms=200'];
  expect(await java.ask('produce', topic, asked, ...settings)).toEqual({ offsets: [0, 1, 2] });
  expect(await java.ask('read', topic, 'beginning', 0)).toEqual({ records: numbered });
  const [batch] = await webSocketBatches(node.gateway, topic);
  expect(batch && [headerOf(batch).compression, headerOf(batch).hasProducer]).toEqual([codec, true]);
});

test.each([
  ['0', [-1, -1, -1]],
  ['1', [0, 1, 2]],
])('acks %s', async (acks, offsets) => {
  await createTopic(node.gateway, `acks-${acks}`);
  const settings = [`acks=${acks}`, 'enable.idempotence=false'];
  expect(await java.ask('produce', `acks-${acks}`, asked, ...settings)).toEqual({ offsets });
});

test('seeks to the beginning, the end, an offset and a time', async () => {
  await createTopic(node.gateway, 'seeks');
  await java.ask('produce', 'seeks', asked);
  const read = (from: string, at: number) => java.ask('read', 'seeks', from, at);
  expect(await read('beginning', 0)).toEqual({ records: numbered });
  expect(await read('end', 0)).toEqual({ records: [] });
  expect(await read('offset', 1)).toEqual({ records: numbered.slice(1) });
  expect(await read('time', 2500)).toEqual({ records: numbered.slice(2) });
  expect(await java.ask('offsets', 'seeks', 1500)).toEqual({ beginning: 0, end: 3, found: 1, timestamp: 2000 });
  expect(await java.ask('offsets', 'seeks', 3001)).toEqual({ beginning: 0, end: 3, found: -1, timestamp: -1 });
});

test('what is too large is refused by name', async () => {
  await createTopic(node.gateway, 'small', { 'max.message.bytes': '1000' });
  await expect(java.ask('produce', 'small', asked)).rejects.toThrow('RecordTooLargeException');
});

test('administration: the life of a topic', async () => {
  expect(await java.ask('admin', 'administered')).toEqual({
    listed: true,
    partitions: 3,
    retention: '1000',
    altered: '2000',
    refused: 'InvalidConfigurationException',
    end: 1,
    newest: 0,
    logStart: 1,
    nodes: 1,
    logDirs: 1,
    isGone: true,
  });
});

test('a group reads, commits, and goes on', async () => {
  await createTopic(node.gateway, 'grouped');
  await java.ask('produce', 'grouped', JSON.stringify(records.slice(0, 2)));
  expect(await java.ask('group', 'grouped', 'java', 2)).toEqual({ values: ['value', null], committed: 2 });
  await java.ask('produce', 'grouped', JSON.stringify(records.slice(2)));
  expect(await java.ask('group', 'grouped', 'java', 1)).toEqual({ values: [records[2]?.value], committed: 3 });
});

test('many partitions are read in one session, which is told once what it wants', async () => {
  const tap = await Wiretap.open();
  const tapped = await newNode(['--kafka-advertised', tap.address]);
  tap.target = tapped.kafka;
  const [partitions, rounds] = [60, 5];
  await createTopic(tapped.gateway, 'wide', {}, partitions);
  const reader = await openJavaSession('KafkaClient', tap.address);
  const values = Array.from({ length: partitions * rounds }, (_, index) => `${index}`);
  // Answers that hold a few partitions each: the others wait for their turn.
  const settings = ['fetch.max.bytes=2000', 'fetch.max.wait.ms=50'];
  const read = reader.ask<{ values: readonly string[] }>('drain', 'wide', values.length, ...settings);
  const client = await connect(tapped.gateway);
  const producer = client.producer();
  for (let round = 0; round < rounds; round++) {
    const own = values.slice(round * partitions, (round + 1) * partitions);
    await Promise.all(own.map((value, partition) => producer.send({ topic: 'wide', partition, value })));
  }
  expect([...(await read).values].sort()).toEqual([...values].sort());
  await client.close();
  reader.close();
  tap.close();
  const asked = tap.of(fetch);
  const named = asked.map(({ topics }) => topics.reduce((sum, each) => sum + each.partitions.length, 0));
  expect(asked.filter(({ sessionEpoch }) => sessionEpoch === 0)).toHaveLength(1);
  expect(Math.max(...asked.map(({ sessionEpoch }) => sessionEpoch))).toBeGreaterThan(1);
  expect(named[0]).toBe(partitions);
  // Each record moves a partition once, and what is buffered is forgotten and named again.
  expect(named.reduce((sum, count) => sum + count, 0)).toBeLessThan(partitions * (2 * rounds + 1));
});
