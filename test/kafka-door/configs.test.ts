import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { longMax } from '../../ts/model/topic-config.js';
import { kafkaErrors } from '../../ts/wire/kafka/error-codes.js';
import { createTopics } from '../../ts/wire/kafka/schema/19-create-topics.js';
import { describeConfigs } from '../../ts/wire/kafka/schema/32-describe-configs.js';
import { alterConfigs } from '../../ts/wire/kafka/schema/33-alter-configs.js';
import { incrementalAlterConfigs } from '../../ts/wire/kafka/schema/44-incremental-alter-configs.js';
import { listConfigResources } from '../../ts/wire/kafka/schema/74-list-config-resources.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { KafkaDoor, versionsOf } from './door.js';

removeDirectoriesAfterwards();

let door: KafkaDoor;
beforeAll(async () => {
  door = await KafkaDoor.open(join(await newDirectory(), 'data'));
});
afterAll(() => door.close());

const code = (name: keyof typeof kafkaErrors) => kafkaErrors[name].code;
const topic = 2;
const broker = 4;
const [set, remove, append, subtract] = [0, 1, 2, 3];

async function create(name: string, configs: Readonly<Record<string, string>> = {}) {
  const pairs = Object.entries(configs).map(([key, value]) => ({ name: key, value }));
  const wanted = { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: pairs };
  const { topics } = await door.ask(createTopics, 7, { topics: [wanted] });
  expect(topics).toMatchObject([{ errorCode: 0 }]);
}

interface Asking {
  readonly version?: number;
  readonly type?: number;
  readonly keys?: readonly string[] | null;
  readonly synonyms?: boolean;
  readonly documentation?: boolean;
}

async function describe(name: string, { version = 4, type = topic, keys = null, synonyms, documentation }: Asking = {}) {
  const { results } = await door.ask(describeConfigs, version, {
    resources: [{ resourceType: type, resourceName: name, configurationKeys: keys }],
    includeSynonyms: synonyms ?? false,
    includeDocumentation: version >= 3 ? documentation : undefined,
  });
  return results[0];
}

async function shownValue(name: string, key: string) {
  return (await describe(name, { keys: [key] }))?.configs[0]?.value;
}

type Change = readonly [name: string, operation: number | undefined, value: string | null];

async function alter(
  resourceName: string,
  changes: readonly Change[],
  options: { version?: number; type?: number; validateOnly?: boolean } = {},
) {
  const { version = 1, type: resourceType = topic, validateOnly = false } = options;
  const configs = changes.map(([name, configOperation = set ?? 0, value]) => ({ name, configOperation, value }));
  const resources = [{ resourceType, resourceName, configs }];
  return (await door.ask(incrementalAlterConfigs, version, { resources, validateOnly })).responses[0];
}

async function replace(resourceName: string, values: Readonly<Record<string, string | null>>, version = 2, validateOnly = false) {
  const configs = Object.entries(values).map(([name, value]) => ({ name, value }));
  const resources = [{ resourceType: topic, resourceName, configs }];
  return (await door.ask(alterConfigs, version, { resources, validateOnly })).responses[0];
}

test('configs of a topic are shown with where they come from, in every version', async () => {
  await create('shown', { 'retention.ms': '5000', 'cleanup.policy': 'compact,delete' });
  for (const version of versionsOf(describeConfigs)) {
    const told = await describe('shown', { version, synonyms: true, documentation: true });
    expect(told).toMatchObject({ errorCode: 0, errorMessage: null, resourceType: topic, resourceName: 'shown' });
    const entry = (key: string) => told?.configs.find(({ name }) => name === key);
    expect(told?.configs.map(({ name }) => name)).not.toContain('durability');
    expect(entry('retention.ms')).toMatchObject({
      value: '5000',
      configSource: 1,
      readOnly: false,
      isSensitive: false,
      synonyms: [
        { name: 'retention.ms', value: '5000', source: 1 },
        { name: 'log.retention.ms', value: '604800000', source: 5 },
      ],
    });
    expect(entry('segment.ms')).toMatchObject({
      value: '604800000',
      configSource: 5,
      synonyms: [{ name: 'log.roll.ms', value: '604800000', source: 5 }],
    });
    if (version < 3) continue;
    const types = [
      'preallocate',
      'compression.type',
      'segment.bytes',
      'retention.ms',
      'min.cleanable.dirty.ratio',
      'cleanup.policy',
    ];
    expect(types.map((key) => entry(key)?.configType)).toEqual([1, 2, 3, 5, 6, 7]);
    expect(entry('flush.ms')?.documentation).toContain('Without effect');
    expect(entry('retention.ms')?.documentation).not.toContain('Without effect');
  }
});

test('only what is asked for is shown', async () => {
  await create('asked');
  const names = async (keys: readonly string[]) => (await describe('asked', { keys }))?.configs.map(({ name }) => name);
  expect(await names(['segment.ms', 'nothing', 'retention.ms'])).toEqual(['retention.ms', 'segment.ms']);
  expect(await names([])).toHaveLength(33);
  expect(await names(['durability'])).toEqual(['durability']);
  const plain = await describe('asked', { keys: ['segment.ms'] });
  expect(plain?.configs).toMatchObject([{ synonyms: [], documentation: null }]);
});

