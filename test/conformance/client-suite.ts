import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, type RunningNode, startNode } from '../node/process.mjs';
import { type Driver, killDrivers } from './driver.js';
import { createTopic, headerOf, newNode, pushedRecords, waitingFetches, webSocketBatches } from './kafka-clients.js';

// What every client is put through, whoever wrote it. Its driver answers these asks; `?` may be absent, and each has more fields than some
// client needs:
//
//   produce {topic, partition, records, codec?, acks?, idempotent?}   offsets of the records
//   read {topic, partition, from, at}                    records up to the end; from: beginning, end, offset or time, which is at
//   offsets {topic, partition, time}                     {beginning, end, found}; found: the first at or behind the time, or -1
//   nodes, topics, partitions {topic}                    how many, their names, how many
//   createTopic {topic, partitions, configs?, validateOnly?}, growTopic {topic, partitions}, deleteTopic {topic}
//   config {topic, name}, alterConfig {topic, name, value}, deleteRecords {topic, partition, before}
//   join {member, group, topic, sessionMs}               becomes a member that reads from the beginning, commits, and keeps what it read
//   member {member}, leave {member}                      {assigned, values}
//   groups, describeGroup {group}, deleteGroup {group}   names, {state, members}
//   committed {group, topic, partition}                  an offset
//   begin {topic}, acked, end                            sends 0, 1, 2 … with idempotence; how many are acknowledged; [number, offset] of each

type Codec = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

export interface ClientUnderTest {
  /** A process of its own, connected to a broker. */
  readonly open: (kafka: string) => Promise<Driver> | Driver;
  readonly codecs: readonly Codec[];
  /** In which words it tells what has to fail. */
  readonly refusals: {
    readonly unknownTopic: RegExp;
    readonly tooLarge: RegExp;
    readonly badConfig: RegExp;
    readonly exists: RegExp;
  };
  /** What it cannot ask for, write, or tell from null. */
  readonly lacks?: readonly ('deleteGroup' | 'deleteRecords' | 'emptiness' | 'idempotence' | 'nullHeaders' | 'validateOnly')[];
}

export interface TestRecord {
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [string, string | null])[];
}

const everyRecord: readonly TestRecord[] = [
  { timestamp: 1000, key: 'ключ', value: 'value', headers: [['größe', '五千']] },
  { timestamp: 2000, key: 'tombstone', value: null, headers: [] },
  { timestamp: 3000, key: null, value: 'x'.repeat(3000), headers: [] },
  {
    timestamp: 4000,
    key: '',
    value: '',
    headers: [
      ['empty', ''],
      ['absent', null],
    ],
  },
];

function withoutNullHeaders(record: TestRecord): TestRecord {
  return { ...record, headers: record.headers.filter(([, value]) => value !== null) };
}

const largeSize = 10 << 20;
const sessionMs = 2000;
const patience = { timeout: 40_000, interval: 50 };

function emptyAsNull<T extends TestRecord>(record: T): T {
  const told = (text: string | null) => (text === '' ? null : text);
  const headers = record.headers.map(([name, value]) => [name, told(value)] as const);
  return { ...record, key: told(record.key), value: told(record.value), headers };
}

interface Member {
  readonly assigned: readonly number[];
  /** Values read whose offsets were committed. */
  readonly values: readonly string[];
}

/** A number that was sent as a value, and the offset that its acknowledgement told. */
type Ack = readonly [number, number];

/** For tests of its own: the node, and a driver that is connected to it. */
interface Subject {
  readonly node: RunningNode;
  readonly client: Driver;
}

