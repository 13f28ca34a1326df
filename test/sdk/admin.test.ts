import { expect, test } from 'vitest';
import { gatewayUrl } from '../../ts/sdk/core/client.js';
import { clientOf, until } from './model-client.js';
import { ModelServer } from './model-server.js';

test('topics are created, described, grown, altered and deleted', async () => {
  const { client } = await clientOf(new ModelServer());
  const { admin } = client;
  expect(await admin.createTopic('t', { partitions: 2, configs: { 'retention.ms': '5' } })).toMatchObject({
    name: 't',
    durability: 'fsync',
  });
  await expect(admin.createTopic('t')).rejects.toMatchObject({ code: 'topic-exists', isRetriable: false });
  expect((await admin.addPartitions('t', 5)).partitions).toHaveLength(5);
  await admin.alterTopic('t', { 'retention.ms': null });
  expect(await admin.describeTopic('t')).toMatchObject({
    usage: expect.any(Array),
    configs: [{ name: 'retention.ms', source: 'default' }],
  });
  expect((await admin.listTopics()).map(({ name, topicId }) => [name, topicId.length])).toEqual([['t', 32]]);
  await admin.deleteTopic('t');
  expect(await admin.listTopics()).toEqual([]);
});

test('offsets, the cluster, the node and a ping', async () => {
  const server = new ModelServer();
  const { client } = await clientOf(server);
  await client.producer().send({ topic: 't', partition: 1, value: 'x' });
  expect((await client.admin.listOffsets('t', 'end')).map(({ offset }) => offset)).toEqual([0, 1, 0]);
  expect(await client.admin.describeCluster()).toMatchObject({ clusterId: 'model', nodes: [{ nodeId: 1 }] });
  expect(await client.admin.describeNode()).toMatchObject({ isReady: true });
  expect(await client.admin.ping()).toBeGreaterThanOrEqual(0);
});

test('questions survive a loss of the connection', async () => {
  const server = new ModelServer();
  const { client } = await clientOf(server);
  let messages = 0;
  server.breaksAfter = () => ++messages === 1;
  expect(await client.admin.listTopics()).toEqual([]);
});

test('that a topic is unknown is an answer, unless this client has made it a moment ago', async () => {
  const server = new ModelServer();
  const { client } = await clientOf(server);
  const { admin } = client;
  const unknown = { code: 'unknown-topic', isRetriable: false, advice: 'create it first' };
  await expect(admin.describeTopic('nowhere')).rejects.toMatchObject(unknown);
  await expect(admin.listOffsets('nowhere', 'end')).rejects.toMatchObject(unknown);

  await admin.createTopic('lagging', { partitions: 1 });
  const topic = server.topic('lagging');
  server.topics.delete('lagging');
  const asked = admin.describeTopic('lagging');
  await until(() => server.requests.filter((body) => body === 'describeTopic').length > 2);
  server.topics.set('lagging', topic);
  expect((await asked).name).toBe('lagging');

  await admin.deleteTopic('lagging');
  await expect(admin.describeTopic('lagging')).rejects.toMatchObject(unknown);
});

test('addresses in all their forms name the gateway', () => {
  expect(gatewayUrl('localhost:9080')).toBe('ws://localhost:9080/v1');
  expect(gatewayUrl('https://example.org')).toBe('wss://example.org/v1');
  expect(gatewayUrl('ws://h:1/x')).toBe('ws://h:1/x');
  for (const wrong of ['', 'ftp://h', 'h:port']) expect(() => gatewayUrl(wrong)).toThrow('no address of a gateway');
});
