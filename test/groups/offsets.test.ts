import { afterEach, expect, test } from 'vitest';
import type { TopicId } from '../../ts/model/ids.js';
import { offsetCommit } from '../../ts/wire/kafka/schema/08-offset-commit.js';
import { offsetFetch } from '../../ts/wire/kafka/schema/09-offset-fetch.js';
import { offsetDelete } from '../../ts/wire/kafka/schema/47-offset-delete.js';
import { ask } from '../kafka/ask.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { Broker, type BrokerOptions } from './broker.mjs';
import { Consumer, newest, oldest, topicIdOf, whenLoaded } from './consumer.js';

removeDirectoriesAfterwards();

const brokers = new Set<Broker>();
afterEach(async () => {
  for (const broker of brokers) await broker.close();
  brokers.clear();
});

async function started(data: string, options: BrokerOptions = {}): Promise<Broker> {
  const broker = await Broker.start(data, options);
  brokers.add(broker);
  return broker;
}

async function fresh(options: BrokerOptions = {}): Promise<Broker> {
  const broker = await started(await newDirectory(), options);
  await broker.controller.createTopic({ name: 'orders', partitions: 3, configs: {} }, false);
  return broker;
}

const unknownTopicId = '9'.repeat(32) as TopicId;
const fromAll = (broker: Broker, version: number, groupId: string) =>
  whenLoaded(
    () => ask(broker, offsetFetch, version, version < 8 ? { groupId, topics: null } : { groups: [{ groupId, topics: null }] }),
    ({ errorCode, groups }) => groups[0]?.errorCode || errorCode,
  );

test.each([
  [2, 3],
  [9, 3],
  [10, 100],
])('version %i: what is not there takes no offset, and the rest is stored', async (commit, code) => {
  const broker = await fresh();
  const consumer = new Consumer(broker, 'g', { ...newest, commit });
  expect(await consumer.commit('orders', [1, 2, 3, 4])).toEqual([0, 0, 0, 3]);
  expect(await consumer.commit('nowhere', [1], 'm', unknownTopicId)).toEqual([code]);
  expect(await consumer.fetch('orders', [0, 3])).toEqual([
    [0, 1, commit < 6 ? -1 : 1, 'm', 0],
    [3, -1, -1, '', 0],
  ]);
});

test('an offset that no log has is refused, one below it is not, and a negative one takes back what was committed', async () => {
  const consumer = new Consumer(await fresh(), 'g', newest);
  const largest = Number.MAX_SAFE_INTEGER;
  expect(await consumer.commit('orders', [largest, largest - 1, 5])).toEqual([1, 0, 0]);
  // As kafkajs does it.
  expect(await consumer.commit('orders', [largest, largest - 1, -2])).toEqual([1, 0, 0]);
  expect(await consumer.fetch('orders', [0, 1, 2])).toEqual([
    [0, -1, -1, '', 0],
    [1, largest - 1, 1, 'm', 0],
    [2, -1, -1, '', 0],
  ]);
  expect(await consumer.commit('orders', [7], 'x'.repeat(4097))).toEqual([12]);
});

test('all offsets of several groups at once, each with its own answer', async () => {
  const broker = await fresh();
  for (const [index, groupId] of ['a', 'b'].entries()) {
    await new Consumer(broker, groupId, newest).commit('orders', [index + 1]);
  }
  const asked = ['a', 'b', 'c', 'x'.repeat(9000)].map((groupId) => ({ groupId, topics: null }));
  const { groups } = await whenLoaded(
    () => ask(broker, offsetFetch, 9, { groups: asked }),
    ({ groups }) => Math.max(...groups.map(({ errorCode }) => (errorCode === 14 ? 14 : 0))),
  );
  expect(groups.map(({ groupId, errorCode }) => [groupId.slice(0, 1), errorCode])).toEqual([
    ['a', 0],
    ['b', 0],
    ['c', 0],
    ['x', 24],
  ]);
  expect(groups.map(({ topics }) => topics.map(({ name, partitions }) => [name, partitions[0]?.committedOffset]))).toEqual([
    [['orders', 1]],
    [['orders', 2]],
    [],
    [],
  ]);
  const newer = await fromAll(broker, 10, 'b');
  expect(newer.groups[0]?.topics[0]?.topicId).toBe(topicIdOf(broker, 'orders'));
  expect((await fromAll(broker, 2, 'b')).topics[0]).toMatchObject({ name: 'orders', partitions: [{ committedOffset: 2 }] });
});

