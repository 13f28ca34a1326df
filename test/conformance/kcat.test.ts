import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../ts/sdk/node/index.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, type RunningNode, startNode } from '../node/process.mjs';
import {
  createTopic,
  headerOf,
  kcat,
  kcatEnded,
  kcatRead,
  newNode,
  spawnKcat,
  waitingFetches,
  webSocketBatches,
} from './kafka-clients.js';

// kcat, which is librdkafka. It learns by its versions what it may use: one that produces plain batches with -z was told too little.

removeDirectoriesAfterwards();

let node: RunningNode;

beforeAll(async () => {
  node = await newNode(['--message-size-max', '32MiB', '--group-min-session-timeout-ms', '1000']);
});

afterAll(killAll);

const compressible = 'x'.repeat(2000);

test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])('%s: keys, headers and values come back', async (codec) => {
  const topic = `codec-${codec}`;
  // In one batch: one alone is not compressed if that does not make it smaller.
  const produce = [
    '-P',
    '-t',
    topic,
    '-z',
    codec,
    '-X',
    'linger.ms=200',
    '-K:',
    '-H',
    'a=first',
    '-H',
    'a=second',
    '-H',
    'größe=五千',
  ];
  await kcat(node.kafka, produce, `key:value\nключ:значение\n:${compressible}\n`);
  const headers = ['a', 'first', 'a', 'second', 'größe', '五千'];
  expect(await kcatRead(node.kafka, topic)).toMatchObject([
    { offset: 0, headers, key: 'key', payload: 'value' },
    { offset: 1, headers, key: 'ключ', payload: 'значение' },
    { offset: 2, headers, key: '', payload: compressible },
  ]);
  const [batch] = await webSocketBatches(node.gateway, topic);
  expect(batch && headerOf(batch).compression).toBe(codec);
});

test('an idempotent producer has an id, and its batches have sequences', async () => {
  await createTopic(node.gateway, 'idempotent');
  const produce = ['-P', '-t', 'idempotent', '-X', 'enable.idempotence=true', '-X', 'batch.num.messages=10'];
  await kcat(node.kafka, produce, 'line\n'.repeat(100));
  const headers = (await webSocketBatches(node.gateway, 'idempotent')).map(headerOf);
  expect(headers.every(({ hasProducer, baseSequence, baseOffset }) => hasProducer && baseSequence === baseOffset)).toBe(true);
  expect(headers.reduce((sum, { recordsCount }) => sum + recordsCount, 0)).toBe(100);
});

test('tombstones and absent keys are null, not empty', async () => {
  await kcat(node.kafka, ['-P', '-t', 'nulls', '-Z', '-K:'], 'deleted:\n:no key\n');
  await kcat(node.kafka, ['-P', '-t', 'nulls', '-K:'], 'empty:\n');
  expect(await kcatRead(node.kafka, 'nulls')).toMatchObject([
    { key: 'deleted', payload: null },
    { key: null, payload: 'no key' },
    { key: 'empty', payload: '' },
  ]);
});

test('10 MiB in one message, where the topic allows it', async () => {
  const size = 10 << 20;
  const path = join(await newDirectory(), 'large');
  const message = randomBytes(size);
  await writeFile(path, message.toString('base64').slice(0, size));
  const produce = ['-P', '-p', '0', '-X', 'message.max.bytes=16000000'];
  await createTopic(node.gateway, 'large', { 'max.message.bytes': String(12 << 20) });
  await createTopic(node.gateway, 'usual');
  await kcat(node.kafka, [...produce, '-t', 'large', path]);
  const read = await kcat(node.kafka, ['-C', '-t', 'large', '-e', '-q', '-D', '']);
  expect(read === message.toString('base64').slice(0, size)).toBe(true);
  const refused = await kcatEnded(node.kafka, [...produce, '-t', 'usual', path]);
  expect(refused).toMatchObject({ code: 1, errors: expect.stringContaining('Message size too large') });
});

