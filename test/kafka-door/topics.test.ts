import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TopicId } from '../../ts/model/ids.js';
import { kafkaErrors } from '../../ts/wire/kafka/error-codes.js';
import { noTopicId } from '../../ts/wire/kafka/field.js';
import { metadata } from '../../ts/wire/kafka/schema/03-metadata.js';
import { createTopics } from '../../ts/wire/kafka/schema/19-create-topics.js';
import { deleteTopics } from '../../ts/wire/kafka/schema/20-delete-topics.js';
import { describeConfigs } from '../../ts/wire/kafka/schema/32-describe-configs.js';
import { createPartitions } from '../../ts/wire/kafka/schema/37-create-partitions.js';
import { describeTopicPartitions } from '../../ts/wire/kafka/schema/75-describe-topic-partitions.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { KafkaDoor, versionsOf } from './door.js';

removeDirectoriesAfterwards();

let door: KafkaDoor;
beforeAll(async () => {
  door = await KafkaDoor.open(join(await newDirectory(), 'data'));
});
afterAll(() => door.close());

const code = (name: keyof typeof kafkaErrors) => kafkaErrors[name].code;

interface Wish {
  readonly numPartitions?: number;
  readonly replicationFactor?: number;
  readonly assignments?: readonly { readonly partitionIndex: number; readonly brokerIds: readonly number[] }[];
  readonly configs?: Readonly<Record<string, string | null>>;
}

function wished(name: string, { numPartitions = -1, replicationFactor = -1, assignments = [], configs = {} }: Wish = {}) {
  const pairs = Object.entries(configs).map(([key, value]) => ({ name: key, value }));
  return { name, numPartitions, replicationFactor, assignments, configs: pairs };
}

async function create(name: string, wish?: Wish, version = 7, validateOnly = false) {
  const { topics } = await door.ask(createTopics, version, { topics: [wished(name, wish)], validateOnly });
  return topics[0];
}

async function describe(name: string) {
  const { topics } = await door.ask(metadata, 12, { topics: [{ topicId: noTopicId, name }], allowAutoTopicCreation: false });
  return topics[0];
}

test('a topic is created, described, grown and deleted in every version', async () => {
  for (const version of versionsOf(createTopics)) {
    const created = await create(`every-${version}`, { numPartitions: 1, replicationFactor: 1 }, version);
    expect(created).toMatchObject({ name: `every-${version}`, errorCode: 0, errorMessage: null });
    expect((await describe(`every-${version}`))?.partitions).toHaveLength(1);
  }
  for (const version of versionsOf(createPartitions)) {
    const topics = [{ name: `every-${version + 2}`, count: 3, assignments: null }];
    const { results } = await door.ask(createPartitions, version, { topics, timeoutMs: 1000, validateOnly: false });
    expect(results).toEqual([{ name: `every-${version + 2}`, errorCode: 0, errorMessage: null }]);
    expect((await describe(`every-${version + 2}`))?.partitions).toHaveLength(3);
  }
  for (const version of versionsOf(deleteTopics)) {
    const name = `every-${version + 1}`;
    const request = version < 6 ? { topicNames: [name] } : { topics: [{ name, topicId: noTopicId }] };
    const { responses } = await door.ask(deleteTopics, version, { ...request, timeoutMs: 1000 });
    expect(responses).toMatchObject([{ name, errorCode: 0 }]);
    expect((await describe(name))?.errorCode).toBe(code('UNKNOWN_TOPIC_OR_PARTITION'));
  }
});

test('answers tell from version 5 on what was created, from 7 on its id', async () => {
  const wish = { configs: { 'retention.ms': '5000', 'flush.messages': '9223372036854775807' } };
  expect(await create('told-4', wish, 4)).toMatchObject({ errorCode: 0, numPartitions: -1, replicationFactor: -1 });
  const told = await create('told-5', wish, 5);
  expect(told).toMatchObject({ topicId: noTopicId, numPartitions: 2, replicationFactor: 1, topicConfigErrorCode: 0 });
  const entry = (name: string) => told?.configs?.find((config) => config.name === name);
  expect(entry('retention.ms')).toEqual({
    name: 'retention.ms',
    value: '5000',
    readOnly: false,
    configSource: 1,
    isSensitive: false,
  });
  expect(entry('segment.ms')).toMatchObject({ value: '604800000', configSource: 5 });
  expect(entry('flush.messages')).toMatchObject({ value: '9223372036854775807', configSource: 1 });
  expect(entry('durability')).toBeUndefined();
  expect(door.verbs.routing.topic('told-5')?.durability).toBe('replicated');
  expect((await create('told-7', wish, 7))?.topicId).toBe(door.verbs.routing.topic('told-7')?.topicId);
});

