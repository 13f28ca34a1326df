import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, type RunningNode, startNode } from '../node/process.mjs';
import { createTopic, headerOf, importClient, kcatRead, newNode, webSocketBatches } from './kafka-clients.js';

// kafkajs stays on the oldest versions that a broker may serve: Produce 7, Fetch 11, Metadata 6, JoinGroup 5.

removeDirectoriesAfterwards();

interface Message {
  readonly partition: number;
  readonly message: {
    readonly value: Buffer | null;
    readonly offset: string;
  };
}

interface Joined {
  readonly payload: { readonly memberAssignment: Readonly<Record<string, readonly number[]>> };
}

let node: RunningNode;
let kafkajs: Awaited<ReturnType<typeof importClient>>;
let kafka: Awaited<ReturnType<typeof importClient>>;

beforeAll(async () => {
  kafkajs = await importClient('kafkajs');
  node = await newNode();
  kafka = kafkaOf(node);
});

afterAll(killAll);

const kafkaOf = ({ kafka: broker }: RunningNode) =>
  new kafkajs.Kafka({
    clientId: 'conformance',
    brokers: [broker],
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { initialRetryTime: 50, maxRetryTime: 200, retries: 50 },
  });

async function produced(topic: string, options: object, request: object) {
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner, ...options });
  await producer.connect();
  const answer = await producer.send({ topic, ...request });
  await producer.disconnect();
  return answer;
}

const messages = [
  { key: 'key', value: 'value', headers: { one: 'first', many: ['a', 'b'] }, timestamp: '1000' },
  { key: 'tombstone', value: null, timestamp: '2000' },
  { key: null, value: 'no key', timestamp: '3000' },
  { key: '', value: '', timestamp: '4000' },
];

const kept = [
  { offset: 0, key: 'key', payload: 'value', headers: ['one', 'first', 'many', 'a', 'many', 'b'], ts: 1000 },
  { offset: 1, key: 'tombstone', payload: null, ts: 2000 },
  { offset: 2, key: null, payload: 'no key', ts: 3000 },
  { offset: 3, key: '', payload: '', ts: 4000 },
];

test.each([
  ['acks -1', {}, { acks: -1 }, { baseOffset: '0' }],
  ['acks 1', {}, { acks: 1 }, { baseOffset: '0' }],
  ['idempotent', { idempotent: true }, { acks: -1 }, { baseOffset: '0' }],
])('%s: keys, headers, nulls and timestamps are kept', async (name, options, request, answer) => {
  const topic = name.replace(' ', '-');
  await createTopic(node.gateway, topic);
  expect(await produced(topic, options, { ...request, messages })).toMatchObject([{ partition: 0, errorCode: 0, ...answer }]);
  expect(await kcatRead(node.kafka, topic)).toMatchObject(kept);
});

test('acks 0: nothing is answered, and the next request is', async () => {
  await createTopic(node.gateway, 'acks-0');
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  await producer.send({ topic: 'acks-0', acks: 0, messages: [{ value: 'unanswered' }] });
  await producer.send({ topic: 'acks-0', acks: -1, messages: [{ value: 'answered' }] });
  await producer.disconnect();
  expect(await kcatRead(node.kafka, 'acks-0')).toMatchObject([{ payload: 'unanswered' }, { payload: 'answered' }]);
});

test('gzip', async () => {
  await createTopic(node.gateway, 'gzip');
  const many = Array.from({ length: 100 }, (_, index) => ({ value: `value ${index}` }));
  await produced('gzip', {}, { compression: kafkajs.CompressionTypes.GZIP, messages: many });
  const [batch] = await webSocketBatches(node.gateway, 'gzip');
  expect(batch && headerOf(batch).compression).toBe('gzip');
  expect((await kcatRead(node.kafka, 'gzip')).map(({ payload: value }) => ({ value }))).toEqual(many);
});

test('a batch that is too large is refused by name, and nothing of it is stored', async () => {
  await createTopic(node.gateway, 'small', { 'max.message.bytes': '1000' });
  const sending = produced('small', { retry: { retries: 0 } }, { messages: [{ value: 'x'.repeat(2000) }] });
  await expect(sending).rejects.toMatchObject({ type: 'MESSAGE_TOO_LARGE' });
  expect(await kcatRead(node.kafka, 'small')).toEqual([]);
});

test('administration: topics are made, described, changed, grown and deleted', async () => {
  const admin = kafka.admin();
  await admin.connect();
  const configEntries = [{ name: 'retention.ms', value: '1000' }];
  const topic = { topic: 'made', numPartitions: 2, replicationFactor: 1, configEntries };
  expect(await admin.createTopics({ topics: [topic] })).toBe(true);
  expect(await admin.createTopics({ topics: [topic] })).toBe(false);
  expect(await admin.createTopics({ topics: [{ topic: 'not-made' }], validateOnly: true, waitForLeaders: false })).toBe(true);
  expect((await admin.listTopics()).filter((name: string) => name.includes('made'))).toEqual(['made']);
  await admin.createPartitions({ topicPartitions: [{ topic: 'made', count: 3 }] });
  const { topics } = await admin.fetchTopicMetadata({ topics: ['made'] });
  expect(topics[0].partitions.map(({ leader }: { leader: number }) => leader)).toEqual([1, 1, 1]);
  const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: 'made' };
  const retention = async () => {
    const described = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ ...resource, configNames: ['retention.ms'] }],
    });
    return described.resources[0].configEntries[0];
  };
  expect(await retention()).toMatchObject({ configName: 'retention.ms', configValue: '1000', isDefault: false });
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ ...resource, configEntries: [{ name: 'retention.ms', value: '2000' }] }],
  });
  expect(await retention()).toMatchObject({ configValue: '2000' });
  const wrong = { ...resource, configEntries: [{ name: 'retention.ms', value: 'soon' }] };
  await expect(admin.alterConfigs({ validateOnly: false, resources: [wrong] })).rejects.toThrow(/retention\.ms|configuration/i);
  expect(await admin.describeCluster()).toMatchObject({ controller: 1, brokers: [{ nodeId: 1 }] });
  await admin.deleteTopics({ topics: ['made'] });
  expect((await admin.listTopics()).includes('made')).toBe(false);
  await admin.disconnect();
});