test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
  '%s: a topic that is to be compacted takes no record without a key',
  async (codec) => {
    const topic = `compacted-${codec}`;
    await createTopic(node.gateway, topic, { 'cleanup.policy': 'compact' });
    const produce = ['-P', '-t', topic, '-z', codec, '-X', 'linger.ms=200'];
    const refused = await kcatEnded(node.kafka, produce, `${compressible}\n${compressible}\n`);
    expect(refused).toMatchObject({ code: 1, errors: expect.stringContaining('failed to validate record') });
    await kcat(node.kafka, [...produce, '-K:'], `key:${compressible}\nother:${compressible}\n`);
    const read = await kcatRead(node.kafka, topic);
    expect(read.map(({ offset, key }) => ({ offset, key }))).toEqual([
      { offset: 0, key: 'key' },
      { offset: 1, key: 'other' },
    ]);
    const [batch] = await webSocketBatches(node.gateway, topic);
    expect(headerOf(batch ?? new Uint8Array(0)).compression).toBe(codec);
  },
);

test('a group commits what it has read, and goes on behind it', async () => {
  await createTopic(node.gateway, 'grouped', {}, 2);
  const grow = (first: string, second: string) =>
    Promise.all([first, second].map((line, at) => kcat(node.kafka, ['-P', '-t', 'grouped', '-p', `${at}`], `${line}\n`)));
  const read = async () => {
    const settings = ['-X', 'auto.offset.reset=earliest', '-X', 'fetch.wait.max.ms=10'];
    const lines = await kcat(node.kafka, ['-e', '-q', ...settings, '-G', 'group', 'grouped']);
    return lines.trim().split('\n').sort();
  };
  await grow('a', 'b');
  expect(await read()).toEqual(['a', 'b']);
  await grow('c', 'd');
  expect(await read()).toEqual(['c', 'd']);
});

test('who stays in a group takes the partitions of who leaves, and of who dies when its session is over', async () => {
  await createTopic(node.gateway, 'shared', {}, 2);
  const settings = ['session.timeout.ms=2000', 'heartbeat.interval.ms=200', 'auto.offset.reset=earliest', 'fetch.wait.max.ms=10'];
  const join = () => {
    const member = spawnKcat(node.kafka, [
      '-u',
      '-f',
      '%s\\n',
      ...settings.flatMap((each) => ['-X', each]),
      '-G',
      'shared',
      'shared',
    ]);
    let told = '';
    member.stderr.on('data', (chunk) => {
      told += chunk;
    });
    const lines = createInterface({ input: member.stdout })[Symbol.asyncIterator]();
    const assigned = () => told.split('\n').findLast((line) => line.includes('assigned: '));
    return { member, assigned, next: async () => (await lines.next()).value };
  };
  const both = /assigned: shared \[\d\], shared \[\d\]/;
  const one = /assigned: shared \[\d\]\s*$/;
  const patience = { timeout: 30_000 };
  const stays = join();
  await expect.poll(stays.assigned, patience).toMatch(both);
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const goes = join();
    await expect.poll(goes.assigned, patience).toMatch(one);
    await expect.poll(stays.assigned, patience).toMatch(one);
    // Until then it may read what comes.
    const gone = once(goes.member, 'close');
    goes.member.kill(signal);
    await gone;
    for (const partition of [0, 1])
      await kcat(node.kafka, ['-P', '-t', 'shared', '-p', `${partition}`], `${signal} ${partition}\n`);
    expect([await stays.next(), await stays.next()].sort()).toEqual([`${signal} 0`, `${signal} 1`]);
    await expect.poll(stays.assigned, patience).toMatch(both);
  }
  stays.member.kill('SIGKILL');
});

test('an empty topic ends at once, wherever one begins', async () => {
  await createTopic(node.gateway, 'empty', {}, 3);
  for (const from of ['beginning', 'end', 's@1']) expect(await kcatRead(node.kafka, 'empty', from)).toEqual([]);
});

