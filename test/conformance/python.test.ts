import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../ts/sdk/node/index.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, startNode } from '../node/process.mjs';
import { type Python, preparePython } from './python-environment.js';

// A client in another language, written from docs/PROTOCOL.md and proto/millrace/v1 alone, lives scenarios against a real node.
// What it must have seen is here.

removeDirectoriesAfterwards();

let python: Python;
let address: string;

beforeAll(async () => {
  python = await preparePython();
  address = (await startNode(join(await newDirectory(), 'data'))).gateway;
});

afterAll(killAll);

const live = (scenario: string, options?: Readonly<Record<string, unknown>>) => python.live(address, scenario, options);

test('the client is small enough to be written in an afternoon', () => {
  const lines = ['client.py', 'batches.py'].flatMap((name) =>
    readFileSync(new URL(`python/${name}`, import.meta.url), 'utf8')
      .trimEnd()
      .split('\n'),
  );
  expect(lines.length).toBeLessThanOrEqual(300);
});

test('hello: version, cluster, limits, a clock that goes on', async () => {
  const { limits, ...rest } = (await live('hello')) as { limits: Readonly<Record<string, number>> };
  expect(rest).toEqual({ version: 1, cluster: expect.stringMatching(/./), node: 1, clock: true });
  expect(Object.entries(limits).filter(([, limit]) => !(limit > 0))).toEqual([]);
});

test('topics: created, described, deleted; a subscription ends with one event', async () => {
  expect(await live('topics')).toEqual({
    named: ['topics'],
    partitions: [0, 1, 2],
    leaders: [1],
    durability: 'DURABILITY_FSYNC',
    isSameId: true,
    nodes: [[1, address]],
    event: [1, 'deleted'],
    isStillThere: false,
    others: 0,
  });
});

test('acks say what they promise; the entries of a request fail one by one', async () => {
  expect(await live('acks')).toEqual({
    all: 'DURABILITY_FSYNC',
    leader: 'DURABILITY_REPLICATED',
    none: 'DURABILITY_UNSPECIFIED',
    tooWeak: { error: 'DURABILITY_UNAVAILABLE', retry: 'RETRY_NEVER' },
    entries: [0, 'CORRUPT_BATCH', 1],
  });
});

test('an idempotent batch sent again is stored once, over another connection too', async () => {
  expect(await live('idempotent')).toEqual({
    isNewId: true,
    offsets: [0, 0, 2, 0],
    duplicates: [false, true, false, true],
    gap: { error: 'OUT_OF_ORDER_SEQUENCE', retry: 'RETRY_NEVER' },
    log: ['a', 'b', 'c'],
  });
});

test('a subscription begins at the beginning, the end, an offset, a time, a position', async () => {
  const all = ['00', '01', '10', '11', '20', '21', '30', '31', 'last'];
  const firsts = { beginning: 0, end: 8, offset: 3, timestamp: 5, afterAll: 8, position: 6 };
  const of = <T>(value: (first: number) => T) =>
    Object.fromEntries(Object.entries(firsts).map(([name, first]) => [name, value(first)]));
  expect(await live('starts')).toEqual({
    firsts,
    read: of((first) => all.slice(first)),
    offsets: of(() => 9),
    tooFar: {
      offset: { error: 'OFFSET_OUT_OF_RANGE', retry: 'RETRY_NEVER' },
      fetch: { error: 'OFFSET_OUT_OF_RANGE', retry: 'RETRY_NEVER' },
      position: ['truncated', 100, 9],
    },
  });
});

test('a subscription stops without credit and goes on with it', async () => {
  expect(await live('credits')).toEqual({
    first: [0, 1],
    unaskedWithout: 0,
    unaskedAtZero: 0,
    rest: [1, 2],
    afterUnsubscribe: ['3'],
  });
});

test('a fetch waits for records; offsets are listed by end and by time', async () => {
  expect(await live('fetches')).toEqual({
    empty: [0, 0, 0],
    waited: [true, true],
    small: [2, 3],
    listed: { beginning: [0, null], end: [3, null], timestamp: [2, 2000], afterAll: [3, null] },
  });
});

test('positions of a topic that was deleted and created again', async () => {
  expect(await live('recreated')).toEqual({ event: 'recreated', ids: [true, true], read: ['new'], fetch: 'recreated' });
});

