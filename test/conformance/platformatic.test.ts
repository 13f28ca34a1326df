import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, type RunningNode, startNode } from '../node/process.mjs';
import { createTopic, headerOf, importClient, kcatRead, newNode, webSocketBatches } from './kafka-clients.js';

// @platformatic/kafka begins where kafkajs has long ended: Fetch 12, Metadata 9, CreateTopics 7, DeleteTopics 6, FindCoordinator 4.

removeDirectoriesAfterwards();

interface Message {
  readonly offset: bigint;
  readonly key: string;
  readonly value: string | null;
  readonly headers: ReadonlyMap<string, string>;
}

let node: RunningNode;
let client: Awaited<ReturnType<typeof importClient>>;

beforeAll(async () => {
  client = await importClient('@platformatic/kafka');
  node = await newNode();
});

afterAll(killAll);

const base = () => ({ clientId: 'conformance', bootstrapBrokers: [node.kafka], retries: 5, retryDelay: 50 });

async function produced(options: object, messages: readonly object[]) {
  const producer = new client.Producer({ ...base(), serializers: client.stringSerializers });
  const answer = await producer.send({ messages, ...options });
  await producer.close();
  return answer;
}

test.each([
  ['acks -1', { acks: -1 }],
  ['acks 1', { acks: 1 }],
  ['idempotent', { acks: -1, idempotent: true }],
])('%s: keys, headers, nulls and timestamps are kept', async (name, options) => {
  const topic = name.replace(' ', '-');
  await createTopic(node.gateway, topic);
  const messages = [
    { topic, partition: 0, key: 'key', value: 'value', headers: new Map([['größe', '五千']]), timestamp: 1000n },
    { topic, partition: 0, key: 'tombstone', timestamp: 2000n },
    { topic, partition: 0, value: 'no key', timestamp: 3000n },
  ];
  expect(await produced(options, messages)).toMatchObject({ offsets: [{ topic, partition: 0, offset: 0n }] });
  expect(await kcatRead(node.kafka, topic)).toMatchObject([
    { key: 'key', payload: 'value', headers: ['größe', '五千'], ts: 1000 },
    { key: 'tombstone', payload: null, ts: 2000 },
    { key: null, payload: 'no key', ts: 3000 },
  ]);
});

test('acks 0', async () => {
  await createTopic(node.gateway, 'acks-0');
  await produced({ acks: 0 }, [{ topic: 'acks-0', value: 'unanswered' }]);
  await produced({ acks: -1 }, [{ topic: 'acks-0', value: 'answered' }]);
  const values = (await kcatRead(node.kafka, 'acks-0')).map(({ payload }) => payload);
  expect([...values].sort()).toEqual(['answered', 'unanswered']);
});

test.each(['gzip', 'snappy', 'lz4'])('%s', async (compression) => {
  await createTopic(node.gateway, compression);
  const values = Array.from({ length: 100 }, (_, index) => `value ${index}`);
  await produced(
    { compression },
    values.map((value) => ({ topic: compression, partition: 0, value })),
  );
  const [batch] = await webSocketBatches(node.gateway, compression);
  expect(batch && headerOf(batch).compression).toBe(compression);
  expect((await kcatRead(node.kafka, compression)).map(({ payload }) => payload)).toEqual(values);
});

test('administration: topics are made, described, changed, grown and deleted', async () => {
  const admin = new client.Admin(base());
  const [made] = await admin.createTopics({ topics: ['made'], partitions: 2, replicas: 1 });
  expect(made).toMatchObject({ name: 'made', partitions: 2, replicas: 1 });
  await expect(admin.createTopics({ topics: ['made'], partitions: 2, replicas: 1 })).rejects.toThrow();
  expect(await admin.listTopics()).toContain('made');
  await admin.createPartitions({ topics: [{ name: 'made', count: 3 }] });
  const { topics } = await admin.metadata({ topics: ['made'], forceUpdate: true });
  expect(topics.get('made')).toMatchObject({ id: made.id, partitionsCount: 3 });
  const resource = { resourceType: client.ConfigResourceTypes.TOPIC, resourceName: 'made' };
  await admin.incrementalAlterConfigs({
    resources: [
      {
        ...resource,
        configs: [{ name: 'retention.ms', configOperation: client.IncrementalAlterConfigOperationTypes.SET, value: '2000' }],
      },
    ],
  });
  const [described] = await admin.describeConfigs({ resources: [{ ...resource, configurationKeys: ['retention.ms'] }] });
  expect(described.configs).toMatchObject([{ name: 'retention.ms', value: '2000', readOnly: false }]);
  await admin.deleteTopics({ topics: ['made'] });
  expect(await admin.listTopics()).not.toContain('made');
  await admin.close();
});

test('offsets by end and by time', async () => {
  await createTopic(node.gateway, 'ends');
  const at = [1000n, 2000n, 3000n];
  await produced(
    {},
    at.map((timestamp) => ({ topic: 'ends', partition: 0, value: 'x', timestamp })),
  );
  const admin = new client.Admin(base());
  const offsetAt = async (timestamp: bigint) => {
    const [topic] = await admin.listOffsets({ topics: [{ name: 'ends', partitions: [{ partitionIndex: 0, timestamp }] }] });
    return topic.partitions[0].offset;
  };
  expect([await offsetAt(-2n), await offsetAt(-1n), await offsetAt(1500n)]).toEqual([0n, 3n, 1n]);
  await admin.close();
});

test('a producer goes on when the node comes back after kill -9', async () => {
  const data = join(await newDirectory(), 'data');
  const first = await startNode(data);
  await createTopic(first.gateway, 'resumed');
  const settings = {
    ...base(),
    bootstrapBrokers: [first.kafka],
    retries: 100,
    retryDelay: 100,
    serializers: client.stringSerializers,
  };
  const producer = new client.Producer(settings);
  const send = (value: string) => producer.send({ messages: [{ topic: 'resumed', value }], acks: -1, idempotent: true });
  await send('before');
  await first.kill('SIGKILL');
  const sending = send('meanwhile');
  const second = await startNode(data, ['--kafka', first.kafka]);
  await sending;
  await send('after');
  await producer.close();
  expect((await kcatRead(second.kafka, 'resumed')).map(({ payload }) => payload)).toEqual(['before', 'meanwhile', 'after']);
  await second.kill('SIGKILL');
});

test('a group reads, commits, and goes on', async () => {
  await createTopic(node.gateway, 'grouped');
  await produced({}, [{ topic: 'grouped', key: 'key', value: '0', headers: new Map([['name', 'value']]) }]);
  const read = async () => {
    const consumer = new client.Consumer({
      ...base(),
      groupId: 'group',
      deserializers: client.stringDeserializers,
      maxWaitTime: 100,
    });
    const stream = await consumer.consume({ topics: ['grouped'], mode: 'committed', fallbackMode: 'earliest', autocommit: true });
    const { value } = (await stream[Symbol.asyncIterator]().next()) as { value: Message };
    await consumer.close(true);
    return { ...value, headers: [...value.headers] };
  };
  expect(await read()).toMatchObject({ offset: 0n, key: 'key', value: '0', headers: [['name', 'value']] });
  await produced({}, [{ topic: 'grouped', key: 'key', value: '1' }]);
  expect(await read()).toMatchObject({ offset: 1n, value: '1' });
});