test('offsets by end and by time; records are deleted from the beginning', async () => {
  await createTopic(node.gateway, 'ends');
  await produced('ends', {}, { messages });
  const admin = kafka.admin();
  await admin.connect();
  expect(await admin.fetchTopicOffsets('ends')).toEqual([{ partition: 0, offset: '4', high: '4', low: '0' }]);
  expect(await admin.fetchTopicOffsetsByTimestamp('ends', 2500)).toEqual([{ partition: 0, offset: '2' }]);
  await admin.deleteTopicRecords({ topic: 'ends', partitions: [{ partition: 0, offset: '3' }] });
  expect(await admin.fetchTopicOffsets('ends')).toEqual([{ partition: 0, offset: '4', high: '4', low: '3' }]);
  await admin.disconnect();
});

test('a producer goes on when the node comes back after kill -9', async () => {
  const data = `${await newDirectory()}/data`;
  const first = await startNode(data);
  await createTopic(first.gateway, 'resumed');
  const producer = kafkaOf(first).producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner, idempotent: true });
  await producer.connect();
  const send = (value: string) => producer.send({ topic: 'resumed', messages: [{ value }] });
  await send('before');
  await first.kill('SIGKILL');
  const sending = send('meanwhile');
  const second = await startNode(data, ['--kafka', first.kafka]);
  await sending;
  await send('after');
  await producer.disconnect();
  expect((await kcatRead(second.kafka, 'resumed')).map(({ payload }) => payload)).toEqual(['before', 'meanwhile', 'after']);
  await second.kill('SIGKILL');
});

describe('groups', () => {
  async function member(groupId: string, topic: string) {
    const seen: string[] = [];
    let assigned: readonly number[] = [];
    const consumer = kafka.consumer({ groupId, heartbeatInterval: 100, maxWaitTimeInMs: 100 });
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }: Joined) => {
      assigned = payload.memberAssignment[topic] ?? [];
    });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message }: Message) => {
        await consumer.commitOffsets([{ topic, partition, offset: String(Number(message.offset) + 1) }]);
        seen.push(String(message.value));
      },
    });
    return { seen, assigned: () => assigned, leave: () => consumer.disconnect() };
  }

  const patience = { timeout: 30_000 };

  test('a member reads, commits and leaves; the next goes on behind it', async () => {
    await createTopic(node.gateway, 'committed');
    await produced('committed', {}, { messages: [{ value: '0' }, { value: '1' }] });
    const first = await member('one', 'committed');
    await expect.poll(() => first.seen, patience).toEqual(['0', '1']);
    await first.leave();
    await produced('committed', {}, { messages: [{ value: '2' }] });
    const second = await member('one', 'committed');
    await expect.poll(() => second.seen, patience).toEqual(['2']);
    const admin = kafka.admin();
    await admin.connect();
    const committed = await admin.fetchOffsets({ groupId: 'one', topics: ['committed'] });
    expect(committed).toMatchObject([{ topic: 'committed', partitions: [{ partition: 0, offset: '3' }] }]);
    const { groups } = await admin.describeGroups(['one']);
    expect(groups).toMatchObject([{ groupId: 'one', state: 'Stable', protocolType: 'consumer', members: [{}] }]);
    await second.leave();
    await admin.deleteGroups(['one']);
    expect((await admin.listGroups()).groups.map(({ groupId }: { groupId: string }) => groupId)).not.toContain('one');
    await admin.disconnect();
  });

  test('members share the partitions, and who stays takes those of who leaves', async () => {
    await createTopic(node.gateway, 'shared', {}, 4);
    const members = await Promise.all([member('two', 'shared'), member('two', 'shared')]);
    const [one, other] = members;
    await expect.poll(() => members.map(({ assigned }) => assigned().length), patience).toEqual([2, 2]);
    expect([...one.assigned(), ...other.assigned()].sort()).toEqual([0, 1, 2, 3]);
    const messages = ['0', '1', '2', '3'].map((value, partition) => ({ value, partition }));
    await produced('shared', {}, { messages });
    await expect.poll(() => members.map(({ seen }) => seen.length), patience).toEqual([2, 2]);
    await other.leave();
    await expect.poll(() => one.assigned().length, patience).toBe(4);
    await produced('shared', {}, { messages });
    await expect.poll(() => one.seen.length, patience).toBe(6);
    await one.leave();
  });
});