test('what is only validated is not created', async () => {
  const told = await create('thought', { numPartitions: 5 }, 7, true);
  expect(told).toMatchObject({ errorCode: 0, numPartitions: 5, replicationFactor: 1, topicId: noTopicId });
  expect((await describe('thought'))?.errorCode).toBe(code('UNKNOWN_TOPIC_OR_PARTITION'));
  expect((await create('thought', { numPartitions: 5000 }, 7, true))?.errorCode).toBe(code('INVALID_PARTITIONS'));
});

test('partitions lie where a client wants them, if that is here', async () => {
  const here = [1, 0].map((partitionIndex) => ({ partitionIndex, brokerIds: [1] }));
  expect(await create('placed', { assignments: here })).toMatchObject({ errorCode: 0, numPartitions: 2, replicationFactor: 1 });
  const at = (...assignments: (readonly [number, readonly number[]])[]) => ({
    assignments: assignments.map(([partitionIndex, brokerIds]) => ({ partitionIndex, brokerIds })),
  });
  const refusals: [Wish, keyof typeof kafkaErrors][] = [
    [at([0, [2]]), 'INVALID_REPLICA_ASSIGNMENT'],
    [at([0, [1, 2]]), 'INVALID_REPLICA_ASSIGNMENT'],
    [at([0, [1, 1]]), 'INVALID_REPLICA_ASSIGNMENT'],
    [at([0, []]), 'INVALID_REPLICA_ASSIGNMENT'],
    [at([0, [1]], [2, [1]]), 'INVALID_REPLICA_ASSIGNMENT'],
    [at([0, [1]], [0, [1]]), 'INVALID_REPLICA_ASSIGNMENT'],
    [{ ...at([0, [1]]), numPartitions: 1 }, 'INVALID_REQUEST'],
    [{ ...at([0, [1]]), replicationFactor: 1 }, 'INVALID_REQUEST'],
  ];
  for (const [wish, name] of refusals) expect(await create('misplaced', wish)).toMatchObject({ errorCode: code(name) });
  const grow = async (count: number, assignments: readonly (readonly number[])[]) => {
    const topics = [{ name: 'placed', count, assignments: assignments.map((brokerIds) => ({ brokerIds })) }];
    const { results } = await door.ask(createPartitions, 3, { topics, timeoutMs: 0, validateOnly: false });
    return results[0]?.errorCode;
  };
  expect(await grow(4, [[1]])).toBe(code('INVALID_REPLICA_ASSIGNMENT'));
  expect(await grow(3, [[9]])).toBe(code('INVALID_REPLICA_ASSIGNMENT'));
  expect(await grow(3, [[1]])).toBe(0);
});

test.each<[string, Wish, keyof typeof kafkaErrors]>([
  ['', {}, 'INVALID_TOPIC_EXCEPTION'],
  ['with space', {}, 'INVALID_TOPIC_EXCEPTION'],
  ['__consumer_offsets', {}, 'INVALID_TOPIC_EXCEPTION'],
  ['none', { numPartitions: 0 }, 'INVALID_PARTITIONS'],
  ['none', { numPartitions: -2 }, 'INVALID_PARTITIONS'],
  ['none', { replicationFactor: 0 }, 'INVALID_REPLICATION_FACTOR'],
  ['none', { replicationFactor: 2 }, 'INVALID_REPLICATION_FACTOR'],
  ['none', { configs: { 'retention.m': '1' } }, 'INVALID_CONFIG'],
  ['none', { configs: { ['__proto__']: '1' } }, 'INVALID_CONFIG'],
  ['none', { configs: { 'retention.ms': 'soon' } }, 'INVALID_CONFIG'],
  ['none', { configs: { 'retention.ms': null } }, 'INVALID_CONFIG'],
  ['none', { configs: { 'min.compaction.lag.ms': '2', 'max.compaction.lag.ms': '1' } }, 'INVALID_CONFIG'],
])('a topic %j with %j is refused: %s', async (name, wish, error) => {
  for (const version of createTopics.served) {
    const refused = await create(name, wish, version);
    expect(refused).toMatchObject({ name, errorCode: code(error) });
    expect(refused?.errorMessage?.length ?? 0).toBeGreaterThan(5);
    if (version >= 5) expect(refused).toMatchObject({ configs: null, numPartitions: -1 });
  }
});

