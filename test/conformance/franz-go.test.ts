import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newDirectory } from '../log/directory.js';
import { startNode } from '../node/process.mjs';
import { testClient } from './client-suite.js';
import { openGoClient } from './go-clients.js';
import { createTopic } from './kafka-clients.js';

// franz-go asks for the newest version of everything that both sides know.

const open = (kafka: string) => openGoClient('franz', kafka);

const subject = testClient({
  open,
  codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  refusals: {
    unknownTopic: /UNKNOWN_TOPIC_OR_PARTITION/,
    tooLarge: /MESSAGE_TOO_LARGE/,
    badConfig: /INVALID_CONFIG/,
    exists: /TOPIC_ALREADY_EXISTS/,
  },
});

test('anomaly 27: who seeks a time while retention takes the beginning is told the first record left, never nothing', async () => {
  const { node, client } = subject();
  await createTopic(node.gateway, 'retained', { 'segment.bytes': '4000', 'retention.bytes': '8000' });
  const [count, perBatch] = [200, 10];
  for (let first = 0; first < count; first += perBatch) {
    const timestamps = Array.from({ length: perBatch }, (_, index) => first + index);
    const records = timestamps.map((timestamp) => ({ timestamp, key: null, value: 'x'.repeat(200), headers: [] }));
    await client.ask('produce', { topic: 'retained', partition: 0, records });
  }
  const wanted = count / 2;
  let beginning = 0;
  while (beginning <= wanted) {
    const told = await client.ask<{ beginning: number; end: number; found: number }>('offsets', {
      topic: 'retained',
      partition: 0,
      time: wanted,
    });
    // The beginning was asked for first, and moves on.
    expect(told.end).toBe(count);
    expect(told.found).toBeGreaterThanOrEqual(Math.max(wanted, told.beginning));
    expect(told.found).toBeLessThan(count);
    beginning = told.beginning;
  }
});

test('anomaly 28: where each life of a node ended is known in the next', async () => {
  const data = join(await newDirectory(), 'data');
  const ends: (readonly [number, number])[] = [];
  for (const life of [1, 2, 3]) {
    const node = await startNode(data);
    if (life === 1) await createTopic(node.gateway, 'lives');
    const client = await open(node.kafka);
    const records = Array.from({ length: life }, () => ({ timestamp: 1, key: null, value: 'x', headers: [] }));
    await client.ask('produce', { topic: 'lives', partition: 0, records });
    const { end } = await client.ask<{ end: number }>('offsets', { topic: 'lives', partition: 0, time: 0 });
    const endOf = (epoch: number) => client.ask('endOfEpoch', { topic: 'lives', partition: 0, time: epoch });
    ends.push([await client.ask<number>('epoch', { topic: 'lives' }), end]);
    for (const [epoch, end] of ends) expect(await endOf(epoch)).toEqual([epoch, end]);
    await client.kill();
    await node.kill('SIGKILL');
  }
  expect(ends.map(([, end]) => end)).toEqual([1, 3, 6]);
});