test('a resource that is asked for many times is shown once', async () => {
  const resource = { resourceType: broker, resourceName: '1', configurationKeys: null };
  const { results } = await door.ask(describeConfigs, 4, { resources: Array.from({ length: 1000 }, () => resource) });
  expect(results).toHaveLength(1);
});

test('what has no configs here is refused with Kafka’s code', async () => {
  expect(await describe('absent')).toMatchObject({ errorCode: code('UNKNOWN_TOPIC_OR_PARTITION'), configs: [] });
  expect(await describe('a b')).toMatchObject({ errorCode: code('INVALID_TOPIC_EXCEPTION'), configs: [] });
  for (const [type, name] of [
    [broker, '2'],
    [broker, 'x'],
    [8, '1'],
    [16, 'm'],
    [32, 'g'],
    [99, ''],
  ] as const) {
    expect(await describe(name, { type }), `${type} ${name}`).toMatchObject({ errorCode: code('INVALID_REQUEST'), configs: [] });
  }
});

test('settings of the broker are shown, and none can be changed', async () => {
  const told = await describe('1', { type: broker, synonyms: true });
  const entry = (key: string) => told?.configs.find(({ name }) => name === key);
  expect(entry('num.partitions')).toMatchObject({ value: '2', configSource: 4, readOnly: true, configType: 3 });
  expect(entry('auto.create.topics.enable')).toMatchObject({ value: 'true', configSource: 5, readOnly: true, configType: 1 });
  expect(entry('listeners')?.value).toBe('PLAINTEXT://127.0.0.1:9092');
  expect(entry('log.retention.ms')?.value).toBe('604800000');
  expect(await describe('', { type: broker })).toMatchObject({ errorCode: 0, configs: [] });
  for (const name of ['', '1', '2']) {
    const refused = await alter(name, [['num.partitions', set, '3']], { type: broker });
    expect(refused).toMatchObject({ errorCode: code('INVALID_REQUEST'), resourceType: broker, resourceName: name });
  }
  const level = await alter('1', [['root', set, 'DEBUG']], { type: 8 });
  expect(level).toMatchObject({ errorCode: code('INVALID_REQUEST') });
  expect(level?.errorMessage).toContain('log-level');
});

test('single configs are set and taken back, in every version, and not where it is only asked', async () => {
  await create('single', { 'segment.ms': '77' });
  for (const version of versionsOf(incrementalAlterConfigs)) {
    const value = String(1000 + version);
    expect(await alter('single', [['retention.ms', set, '1']], { version, validateOnly: true })).toMatchObject({ errorCode: 0 });
    expect(await shownValue('single', 'retention.ms')).not.toBe('1');
    expect(await alter('single', [['retention.ms', set, value]], { version })).toEqual({
      errorCode: 0,
      errorMessage: null,
      resourceType: topic,
      resourceName: 'single',
    });
    expect(await shownValue('single', 'retention.ms')).toBe(value);
    expect(await shownValue('single', 'segment.ms')).toBe('77');
    expect(await alter('single', [['retention.ms', remove, null]], { version })).toMatchObject({ errorCode: 0 });
    expect(await shownValue('single', 'retention.ms')).toBe('604800000');
  }
});

test('lists are added to and taken from', async () => {
  await create('lists');
  const key = 'cleanup.policy';
  const steps: [number | undefined, string, string][] = [
    [append, 'compact', 'delete,compact'],
    [append, 'delete', 'delete,compact'],
    [subtract, 'delete', 'compact'],
    [subtract, 'delete', 'compact'],
    [append, 'delete, compact', 'compact,delete'],
    [subtract, 'compact,delete', ''],
  ];
  for (const [operation, value, expected] of steps) {
    expect(await alter('lists', [[key, operation, value]])).toMatchObject({ errorCode: 0 });
    expect(await shownValue('lists', key)).toBe(expected);
  }
  expect(await alter('lists', [['retention.ms', append, '1']])).toMatchObject({ errorCode: code('INVALID_CONFIG') });
  expect(await alter('lists', [[key, append, 'neither']])).toMatchObject({ errorCode: code('INVALID_CONFIG') });
  await Promise.all(['compact', 'delete'].map((value) => alter('lists', [[key, append, value]])));
  expect((await shownValue('lists', key))?.split(',').sort()).toEqual(['compact', 'delete']);
});

test('what older brokers have and nobody here knows is taken back without a word, but not set', async () => {
  await create('mirrored');
  expect(await alter('mirrored', [['message.downconversion.enable', remove, null]])).toMatchObject({ errorCode: 0 });
  expect(await alter('mirrored', [['message.downconversion.enable', set, 'true']])).toMatchObject({
    errorCode: code('INVALID_CONFIG'),
  });
});