test('a refusal that repeats what a client sent fits every version', async () => {
  const refused = await create('none', { configs: { ['x'.repeat(30_000)]: '1' } }, 2);
  expect(refused?.errorCode).toBe(code('INVALID_CONFIG'));
  expect(refused?.errorMessage?.length).toBeLessThan(2000);
});

test('a topic that is there, or named twice, is refused, and the others of the request are created', async () => {
  await create('taken');
  const topics = ['taken', 'fresh', 'double', 'double'].map((name) => wished(name));
  const told = await door.ask(createTopics, 7, { topics });
  expect(told.topics.map(({ name, errorCode }) => [name, errorCode])).toEqual([
    ['taken', code('TOPIC_ALREADY_EXISTS')],
    ['fresh', 0],
    ['double', code('INVALID_REQUEST')],
  ]);
  expect((await describe('double'))?.errorCode).toBe(code('UNKNOWN_TOPIC_OR_PARTITION'));
});

test('partitions are only added, and not where it is only asked', async () => {
  await create('grown', { numPartitions: 2 });
  const grow = async (topics: readonly (readonly [string, number])[], validateOnly = false) => {
    const wanted = topics.map(([name, count]) => ({ name, count, assignments: null }));
    const { results } = await door.ask(createPartitions, 3, { topics: wanted, timeoutMs: 0, validateOnly });
    return results.map(({ name, errorCode }) => [name, errorCode]);
  };
  expect(await grow([['grown', 2]])).toEqual([['grown', code('INVALID_PARTITIONS')]]);
  expect(await grow([['grown', 1]])).toEqual([['grown', code('INVALID_PARTITIONS')]]);
  expect(await grow([['absent', 3]])).toEqual([['absent', code('UNKNOWN_TOPIC_OR_PARTITION')]]);
  const twice = [
    ['grown', 3],
    ['grown', 4],
  ] as const;
  expect(await grow(twice)).toEqual([['grown', code('INVALID_REQUEST')]]);
  expect(await grow([['grown', 3]], true)).toEqual([['grown', 0]]);
  expect((await describe('grown'))?.partitions).toHaveLength(2);
});

test('topics are deleted by id, and only those that have it', async () => {
  const remove = async (...topics: { readonly name: string | null; readonly topicId: TopicId }[]) => {
    const { responses } = await door.ask(deleteTopics, 6, { topics, timeoutMs: 0 });
    return responses.map(({ name, topicId, errorCode }) => [name, topicId, errorCode]);
  };
  const id = (await create('by-id'))?.topicId ?? noTopicId;
  const unknown = 'f'.repeat(32) as TopicId;
  expect(await remove({ name: 'by-id', topicId: id })).toMatchObject([['by-id', id, code('INVALID_REQUEST')]]);
  expect(await remove({ name: null, topicId: noTopicId })).toMatchObject([[null, noTopicId, code('INVALID_REQUEST')]]);
  expect(await remove({ name: null, topicId: id }, { name: null, topicId: id })).toEqual([
    ['by-id', id, code('INVALID_REQUEST')],
  ]);
  expect(await remove({ name: null, topicId: unknown })).toEqual([[null, unknown, code('UNKNOWN_TOPIC_ID')]]);
  expect(await remove({ name: null, topicId: id })).toEqual([['by-id', id, 0]]);
  expect(await remove({ name: null, topicId: id })).toEqual([[null, id, code('UNKNOWN_TOPIC_ID')]]);
  const absent = await door.ask(deleteTopics, 5, { topicNames: ['by-id'], timeoutMs: 0 });
  expect(absent.responses).toMatchObject([{ name: 'by-id', errorCode: code('UNKNOWN_TOPIC_OR_PARTITION') }]);
  const fresh = (await create('by-id'))?.topicId;
  expect(await door.verbs.commands.deleteTopic('by-id', id)).toMatchObject({ error: { error: 'stale-topic-id' } });
  expect((await describe('by-id'))?.topicId).toBe(fresh);
});

