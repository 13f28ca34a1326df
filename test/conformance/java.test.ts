import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connect } from '../../ts/sdk/node/index.js';
import { fetch } from '../../ts/wire/kafka/schema/01-fetch.js';
import { offsetForLeaderEpoch } from '../../ts/wire/kafka/schema/23-offset-for-leader-epoch.js';
import { newDirectory } from '../log/directory.js';
import { startNode } from '../node/process.mjs';
import { testClient } from './client-suite.js';
import { openJava } from './java.js';
import { createTopic, newNode } from './kafka-clients.js';
import { Wiretap } from './wiretap.js';

// Kafka's own clients, which ask for the newest version of everything.

const open = (kafka: string) => openJava('KafkaClient', kafka);

const subject = testClient({
  open,
  codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  refusals: {
    unknownTopic: /not present in metadata/,
    tooLarge: /RecordTooLargeException/,
    badConfig: /InvalidConfigurationException: .*retention\.ms/,
    exists: /TopicExistsException/,
  },
});

test('the newest record, the directories of logs', async () => {
  const { node, client: java } = subject();
  await createTopic(node.gateway, 'newest');
  const records = [3000, 9000, 5000].map((timestamp) => ({ timestamp, key: null, value: 'x', headers: [] }));
  await java.ask('produce', { topic: 'newest', partition: 0, records });
  expect(await java.ask('newest', { topic: 'newest', partition: 0 })).toBe(1);
  expect(await java.ask('logDirs')).toBe(1);
});

test('a member of the newer group protocol is told to take the classic one', async () => {
  const { node, client: java } = subject();
  await createTopic(node.gateway, 'newer');
  await java.ask('join', { member: 'newer', group: 'newer', topic: 'newer', protocol: 'consumer' });
  const failure = () => java.ask('member', { member: 'newer' }).catch(String);
  await expect.poll(failure, { timeout: 30_000 }).toMatch(/UnsupportedVersionException: .*Set group\.protocol=classic/);
});

test('anomaly 28: a consumer that outlives its node asks where the epoch of its position ended, and goes on there', async () => {
  const wiretap = await Wiretap.open();
  const data = join(await newDirectory(), 'data');
  const options = ['--kafka-advertised', wiretap.address, '--group-initial-rebalance-delay-ms', '0'];
  const first = await startNode(data, options);
  wiretap.target = first.kafka;
  await createTopic(first.gateway, 'epochs');
  const java = await open(wiretap.address);
  const send = (value: string) =>
    java.ask('produce', { topic: 'epochs', partition: 0, records: [{ timestamp: 1, key: null, value, headers: [] }] });
  const values = async () => (await java.ask<{ readonly values: readonly string[] }>('member', { member: 'reader' })).values;
  await java.ask('join', { member: 'reader', group: 'epochs', topic: 'epochs', sessionMs: 20_000 });
  await send('before');
  await expect.poll(values, { timeout: 30_000 }).toEqual(['before']);
  expect(wiretap.asked).not.toContain(offsetForLeaderEpoch.key);
  await first.kill('SIGKILL');
  const second = await startNode(data, [...options, '--kafka', first.kafka]);
  await send('after');
  await expect.poll(values, { timeout: 30_000 }).toEqual(['before', 'after']);
  expect(wiretap.asked).toContain(offsetForLeaderEpoch.key);
  wiretap.close();
  await second.kill('SIGKILL');
});

test('many partitions are read in one session, which is told once what it wants', async () => {
  const tap = await Wiretap.open();
  const tapped = await newNode(['--kafka-advertised', tap.address]);
  tap.target = tapped.kafka;
  const [partitions, rounds] = [60, 5];
  await createTopic(tapped.gateway, 'wide', {}, partitions);
  const reader = await open(tap.address);
  const values = Array.from({ length: partitions * rounds }, (_, index) => `${index}`);
  // Answers that hold a few partitions each: the others wait for their turn.
  const read = reader.ask<readonly string[]>('drain', { topic: 'wide', count: values.length, fetchSizeMax: 2000 });
  const client = await connect(tapped.gateway);
  const producer = client.producer();
  for (let round = 0; round < rounds; round++) {
    const own = values.slice(round * partitions, (round + 1) * partitions);
    await Promise.all(own.map((value, partition) => producer.send({ topic: 'wide', partition, value })));
  }
  expect([...(await read)].sort()).toEqual([...values].sort());
  await client.close();
  tap.close();
  const asked = tap.of(fetch);
  const named = asked.map(({ topics }) => topics.reduce((sum, each) => sum + each.partitions.length, 0));
  expect(asked.filter(({ sessionEpoch }) => sessionEpoch === 0)).toHaveLength(1);
  expect(Math.max(...asked.map(({ sessionEpoch }) => sessionEpoch))).toBeGreaterThan(1);
  expect(named[0]).toBe(partitions);
  // Each record moves a partition once, and what is buffered is forgotten and named again.
  expect(named.reduce((sum, count) => sum + count, 0)).toBeLessThan(partitions * (2 * rounds + 1));
});