test('replacing puts back what is not named, in every version', async () => {
  await create('replaced', { 'segment.ms': '77', 'retention.ms': '5' });
  expect(await replace('replaced', { 'retention.ms': '6' }, 2, true)).toMatchObject({ errorCode: 0 });
  expect(await shownValue('replaced', 'segment.ms')).toBe('77');
  for (const version of versionsOf(alterConfigs)) {
    expect(await alter('replaced', [['segment.ms', set, '77']])).toMatchObject({ errorCode: 0 });
    expect(await replace('replaced', { 'retention.ms': String(version + 8) }, version)).toMatchObject({ errorCode: 0 });
    expect(await shownValue('replaced', 'retention.ms')).toBe(String(version + 8));
    expect(await shownValue('replaced', 'segment.ms')).toBe('604800000');
  }
});

test('a client that sets flush.messages to Kafka’s default gets what Kafka gives', async () => {
  await create('flushed');
  const durability = () => door.verbs.routing.topic('flushed')?.durability;
  expect(durability()).toBe('fsync');
  expect(await replace('flushed', { 'flush.messages': String(longMax) })).toMatchObject({ errorCode: 0 });
  expect(durability()).toBe('replicated');
  expect(await shownValue('flushed', 'durability')).toBe('replicated');
  expect(await replace('flushed', {})).toMatchObject({ errorCode: 0 });
  expect(durability()).toBe('fsync');
});

test('what a tool has read it may write back', async () => {
  await create('written-back', { durability: 'replicated', 'retention.ms': '5', 'compression.gzip.level': '-1' });
  const read = await describe('written-back');
  const values = Object.fromEntries(read?.configs.map(({ name, value }) => [name, value]) ?? []);
  expect(await replace('written-back', { ...values, 'retention.ms': '9' })).toMatchObject({ errorCode: 0 });
  expect(await shownValue('written-back', 'retention.ms')).toBe('9');
  expect(await shownValue('written-back', 'flush.messages')).toBe(String(longMax));
});

test.each<[keyof typeof kafkaErrors, string, readonly Change[]]>([
  ['UNKNOWN_TOPIC_OR_PARTITION', 'absent', [['retention.ms', set, '1']]],
  ['INVALID_REQUEST', '', [['retention.ms', set, '1']]],
  ['INVALID_REQUEST', 'refusing', [['retention.ms', set, null]]],
  ['INVALID_REQUEST', 'refusing', [['retention.ms', 9, '1']]],
  [
    'INVALID_REQUEST',
    'refusing',
    [
      ['retention.ms', set, '1'],
      ['retention.ms', remove, null],
    ],
  ],
  ['INVALID_CONFIG', 'refusing', [['retention.ms', set, '-2']]],
  ['INVALID_CONFIG', 'refusing', [['retention.mss', set, '2']]],
  [
    'INVALID_CONFIG',
    'refusing',
    [
      ['flush.messages', remove, null],
      ['durability', set, 'fsync'],
    ],
  ],
  ['INVALID_CONFIG', 'refusing', [['max.message.bytes', set, '2147483647']]],
  [
    'INVALID_CONFIG',
    'refusing',
    [
      ['max.compaction.lag.ms', set, '1'],
      ['min.compaction.lag.ms', set, '2'],
    ],
  ],
])('%s: %s %j', async (error, name, changes) => {
  if (door.verbs.routing.topic('refusing') === undefined) await create('refusing');
  const refused = await alter(name, changes);
  expect(refused?.errorCode).toBe(code(error));
  expect(refused?.errorMessage?.length ?? 0).toBeGreaterThan(5);
});

test('of several resources each has its own answer, and one that is named twice none of its changes', async () => {
  await create('several-1');
  await create('several-2');
  const resource = (resourceName: string, value: string) => {
    return { resourceType: topic, resourceName, configs: [{ name: 'retention.ms', configOperation: 0, value }] };
  };
  const resources = [resource('several-1', '5'), resource('absent', '5'), resource('several-2', '5'), resource('several-2', '6')];
  const { responses } = await door.ask(incrementalAlterConfigs, 1, { resources, validateOnly: false });
  expect(responses.map(({ errorCode }) => errorCode)).toEqual([
    0,
    code('UNKNOWN_TOPIC_OR_PARTITION'),
    code('INVALID_REQUEST'),
    code('INVALID_REQUEST'),
  ]);
  expect(await shownValue('several-1', 'retention.ms')).toBe('5');
  expect(await shownValue('several-2', 'retention.ms')).toBe('604800000');
});

test('what has configs is listed, by type', async () => {
  await create('listed');
  const list = async (version: number, resourceTypes: readonly number[]) =>
    door.ask(listConfigResources, version, { resourceTypes });
  expect(await list(0, [])).toMatchObject({ errorCode: 0, configResources: [] });
  const all = (await list(1, [])).configResources;
  expect(all).toContainEqual({ resourceName: 'listed', resourceType: topic });
  expect(all).toContainEqual({ resourceName: '1', resourceType: broker });
  expect((await list(1, [broker, 16])).configResources).toEqual([{ resourceName: '1', resourceType: broker }]);
  expect((await list(1, [topic])).configResources.every(({ resourceType }) => resourceType === topic)).toBe(true);
  expect(await list(1, [topic, 99])).toMatchObject({ errorCode: code('UNSUPPORTED_VERSION'), configResources: [] });
});