test('metadata tells of brokers, topics and partitions in every version', async () => {
  const topicId = (await create('shown', { numPartitions: 2 }))?.topicId;
  for (const version of versionsOf(metadata)) {
    const told = await door.ask(metadata, version, { topics: [{ topicId: noTopicId, name: 'shown' }] });
    expect(told.brokers).toEqual([{ nodeId: 1, host: 'broker.example', port: 19092, rack: null }]);
    if (version >= 1) expect(told.controllerId).toBe(1);
    if (version >= 2) expect(told.clusterId).toHaveLength(22);
    const [topic] = told.topics;
    expect(topic).toMatchObject({ errorCode: 0, name: 'shown', isInternal: false });
    if (version >= 10) expect(topic?.topicId).toBe(topicId);
    expect(topic?.partitions).toMatchObject(
      [0, 1].map((partitionIndex) => ({ errorCode: 0, partitionIndex, leaderId: 1, replicaNodes: [1], isrNodes: [1] })),
    );
    if (version >= 7) expect(topic?.partitions[0]?.leaderEpoch).toBeGreaterThanOrEqual(0);
  }
});

test('all topics are asked for with null, in version 0 with no names', async () => {
  await create('counted');
  const count = async (version: number, topics: readonly never[] | null) =>
    (await door.ask(metadata, version, { topics })).topics.length;
  const all = [...door.verbs.routing.view.topics()].length;
  expect(all).toBeGreaterThan(0);
  expect(await Promise.all([count(0, []), count(1, null), count(1, []), count(13, null), count(13, [])])).toEqual([
    all,
    all,
    0,
    all,
    0,
  ]);
});

test('what cannot be had is told for each topic, and creating is left out where a client says so', async () => {
  const named = (name: string) => ({ topicId: noTopicId, name });
  const ask = async (
    version: number,
    topics: readonly { topicId: TopicId; name: string | null }[],
    allowAutoTopicCreation = false,
  ) =>
    (await door.ask(metadata, version, { topics, allowAutoTopicCreation })).topics.map(({ name, errorCode }) => [
      name,
      errorCode,
    ]);
  expect(await ask(12, [named('a b'), named('absent-1'), named('__transaction_state')])).toEqual([
    ['a b', code('INVALID_TOPIC_EXCEPTION')],
    ['absent-1', code('UNKNOWN_TOPIC_OR_PARTITION')],
    ['__transaction_state', code('UNKNOWN_TOPIC_OR_PARTITION')],
  ]);
  expect(await ask(12, [named('a b'), named('made-1')], true)).toEqual([
    ['a b', code('INVALID_TOPIC_EXCEPTION')],
    ['made-1', 0],
  ]);
  door.autoCreateTopics = false;
  expect(await ask(12, [named('a b'), named('absent-2')], true)).toEqual([
    ['a b', code('INVALID_TOPIC_EXCEPTION')],
    ['absent-2', code('UNKNOWN_TOPIC_OR_PARTITION')],
  ]);
  door.autoCreateTopics = true;
  const topicId = door.verbs.routing.topic('made-1')?.topicId ?? noTopicId;
  const unknown = 'e'.repeat(32) as TopicId;
  const byId = [topicId, unknown, noTopicId].map((id) => ({ topicId: id, name: null }));
  expect(await ask(12, byId)).toEqual([
    ['made-1', 0],
    [null, code('UNKNOWN_TOPIC_ID')],
    [null, code('INVALID_REQUEST')],
  ]);
  expect(await ask(12, [{ topicId, name: '' }])).toEqual([['made-1', 0]]);
  expect(await ask(12, [{ topicId: unknown, name: '' }])).toEqual([[null, code('UNKNOWN_TOPIC_ID')]]);
  // Before version 12 a topic of an answer has a name.
  expect(await ask(10, byId)).toEqual([
    ['made-1', 0],
    ['', code('UNKNOWN_TOPIC_ID')],
    ['', code('INVALID_REQUEST')],
  ]);
});

test('a topic that is made for who asks for it is like one that is created without a word on what it shall be', async () => {
  await create('said-nothing');
  const topics = ['said-nothing', 'asked-for'].map((name) => ({ topicId: noTopicId, name }));
  await door.ask(metadata, 12, { topics, allowAutoTopicCreation: true });
  const told = await door.ask(metadata, 12, { topics });
  // As the door's node has it.
  expect(told.topics.map(({ partitions }) => partitions.length)).toEqual([2, 2]);
  const resources = topics.map(({ name }) => ({ resourceType: 2, resourceName: name, configurationKeys: null }));
  const { results } = await door.ask(describeConfigs, 4, { resources });
  const [created, made] = results.map(({ errorCode, configs }) => ({ errorCode, configs }));
  expect(created?.configs.length).toBeGreaterThan(20);
  expect(made).toEqual(created);
});

