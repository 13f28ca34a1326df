import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { answerAll, Numbers } from './lines.mjs';

// @platformatic/kafka, as test/conformance/client-suite.ts asks it. Arguments: where it is installed, and the broker's address.

const [home = '', address = ''] = process.argv.slice(2);
const { resolve } = createRequire(join(home, 'package.json'));
const client = await import(pathToFileURL(resolve('@platformatic/kafka')).href);

const base = { clientId: 'conformance', bootstrapBrokers: [address], retries: 100, retryDelay: 100 };
const admin = new client.Admin({ ...base, retries: 2 });
const { TOPIC } = client.ConfigResourceTypes;

/** @type {Map<string, any>} */
const members = new Map();
/** @type {Numbers} */
let numbers;

/** @param {string} groupId @param {object} more */
const newConsumer = (groupId, more = {}) =>
  new client.Consumer({ ...base, groupId, deserializers: client.stringDeserializers, maxWaitTime: 100, ...more });

/** @param {string} topic @param {number} partition @param {number} timestamp */
async function offsetAt(topic, partition, timestamp) {
  const partitions = [{ partitionIndex: partition, timestamp: BigInt(timestamp) }];
  const [told] = await admin.listOffsets({ topics: [{ name: topic, partitions }] });
  return Number(told.partitions[0].offset);
}

await answerAll({
  async produce({ topic, partition, records, codec: compression = 'none', acks = -1, idempotent = false }) {
    const producer = new client.Producer({ ...base, retries: 1, serializers: client.stringSerializers });
    const messages = records.map((/** @type {any} */ { timestamp, key, value, headers }) => ({
      topic,
      partition,
      timestamp: BigInt(timestamp),
      headers: new Map(headers),
      key: key ?? undefined,
      value: value ?? undefined,
    }));
    try {
      const { offsets } = await producer.send({ messages, compression, acks, idempotent });
      return messages.map((/** @type {any} */ _, /** @type {number} */ index) => Number(offsets?.[0].offset) + index);
    } finally {
      await producer.close();
    }
  },
  async read({ topic, partition, from, at }) {
    const [low, high] = [await offsetAt(topic, partition, -2), await offsetAt(topic, partition, -1)];
    const time = from === 'time' ? await offsetAt(topic, partition, at) : 0;
    const start = /** @type {Record<string, number | undefined>} */ ({ beginning: low, end: high, offset: at, time })[from];
    if (start === undefined || start >= high) return [];
    const consumer = newConsumer(`read-${Math.random()}`);
    const offsets = [{ topic, partition, offset: BigInt(start) }];
    const stream = await consumer.consume({ topics: [topic], mode: 'manual', offsets, autocommit: false });
    const records = [];
    for await (const { offset, timestamp, key, value, headers, partition: read } of stream) {
      if (read !== partition) continue;
      const named = [...headers];
      records.push({
        offset: Number(offset),
        timestamp: Number(timestamp),
        key: key ?? null,
        value: value ?? null,
        headers: named,
      });
      if (Number(offset) === high - 1) break;
    }
    await consumer.close(true);
    return records;
  },
  async offsets({ topic, partition, time }) {
    const [beginning, end, found] = await Promise.all([-2, -1, time].map((each) => offsetAt(topic, partition, each)));
    return { beginning, end, found };
  },
  nodes: async () => (await admin.metadata({ topics: [], forceUpdate: true })).brokers.size,
  topics: () => admin.listTopics(),
  async createTopic({ topic, partitions, configs = {} }) {
    const named = Object.entries(configs).map(([name, value]) => ({ name, value }));
    await admin.createTopics({ topics: [topic], partitions, replicas: 1, configs: named });
  },
  growTopic: ({ topic, partitions }) => admin.createPartitions({ topics: [{ name: topic, count: partitions }] }),
  partitions: async ({ topic }) =>
    (await admin.metadata({ topics: [topic], forceUpdate: true })).topics.get(topic).partitionsCount,
  deleteTopic: ({ topic }) => admin.deleteTopics({ topics: [topic] }),
  async config({ topic, name }) {
    const resources = [{ resourceType: TOPIC, resourceName: topic, configurationKeys: [name] }];
    const [described] = await admin.describeConfigs({ resources });
    return described.configs[0].value;
  },
  alterConfig({ topic, name, value }) {
    const configs = [{ name, value, configOperation: client.IncrementalAlterConfigOperationTypes.SET }];
    return admin.incrementalAlterConfigs({ resources: [{ resourceType: TOPIC, resourceName: topic, configs }] });
  },
  deleteRecords: ({ topic, partition, before }) =>
    admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition, offset: BigInt(before) }] }] }),
  groups: async () => [...(await admin.listGroups()).keys()],
  async describeGroup({ group }) {
    const { state, members } = (await admin.describeGroups({ groups: [group] })).get(group);
    return { state: state[0] + state.slice(1).toLowerCase(), members: members.size };
  },
  deleteGroup: ({ group }) => admin.deleteGroups({ groups: [group] }),
  async committed({ group, topic, partition }) {
    const groups = [{ groupId: group, topics: [{ name: topic, partitionIndexes: [partition] }] }];
    const [told] = await admin.listConsumerGroupOffsets({ groups });
    return Number(told.topics[0].partitions[0].committedOffset);
  },
  async join({ member, group, topic, sessionMs }) {
    const consumer = newConsumer(group, { sessionTimeout: sessionMs, heartbeatInterval: sessionMs / 10 });
    /** @type {(string | null)[]} */
    const values = [];
    members.set(member, { consumer, values, topic });
    const stream = await consumer.consume({ topics: [topic], mode: 'committed', fallbackMode: 'earliest', autocommit: false });
    void read(stream, values);
  },
  member({ member }) {
    const { consumer, values, topic } = members.get(member);
    const assigned = (consumer.assignments ?? []).filter((/** @type {any} */ each) => each.topic === topic);
    return { assigned: assigned.flatMap((/** @type {any} */ each) => each.partitions), values };
  },
  leave: ({ member }) => members.get(member).consumer.close(true),
  async begin({ topic }) {
    const producer = new client.Producer({ ...base, serializers: client.stringSerializers });
    numbers = new Numbers(async (values) => {
      const messages = values.map((value) => ({ topic, partition: 0, value }));
      const { offsets } = await producer.send({ messages, acks: -1, idempotent: true });
      return Number(offsets[0].offset);
    });
  },
  acked: () => numbers.acks.length,
  end: () => numbers.end(),
});

/** @param {any} stream @param {(string | null)[]} values */
async function read(stream, values) {
  try {
    for await (const message of stream) {
      await message.commit();
      values.push(message.value ?? null);
    }
  } catch (error) {
    process.stderr.write(`${error}\n`);
  }
}