test('the oldest version, which has no other place for it, finds the group’s error at each partition', async () => {
  const broker = await fresh();
  const long = new Consumer(broker, 'x'.repeat(9000), oldest);
  expect(await long.fetch('orders', [0])).toEqual([[0, -1, -1, '', 24]]);
  expect(await new Consumer(broker, 'x'.repeat(9000), { ...oldest, fetch: 7 }).fetch('orders', [0])).toBe(24);
});

test('in versions from 10 on a topic id that nobody has is told as such', async () => {
  const consumer = new Consumer(await fresh(), 'g', newest);
  expect(await consumer.fetch('orders', [0], unknownTopicId)).toEqual([[0, -1, -1, '', 100]]);
});

test('offsets are forgotten on demand, one by one', async () => {
  const broker = await fresh();
  const consumer = new Consumer(broker, 'g', newest);
  await consumer.commit('orders', [1, 2]);
  const forget = (groupId: string, topic: string, partitions: readonly number[]) =>
    ask(broker, offsetDelete, 0, {
      groupId,
      topics: [{ name: topic, partitions: partitions.map((partitionIndex) => ({ partitionIndex })) }],
    });
  expect(await forget('nobody', 'orders', [0])).toMatchObject({ errorCode: 69, topics: [] });
  expect(await forget('g', 'nowhere', [0])).toMatchObject({ errorCode: 0, topics: [{ partitions: [{ errorCode: 3 }] }] });
  expect(await forget('g', 'orders', [1, 3])).toMatchObject({
    errorCode: 0,
    topics: [{ name: 'orders', partitions: [{ errorCode: 0 }, { errorCode: 3 }] }],
  });
  expect(await consumer.fetch('orders', [0, 1])).toEqual([
    [0, 1, 1, 'm', 0],
    [1, -1, -1, '', 0],
  ]);
});

test.each([
  ['at once', false],
  ['after a start', true],
])(
  'a topic that was deleted takes its offsets along, and a new one of its name begins at its beginning: %s',
  async (_, restarts) => {
    const data = await newDirectory();
    let broker = await started(data);
    const make = () => broker.controller.createTopic({ name: 'orders', partitions: 1, configs: {} }, false);
    await make();
    // By name, as clients do that know of no ids: what is stored has them all the same.
    const spoken = { ...newest, commit: 9, fetch: 9 };
    expect(await new Consumer(broker, 'g', spoken).commit('orders', [5])).toEqual([0]);
    await broker.controller.deleteTopic('orders');
    await make();
    if (restarts) {
      await broker.close();
      brokers.delete(broker);
      broker = await started(data);
    }
    expect(await new Consumer(broker, 'g', spoken).fetch('orders', [0])).toEqual([[0, -1, -1, '', 0]]);
    expect((await fromAll(broker, 9, 'g')).groups[0]?.topics).toEqual([]);
  },
);

test('a start finds offsets, members and generation as they were; members go on without a rebalance', async () => {
  const data = await newDirectory();
  const before = await started(data);
  await before.controller.createTopic({ name: 'orders', partitions: 1, configs: {} }, false);
  const consumer = new Consumer(before, 'g', newest);
  await consumer.join();
  await consumer.sync([[consumer, 'all']]);
  expect(await consumer.commit('orders', [41])).toEqual([0]);
  await before.close();
  brokers.delete(before);
  const broker = await started(data);
  const again = new Consumer(broker, 'g', newest);
  again.memberId = consumer.memberId;
  again.generationId = 1;
  expect(await again.fetch('orders', [0])).toEqual([[0, 41, 1, 'm', 0]]);
  expect(await again.heartbeat()).toBe(0);
  expect(await again.commit('orders', [42])).toEqual([0]);
  expect(await again.fetch('orders', [0])).toEqual([[0, 42, 1, 'm', 0]]);
  expect(broker.counted('loads')).toBe(16);
  expect(broker.problems).toEqual([]);
});

test('a time for which offsets are kept, as the oldest versions may set one, is stored with them', async () => {
  const broker = await fresh();
  const request = { groupId: 'g', generationIdOrMemberEpoch: -1, memberId: '' };
  const partitions = [{ partitionIndex: 0, committedOffset: 3, committedMetadata: null }];
  const committed = await whenLoaded(
    () => ask(broker, offsetCommit, 2, { ...request, retentionTimeMs: 60_000, topics: [{ name: 'orders', partitions }] }),
    ({ topics }) => topics[0]?.partitions[0]?.errorCode ?? 0,
  );
  expect(committed.topics[0]?.partitions[0]?.errorCode).toBe(0);
  expect(await new Consumer(broker, 'g', newest).fetch('orders', [0])).toEqual([[0, 3, -1, '', 0]]);
});
