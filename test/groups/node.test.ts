import { afterEach, expect, test } from 'vitest';
import { metadata } from '../../ts/wire/kafka/schema/03-metadata.js';
import { findCoordinator } from '../../ts/wire/kafka/schema/10-find-coordinator.js';
import { ask } from '../kafka/ask.js';
import { KafkaSocket } from '../kafka/socket.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, startNode } from '../node/process.mjs';
import { Consumer, newest, text } from './consumer.js';

// A node in a process of its own, with two data threads, over its sockets.

removeDirectoriesAfterwards();
const sockets = new Set<KafkaSocket>();
afterEach(() => {
  for (const socket of sockets) socket.close();
  killAll();
});

async function dial(address: string): Promise<KafkaSocket> {
  const socket = await KafkaSocket.open(address);
  sockets.add(socket);
  return socket;
}

const options = ['--group-initial-rebalance-delay-ms', '0', '--shards', '2', '--journal', '8MiB'];
/** By name: ids are nobody's business here. */
const spoken = { ...newest, commit: 9, fetch: 9 };
const groups = ['one', 'two', 'three', 'four'];

test('a node that is killed knows its groups in its next life: offsets, members, generation', async () => {
  const data = await newDirectory();
  const first = await startNode(data, options);
  const socket = await dial(first.kafka);
  await ask(socket, metadata, 4, { topics: [{ name: 'orders' }], allowAutoTopicCreation: true });
  const found = await ask(socket, findCoordinator, 4, { keyType: 0, coordinatorKeys: groups });
  const [, port] = first.kafka.split(':');
  expect(found.coordinators).toMatchObject(groups.map((key) => ({ key, nodeId: 1, errorCode: 0, port: Number(port) })));
  const members = groups.map((groupId) => new Consumer(socket, groupId, spoken));
  for (const [index, member] of members.entries()) {
    await member.join();
    expect(text((await member.sync([[member, 'all']])).assignment)).toBe('all');
    expect(await member.commit('orders', [index + 10])).toEqual([0]);
  }
  await first.kill('SIGKILL');

  const second = await startNode(data, options);
  const again = await dial(second.kafka);
  for (const [index, { groupId, memberId, generationId }] of members.entries()) {
    const member = new Consumer(again, groupId, spoken);
    Object.assign(member, { memberId, generationId });
    expect(await member.fetch('orders', [0])).toEqual([[0, index + 10, 1, 'm', 0]]);
    expect(await member.heartbeat()).toBe(0);
    expect(await member.commit('orders', [index + 20])).toEqual([0]);
  }
  again.close();
  expect(await second.kill('SIGTERM')).toBe(0);
});

test('a node that ends keeps nobody waiting for other members', async () => {
  const node = await startNode(await newDirectory(), options);
  const member = new Consumer(await dial(node.kafka), 'g', spoken);
  await member.join();
  await member.sync([[member, 'all']]);
  const waiting = new Consumer(await dial(node.kafka), 'g', spoken);
  const joined = waiting.join();
  await expect.poll(() => member.heartbeat()).toBe(27);
  const exited = node.kill('SIGTERM');
  expect((await joined).errorCode).toBe(16);
  expect(await exited).toBe(0);
});