test('what a client may do is told where it asks', async () => {
  await create('allowed');
  const topics = [{ topicId: noTopicId, name: 'allowed' }];
  const none = -0x80000000;
  const plain = await door.ask(metadata, 8, { topics });
  expect([plain.clusterAuthorizedOperations, plain.topics[0]?.topicAuthorizedOperations]).toEqual([none, none]);
  const asked = { includeClusterAuthorizedOperations: true, includeTopicAuthorizedOperations: true };
  const told = await door.ask(metadata, 10, { topics, ...asked });
  expect([told.clusterAuthorizedOperations, told.topics[0]?.topicAuthorizedOperations]).toEqual([8096, 3576]);
});

test('what is asked for many times is told once', async () => {
  await create('repeated');
  const topics = Array.from({ length: 1000 }, () => ({ topicId: noTopicId, name: 'repeated' }));
  expect((await door.ask(metadata, 12, { topics })).topics).toHaveLength(1);
});

test('partitions of topics come by pages, each where the last one ended', async () => {
  await create('page-a', { numPartitions: 3 });
  await create('page-b', { numPartitions: 2 });
  const topics = ['page-b', 'page-absent', 'page-a', 'page-a'].map((name) => ({ name }));
  const seen: string[] = [];
  let cursor: { readonly topicName: string; readonly partitionIndex: number } | null = null;
  let pages = 0;
  do {
    const page: Awaited<ReturnType<typeof ask>> = await ask(cursor);
    for (const { name, partitions, errorCode } of page.topics) {
      if (errorCode !== 0) seen.push(`${name}: ${errorCode}`);
      expect(partitions.length).toBeLessThanOrEqual(2);
      seen.push(...partitions.map(({ partitionIndex }) => `${name}-${partitionIndex}`));
    }
    cursor = page.nextCursor;
    pages += 1;
  } while (cursor !== null && pages < 10);
  const missing = `page-absent: ${code('UNKNOWN_TOPIC_OR_PARTITION')}`;
  expect(seen).toEqual(['page-a-0', 'page-a-1', 'page-a-2', missing, 'page-b-0', 'page-b-1']);
  expect(pages).toBe(3);

  function ask(from: typeof cursor) {
    return door.ask(describeTopicPartitions, 0, { topics, responsePartitionLimit: 2, cursor: from });
  }
});

test('a page that ends with a topic says so with the next one', async () => {
  await create('end-a', { numPartitions: 2 });
  await create('end-b', { numPartitions: 1 });
  const topics = ['end-a', 'end-b'].map((name) => ({ name }));
  const page = await door.ask(describeTopicPartitions, 0, { topics, responsePartitionLimit: 2 });
  expect(page.topics.map(({ name, partitions }) => [name, partitions.length])).toEqual([['end-a', 2]]);
  expect(page.nextCursor).toEqual({ topicName: 'end-b', partitionIndex: 0 });
  const last = await door.ask(describeTopicPartitions, 0, { topics, responsePartitionLimit: 2, cursor: page.nextCursor });
  expect(last).toMatchObject({ topics: [{ name: 'end-b', partitions: [{}] }], nextCursor: null });
  const none = await door.ask(describeTopicPartitions, 0, { topics, responsePartitionLimit: 0 });
  expect(none.topics).toHaveLength(1);
});

test('a page of all topics has their ids and what may be done, and a cursor that was not asked for is refused', async () => {
  await create('page-shown');
  const all = await door.ask(describeTopicPartitions, 0, { topics: [] });
  const shown = all.topics.find(({ name }) => name === 'page-shown');
  expect(shown).toMatchObject({
    errorCode: 0,
    topicId: door.verbs.routing.topic('page-shown')?.topicId,
    topicAuthorizedOperations: 3576,
    partitions: [{ leaderId: 1, isrNodes: [1], offlineReplicas: [] }, {}],
  });
  expect(all.topics.map(({ name }) => name)).toEqual(all.topics.map(({ name }) => name).sort());
  expect(all.nextCursor).toBeNull();
  const cursor = { topicName: 'other', partitionIndex: 0 };
  const refused = await door.ask(describeTopicPartitions, 0, { topics: [{ name: 'page-shown' }], cursor });
  expect(refused.topics).toMatchObject([{ name: 'page-shown', errorCode: code('INVALID_REQUEST') }]);
  const invalid = await door.ask(describeTopicPartitions, 0, { topics: [{ name: 'a b' }] });
  expect(invalid.topics).toMatchObject([{ errorCode: code('INVALID_TOPIC_EXCEPTION') }]);
});