test('an empty topic is waited at, and gives what comes', async () => {
  await createTopic(node.gateway, 'awaited');
  await expect.poll(() => waitingFetches(node)).toBe(0);
  const from = (place: string) => kcatEnded(node.kafka, ['-C', '-t', 'awaited', '-o', place, '-c', '1', '-q']);
  const readers = [from('beginning'), from('end')];
  await expect.poll(() => waitingFetches(node), { timeout: 10_000 }).toBe(readers.length);
  await sleep(1000);
  await kcat(node.kafka, ['-P', '-t', 'awaited'], 'came\n');
  expect(await Promise.all(readers)).toMatchObject(readers.map(() => ({ code: 0, out: 'came\n' })));
});

test('seeks by offset, from the end and by time', async () => {
  const client = await connect(node.gateway);
  const producer = client.producer();
  for (const timestamp of [1000, 2000, 3000, 4000]) {
    await producer.send({ topic: 'seeks', timestamp, value: String(timestamp) });
  }
  await client.close();
  const values = async (from: string) => (await kcatRead(node.kafka, 'seeks', from)).map(({ payload }) => payload);
  expect(await values('1')).toEqual(['2000', '3000', '4000']);
  expect(await values('-1')).toEqual(['4000']);
  expect(await values('s@2500')).toEqual(['3000', '4000']);
  expect(await values('s@4001')).toEqual([]);
  expect(await kcat(node.kafka, ['-Q', '-t', 'seeks:0:2000'])).toContain('seeks [0] offset 1');
});

test('-L tells nodes, topics, partitions and leaders', async () => {
  await createTopic(node.gateway, 'listed', {}, 3);
  const { brokers, topics } = JSON.parse(await kcat(node.kafka, ['-L', '-J', '-t', 'listed']));
  expect(brokers).toEqual([{ id: 1, name: node.kafka }]);
  const partitions = [0, 1, 2].map((partition) => ({ partition, leader: 1, replicas: [{ id: 1 }], isrs: [{ id: 1 }] }));
  expect(topics).toEqual([{ topic: 'listed', partitions }]);
});

test('an unknown topic is made by a producer, and named where that is forbidden', async () => {
  await kcat(node.kafka, ['-P', '-t', 'made'], 'made\n');
  expect(await kcatRead(node.kafka, 'made')).toMatchObject([{ payload: 'made' }]);
  const strict = await newNode(['--auto-create-topics-enable', 'false']);
  const unknown = { code: 1, errors: expect.stringContaining('Unknown topic or partition') };
  expect(await kcatEnded(strict.kafka, ['-C', '-t', 'none', '-e'])).toMatchObject(unknown);
  expect(await kcatEnded(strict.kafka, ['-P', '-t', 'none', '-X', 'topic.metadata.propagation.max.ms=0'], 'x\n')).toMatchObject({
    code: 1,
    errors: expect.stringContaining('Unknown topic'),
  });
  await strict.kill('SIGKILL');
});

test('a producer and a consumer go on when the node comes back after kill -9', async () => {
  const data = join(await newDirectory(), 'data');
  const first = await startNode(data);
  const patient = ['-E', '-X', 'reconnect.backoff.max.ms=200'];
  const produce = ['-P', '-t', 'resumed', ...patient];
  await kcat(first.kafka, produce, 'before\n');
  const consumer = spawnKcat(first.kafka, ['-C', '-t', 'resumed', '-u', '-q', ...patient]);
  const lines = createInterface({ input: consumer.stdout })[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value;
  expect(await next()).toBe('before');
  await first.kill('SIGKILL');
  const producing = kcat(first.kafka, produce, 'meanwhile\n');
  const second = await startNode(data, ['--kafka', first.kafka]);
  await producing;
  expect(await next()).toBe('meanwhile');
  await kcat(second.kafka, produce, 'after\n');
  expect(await next()).toBe('after');
  consumer.kill('SIGKILL');
  await second.kill('SIGKILL');
});
