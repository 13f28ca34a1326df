import { afterEach, expect, test } from 'vitest';
import { partitionOfGroup } from '../../ts/model/partition-of-group.js';
import { listGroups } from '../../ts/wire/kafka/schema/16-list-groups.js';
import { ask } from '../kafka/ask.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { Broker } from './broker.mjs';
import { Consumer, newest, text, whenLoaded } from './consumer.js';

removeDirectoriesAfterwards();

let broker: Broker | undefined;
afterEach(async () => {
  await broker?.close();
  broker = undefined;
});

const names = Array.from({ length: 12 }, (_, index) => `group-${index}`);

function shardOf(broker: Broker, groupId: string): number {
  const { partitions } = broker.verbs().routing.topic('__consumer_offsets');
  return partitions[partitionOfGroup(groupId, partitions.length)].shard;
}

test('with several shards every door reaches every group, and any of them lists all', async () => {
  broker = await Broker.start(await newDirectory(), { shards: 2 });
  const { controller } = broker;
  await controller.createTopic({ name: 'orders', partitions: 1, configs: {} }, false);
  for (const [index, groupId] of names.entries()) {
    const writer = new Consumer(broker, groupId, newest, { thread: index % 2 });
    expect(await writer.commit('orders', [index])).toEqual([0]);
    const reader = new Consumer(broker, groupId, newest, { thread: 1 - (index % 2) });
    expect(await reader.fetch('orders', [0])).toEqual([[0, index, 1, 'm', 0]]);
  }
  expect(new Set(names.map((groupId) => shardOf(controller && (broker as Broker), groupId)))).toEqual(new Set([0, 1]));
  for (const thread of [0, 1]) {
    const listed = await ask(broker, listGroups, 5, {}, { thread });
    expect(listed.groups.map(({ groupId }) => groupId).sort()).toEqual([...names].sort());
  }
  const away = names.find((groupId) => shardOf(broker as Broker, groupId) === 1) ?? '';
  const member = new Consumer(broker, away, newest, { thread: 0 });
  expect(await member.join()).toMatchObject({ errorCode: 0, generationId: 1 });
  expect(text((await member.sync([[member, 'through the port']])).assignment)).toBe('through the port');

  await controller.deleteTopic('orders');
  await controller.createTopic({ name: 'orders', partitions: 1, configs: {} }, false);
  for (const groupId of names) {
    const reader = new Consumer(broker, groupId, newest);
    expect(await reader.fetch('orders', [0])).toEqual([[0, -1, -1, '', 0]]);
  }
});

test('of what one shard is still reading no list is given', async () => {
  const data = await newDirectory();
  broker = await Broker.start(data, { shards: 2 });
  await broker.controller.createTopic({ name: 'orders', partitions: 1, configs: {} }, false);
  for (const groupId of names) await new Consumer(broker, groupId, newest).commit('orders', [1]);
  await broker.close();
  broker = await Broker.start(data, { shards: 2 });
  const list = () => ask(broker as Broker, listGroups, 5, {});
  const first = await list();
  expect([0, 14]).toContain(first.errorCode);
  expect(first.groups.length).toBe(first.errorCode === 0 ? names.length : 0);
  expect((await whenLoaded(list, ({ errorCode }) => errorCode)).groups.length).toBe(names.length);
});