test('errors: told in an answer, or in a last word and a close code', async () => {
  expect(await live('errors')).toEqual({
    refused: {
      unknownTopic: { error: 'UNKNOWN_TOPIC', retry: 'RETRY_REFRESH' },
      unknownTopicSubscribed: { error: 'UNKNOWN_TOPIC', retry: 'RETRY_REFRESH' },
      unknownTopicDeleted: { error: 'UNKNOWN_TOPIC', retry: 'RETRY_REFRESH' },
      unknownPartition: { error: 'UNKNOWN_PARTITION', retry: 'RETRY_REFRESH' },
      topicExists: { error: 'TOPIC_EXISTS', retry: 'RETRY_NEVER' },
      invalidTopic: { error: 'INVALID_TOPIC', retry: 'RETRY_NEVER' },
      invalidConfig: { error: 'INVALID_CONFIG', retry: 'RETRY_NEVER' },
      damaged: { error: 'CORRUPT_BATCH', retry: 'RETRY_NEVER' },
      samePartition: { error: 'INVALID_REQUEST', retry: 'RETRY_NEVER' },
      sameSubscriptionId: { error: 'INVALID_REQUEST', retry: 'RETRY_NEVER' },
    },
    closing: {
      noHello: [4003, 'OUT_OF_ORDER'],
      oldVersion: [4002, 'UNSUPPORTED_VERSION'],
      secondHello: [4003, 'OUT_OF_ORDER'],
      idInUse: [4003, 'OUT_OF_ORDER'],
      noId: [4003, 'OUT_OF_ORDER'],
      malformed: [4001, 'MALFORMED'],
      empty: [4003, 'OUT_OF_ORDER'],
      text: [4001, 'MALFORMED'],
      hugeNumber: [4001, 'MALFORMED'],
      tooLarge: [1009, 'LIMIT_EXCEEDED'],
    },
    isStillServed: true,
  });
});

describe('a node that is killed and comes back', () => {
  test('positions resume without gap or repeat, what was repeated is stored once, ids stay unique', async () => {
    const data = join(await newDirectory(), 'data');
    const first = await startNode(data);
    const report = await python.live(first.gateway, 'resume', {}, async (line) => {
      expect(line).toBe('kill');
      await first.kill('SIGKILL');
      return (await startNode(data, ['--gateway', first.gateway])).gateway;
    });
    expect(report).toEqual({
      before: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      closed: 1006,
      isSameCluster: true,
      repeated: [true, true],
      after: [10, 11, 12, 13, 14],
      isNewId: true,
    });
  });

  test('one that stops says goodbye first', async () => {
    const node = await startNode(join(await newDirectory(), 'data'));
    const report = await python.live(node.gateway, 'stopping', {}, async () => {
      void node.kill('SIGTERM');
      return '';
    });
    expect(report).toEqual({ told: ['goodbye', true], closed: [4006, 'SHUTTING_DOWN'] });
  });
});

// Headers may repeat a name and lack a value; keys and values may be absent, or empty, which is something else.
const records = [
  { timestamp: 1000, key: null, value: 'no key', headers: [] },
  { timestamp: 999, key: 'tombstone', value: null, headers: [['why', 'deleted']] },
  {
    timestamp: 1001,
    key: '',
    value: '',
    headers: [
      ['a', 'first'],
      ['a', 'second'],
      ['none', null],
      ['', ''],
    ],
  },
  { timestamp: 1001, key: 'ключ', value: 'x'.repeat(5_000), headers: [['größe', '五千']] },
] as const;

const numbered = records.map((record, offset) => ({ offset, ...record }));

describe.each([
  ['plain', 'none', 0],
  ['gzip', 'gzip', 1],
] as const)('%s batches', (name, compression, bits) => {
  test('of Python are read by the SDK', async () => {
    const topic = `from-python-${name}`;
    const client = await connect(address);
    await client.admin.createTopic(topic, { partitions: 1 });
    expect(await live('write', { topic, compression: bits, records })).toEqual({ offset: 0 });
    const read: unknown[] = [];
    for await (const { offset, timestamp, key, value, headers } of client.consumer({ topics: [topic], from: 'beginning' })) {
      const named = headers.map((header) => [header.name, asText(header.value)]);
      read.push({ offset, timestamp, key: asText(key), value: asText(value), headers: named });
      if (read.length === records.length) break;
    }
    await client.close();
    expect(read).toEqual(numbered);
  });

  test('of the SDK are read by Python', async () => {
    const topic = `from-sdk-${name}`;
    const client = await connect(address);
    await client.admin.createTopic(topic, { partitions: 1 });
    const producer = client.producer({ compression });
    await Promise.all(
      records.map(({ timestamp, key, value, headers }) =>
        producer.send({
          topic,
          timestamp,
          key,
          value,
          headers,
        }),
      ),
    );
    await client.close();
    expect(await live('read', { topic, count: records.length })).toEqual({ records: numbered });
  });
});

function asText(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString();
}