export function testClient({ open, codecs, refusals, lacks = [] }: ClientUnderTest): () => Subject {
  let node: RunningNode;
  let client: Driver;

  removeDirectoriesAfterwards();

  beforeAll(async () => {
    node = await newNode(['--auto-create-topics-enable', 'false', '--group-min-session-timeout-ms', '1000']);
    client = await open(node.kafka);
  });

  afterAll(async () => {
    await killDrivers();
    killAll();
  });

  const records = lacks.includes('nullHeaders') ? everyRecord.map(withoutNullHeaders) : everyRecord;
  const stored = records.map((record, offset) => ({ offset, ...record }));
  /** As this client tells it. */
  const numbered = lacks.includes('emptiness') ? stored.map(emptyAsNull) : stored;
  const produce = (topic: string, more: object = {}) => client.ask('produce', { topic, partition: 0, records, ...more });
  const read = (topic: string, from: string, at = 0) => client.ask('read', { topic, partition: 0, from, at });

  test.each(codecs)('%s: keys, headers, nulls and timestamps come back', async (codec) => {
    await createTopic(node.gateway, codec);
    expect(await produce(codec, { codec })).toEqual([0, 1, 2, 3]);
    expect(await read(codec, 'beginning')).toEqual(numbered);
    const [batch] = await webSocketBatches(node.gateway, codec);
    expect(batch && headerOf(batch).compression).toBe(codec);
    expect(await pushedRecords(node.gateway, codec, records.length)).toEqual(stored);
  });

  const ways: Readonly<Record<string, object>> = {
    'acks 1': { acks: 1 },
    'acks all': { acks: -1 },
    ...(!lacks.includes('idempotence') && { idempotent: { idempotent: true } }),
  };

  test.each(Object.entries(ways))('%s', async (name, way) => {
    const topic = name.replace(' ', '-');
    await createTopic(node.gateway, topic);
    expect(await produce(topic, way)).toEqual([0, 1, 2, 3]);
    expect(await produce(topic, way)).toEqual([4, 5, 6, 7]);
    const headers = (await webSocketBatches(node.gateway, topic)).map(headerOf);
    expect(new Set(headers.map(({ hasProducer }) => hasProducer))).toEqual(new Set(['idempotent' in way]));
  });

  test('acks 0', async () => {
    await createTopic(node.gateway, 'acks-0');
    await produce('acks-0', { acks: 0 });
    await expect.poll(() => read('acks-0', 'beginning'), patience).toEqual(numbered);
  });

  test('seeks to the beginning, the end, an offset and a time', async () => {
    await createTopic(node.gateway, 'seeks');
    await produce('seeks');
    expect(await read('seeks', 'beginning')).toEqual(numbered);
    expect(await read('seeks', 'end')).toEqual([]);
    expect(await read('seeks', 'offset', 1)).toEqual(numbered.slice(1));
    const offsets = (time: number) => client.ask('offsets', { topic: 'seeks', partition: 0, time });
    expect(await read('seeks', 'time', 2500)).toEqual(numbered.slice(2));
    expect(await offsets(1500)).toEqual({ beginning: 0, end: 4, found: 1 });
    expect(await offsets(4001)).toEqual({ beginning: 0, end: 4, found: -1 });
  });

  test('an empty topic is empty, wherever one begins', async () => {
    await createTopic(node.gateway, 'empty', {}, 3);
    for (const from of ['beginning', 'end', 'offset']) expect(await read('empty', from)).toEqual([]);
    expect(await client.ask('offsets', { topic: 'empty', partition: 2, time: 0 })).toEqual({ beginning: 0, end: 0, found: -1 });
  });

  test('an empty topic is waited at, and gives what comes', async () => {
    await createTopic(node.gateway, 'awaited');
    await expect.poll(() => waitingFetches(node), patience).toBe(0);
    await client.ask('join', { member: 'waits', group: 'waiting', topic: 'awaited', sessionMs });
    // Many clients would not fetch from where they were told that there is nothing: this one does.
    await expect.poll(() => waitingFetches(node), patience).toBe(1);
    await sleep(1000);
    const values = async () => (await client.ask<Member>('member', { member: 'waits' })).values;
    expect(await values()).toEqual([]);
    await produce('awaited', { records: records.slice(0, 1) });
    await expect.poll(values, patience).toEqual(['value']);
    await client.ask('leave', { member: 'waits' });
  });

  test('10 MiB in one record, where the topic allows it', async () => {
    await createTopic(node.gateway, 'large', { 'max.message.bytes': String(12 << 20) });
    await createTopic(node.gateway, 'usual');
    const value = randomBytes(largeSize).toString('base64').slice(0, largeSize);
    const large = [{ timestamp: 1, key: null, value, headers: [] }];
    expect(await produce('large', { records: large })).toEqual([0]);
    // Too much to be shown.
    const [found] = await client.ask<readonly TestRecord[]>('read', { topic: 'large', partition: 0, from: 'beginning', at: 0 });
    expect(found?.value === value).toBe(true);
    await expect(produce('usual', { records: large })).rejects.toThrow(refusals.tooLarge);
    expect(await read('usual', 'beginning')).toEqual([]);
  });

  test('what is not there, and what cannot be set, is refused by name', async () => {
    await expect(produce('nowhere', { records: records.slice(0, 1) })).rejects.toThrow(refusals.unknownTopic);
    const configs = { 'retention.ms': 'soon' };
    await expect(client.ask('createTopic', { topic: 'never', partitions: 1, configs })).rejects.toThrow(refusals.badConfig);
    expect(await client.ask('topics')).not.toContain('never');
    const making = () => client.ask('createTopic', { topic: 'twice', partitions: 1 });
    await making();
    await expect(making()).rejects.toThrow(refusals.exists);
  });

  test('administration: the life of a topic', async () => {
    const topic = 'administered';
    expect(await client.ask('nodes')).toBe(1);
    if (!lacks.includes('validateOnly')) {
      await client.ask('createTopic', { topic, partitions: 2, validateOnly: true });
      expect(await client.ask('topics')).not.toContain(topic);
    }
    await client.ask('createTopic', { topic, partitions: 2, configs: { 'retention.ms': '1000000' } });
    expect(await client.ask('topics')).toContain(topic);
    await client.ask('growTopic', { topic, partitions: 3 });
    expect(await client.ask('partitions', { topic })).toBe(3);
    const retention = () => client.ask('config', { topic, name: 'retention.ms' });
    expect(await retention()).toBe('1000000');
    await client.ask('alterConfig', { topic, name: 'retention.ms', value: '2000000' });
    expect(await retention()).toBe('2000000');
    const altering = client.ask('alterConfig', { topic, name: 'retention.ms', value: 'soon' });
    await expect(altering).rejects.toThrow(refusals.badConfig);
    await produce(topic);
    if (!lacks.includes('deleteRecords')) {
      await client.ask('deleteRecords', { topic, partition: 0, before: 3 });
      expect(await read(topic, 'beginning')).toEqual(numbered.slice(3));
    }
    await client.ask('deleteTopic', { topic });
    expect(await client.ask('topics')).not.toContain(topic);
  });

  describe('groups', () => {
    const join = (driver: Driver, member: string, group: string, topic: string) =>
      driver.ask('join', { member, group, topic, sessionMs });
    const told = (driver: Driver, member: string) => driver.ask<Member>('member', { member });
    const values = async (driver: Driver, member: string) => [...(await told(driver, member)).values].sort();
    const assigned = async (driver: Driver, member: string) => (await told(driver, member)).assigned.length;
    const send = (topic: string, partition: number, value: string) =>
      client.ask('produce', { topic, partition, records: [{ timestamp: 1, key: null, value, headers: [] }] });

    test('a member reads, commits and leaves; the next goes on behind it', async () => {
      await createTopic(node.gateway, 'committed');
      for (const value of ['0', '1']) await send('committed', 0, value);
      await join(client, 'first', 'one', 'committed');
      await expect.poll(() => values(client, 'first'), patience).toEqual(['0', '1']);
      await client.ask('leave', { member: 'first' });
      await send('committed', 0, '2');
      await join(client, 'second', 'one', 'committed');
      await expect.poll(() => values(client, 'second'), patience).toEqual(['2']);
      expect(await client.ask('committed', { group: 'one', topic: 'committed', partition: 0 })).toBe(3);
      expect(await client.ask('groups')).toContain('one');
      expect(await client.ask('describeGroup', { group: 'one' })).toEqual({ state: 'Stable', members: 1 });
      await client.ask('leave', { member: 'second' });
      if (lacks.includes('deleteGroup')) return;
      await client.ask('deleteGroup', { group: 'one' });
      expect(await client.ask('groups')).not.toContain('one');
    });

    test('members share the partitions; who stays takes those of who leaves, and of who dies when its session is over', async () => {
      await createTopic(node.gateway, 'shared', {}, 4);
      const other = await open(node.kafka);
      await join(client, 'stays', 'two', 'shared');
      await join(client, 'leaves', 'two', 'shared');
      await expect.poll(() => assigned(client, 'stays'), patience).toBe(2);
      await expect.poll(() => assigned(client, 'leaves'), patience).toBe(2);
      for (const partition of [0, 1, 2, 3]) await send('shared', partition, `shared ${partition}`);
      await expect.poll(async () => (await values(client, 'stays')).length, patience).toBe(2);
      await expect.poll(async () => (await values(client, 'leaves')).length, patience).toBe(2);
      await client.ask('leave', { member: 'leaves' });
      await expect.poll(() => assigned(client, 'stays'), patience).toBe(4);
      await join(other, 'dies', 'two', 'shared');
      await expect.poll(() => assigned(other, 'dies'), patience).toBe(2);
      await expect.poll(() => assigned(client, 'stays'), patience).toBe(2);
      await other.kill();
      for (const partition of [0, 1, 2, 3]) await send('shared', partition, `late ${partition}`);
      const late = async () => (await values(client, 'stays')).filter((value) => value.startsWith('late'));
      await expect.poll(late, patience).toEqual(['late 0', 'late 1', 'late 2', 'late 3']);
      expect(await assigned(client, 'stays')).toBe(4);
      await client.ask('leave', { member: 'stays' });
    });
  });

  test('anomalies 1, 3, 12, 13, 14: over a kill -9 every acknowledgement names the offset where its record is, in order and once', async () => {
    const data = join(await newDirectory(), 'data');
    const options = ['--group-initial-rebalance-delay-ms', '0'];
    const first = await startNode(data, options);
    await createTopic(first.gateway, 'numbers');
    const driver = await open(first.kafka);
    await driver.ask('join', { member: 'reader', group: 'readers', topic: 'numbers', sessionMs: 10_000 });
    await driver.ask('begin', { topic: 'numbers' });
    const acked = () => driver.ask<number>('acked');
    await expect.poll(acked, patience).toBeGreaterThan(100);
    await first.kill('SIGKILL');
    const before = await acked();
    const second = await startNode(data, [...options, '--kafka', first.kafka]);
    await expect.poll(acked, patience).toBeGreaterThan(before + 100);
    const acks = await driver.ask<readonly Ack[]>('end');
    const log = await driver.ask<readonly { offset: number; value: string }[]>('read', {
      topic: 'numbers',
      partition: 0,
      from: 'beginning',
      at: 0,
    });
    const found = log.map(({ value }) => Number(value));
    // Without it what was repeated is there twice.
    const sent = lacks.includes('idempotence') ? [...new Set(found)] : found;
    expect(sent).toEqual(sent.map((_, index) => index));
    expect(acks.length).toBeGreaterThan(before + 100);
    expect(acks.filter(([number, offset]) => found[offset] !== number)).toEqual([]);
    // Some may come twice: what was read before a commit that failed.
    const distinct = async () => new Set((await driver.ask<Member>('member', { member: 'reader' })).values).size;
    await expect.poll(distinct, patience).toBe(sent.length);
    await driver.kill();
    await second.kill('SIGKILL');
  });

  return () => ({ node, client });
}
