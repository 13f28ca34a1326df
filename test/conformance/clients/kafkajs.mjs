import { createRequire } from 'node:module';
import { join } from 'node:path';
import { answerAll, Numbers } from './lines.mjs';

// kafkajs, as test/conformance/client-suite.ts asks it. Arguments: where it is installed, and the broker's address.

const [home = '', address = ''] = process.argv.slice(2);
const installed = createRequire(join(home, 'package.json'));
const { Kafka, logLevel, Partitioners, CompressionTypes, CompressionCodecs, ConfigResourceTypes } = installed('kafkajs');
const lz4 = installed('lz4-napi');
const zstd = await new Promise((resolve) => installed('zstd-codec').ZstdCodec.run(resolve));

// By itself it has gzip only.
CompressionCodecs[CompressionTypes.Snappy] = installed('kafkajs-snappy');
CompressionCodecs[CompressionTypes.LZ4] = codecOf(lz4.compressFrame, lz4.decompressFrame);
CompressionCodecs[CompressionTypes.ZSTD] = codecOf(
  async (bytes) => Buffer.from(new zstd.Simple().compress(bytes)),
  // Frames need not say how large they are.
  async (bytes) => Buffer.from(new zstd.Streaming().decompress(bytes)),
);

const kafka = new Kafka({
  clientId: 'conformance',
  brokers: [address],
  logLevel: logLevel.NOTHING,
  retry: { initialRetryTime: 50, maxRetryTime: 200, retries: 50 },
});
const admin = kafka.admin();
await admin.connect();

const codecNames = { none: 'None', gzip: 'GZIP', snappy: 'Snappy', lz4: 'LZ4', zstd: 'ZSTD' };

/** @type {Map<string, any>} */
const members = new Map();
/** @type {Numbers} */
let numbers;

/** @param {object} options */
async function newProducer(options) {
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, ...options });
  await producer.connect();
  return producer;
}

/** @param {Buffer | null} bytes */
const text = (bytes) => bytes?.toString() ?? null;
/** @param {any} config */
const resource = ({ topic }) => ({ type: ConfigResourceTypes.TOPIC, name: topic });
/** @param {string} topic @param {number} partition */
const endsOf = async (topic, partition) => {
  const offsets = await admin.fetchTopicOffsets(topic);
  return offsets.find((/** @type {any} */ each) => each.partition === partition);
};

await answerAll({
  async produce({ topic, partition, records, codec = 'none', acks = -1, idempotent = false }) {
    const producer = await newProducer({ idempotent, retry: { retries: 1 } });
    const messages = records.map((/** @type {any} */ { timestamp, headers, ...record }) => ({
      ...record,
      partition,
      timestamp: String(timestamp),
      headers: repeated(headers),
    }));
    const compression = CompressionTypes[codecNames[/** @type {keyof typeof codecNames} */ (codec)]];
    try {
      const [told] = await producer.send({ topic, acks, compression, messages });
      return messages.map((/** @type {any} */ _, /** @type {number} */ index) => Number(told?.baseOffset) + index);
    } finally {
      await producer.disconnect();
    }
  },
  /** It reads as a member of a group only. */
  async read({ topic, partition, from, at }) {
    const { low, high } = await endsOf(topic, partition);
    const start = /** @type {Record<string, number | undefined>} */ ({
      beginning: Number(low),
      end: Number(high),
      offset: at,
      time: await offsetAt(topic, partition, at),
    })[from];
    if (start === undefined || start >= Number(high)) return [];
    const consumer = kafka.consumer({ groupId: `read-${Math.random()}`, maxWaitTimeInMs: 50 });
    await consumer.connect();
    await consumer.subscribe({ topic });
    /** @type {object[]} */
    const records = [];
    await new Promise((resolve, reject) => {
      consumer.on(consumer.events.CRASH, (/** @type {any} */ { payload }) => reject(payload.error));
      const eachMessage = async (/** @type {any} */ { partition: read, message }) => {
        if (read !== partition || Number(message.offset) < start) return;
        records.push(recordOf(message));
        if (Number(message.offset) === Number(high) - 1) resolve(undefined);
      };
      consumer.run({ autoCommit: false, eachMessage }).catch(reject);
      consumer.seek({ topic, partition, offset: String(start) });
    });
    await consumer.disconnect();
    return records;
  },
  async offsets({ topic, partition, time }) {
    const { low, high } = await endsOf(topic, partition);
    return { beginning: Number(low), end: Number(high), found: (await offsetAt(topic, partition, time)) ?? -1 };
  },
  topics: () => admin.listTopics(),
  nodes: async () => (await admin.describeCluster()).brokers.length,
  async createTopic({ topic, partitions, configs = {}, validateOnly = false }) {
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }));
    const topics = [{ topic, numPartitions: partitions, configEntries }];
    const isNew = await admin.createTopics({ topics, validateOnly, waitForLeaders: !validateOnly });
    if (!isNew) throw new Error('it is not new');
  },
  growTopic: ({ topic, partitions }) => admin.createPartitions({ topicPartitions: [{ topic, count: partitions }] }),
  async partitions({ topic }) {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0].partitions.length;
  },
  deleteTopic: ({ topic }) => admin.deleteTopics({ topics: [topic] }),
  async config({ topic, name }) {
    const asked = { includeSynonyms: false, resources: [{ ...resource({ topic }), configNames: [name] }] };
    return (await admin.describeConfigs(asked)).resources[0].configEntries[0].configValue;
  },
  alterConfig: ({ topic, name, value }) =>
    admin.alterConfigs({ validateOnly: false, resources: [{ ...resource({ topic }), configEntries: [{ name, value }] }] }),
  async deleteRecords({ topic, partition, before }) {
    // It looks for leaders among the topics that it has asked of before.
    await endsOf(topic, partition);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(before) }] });
  },
  groups: async () => (await admin.listGroups()).groups.map((/** @type {any} */ { groupId }) => groupId),
  async describeGroup({ group }) {
    const { groups } = await admin.describeGroups([group]);
    return { state: groups[0].state, members: groups[0].members.length };
  },
  deleteGroup: ({ group }) => admin.deleteGroups([group]),
  async committed({ group, topic, partition }) {
    const [{ partitions }] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    return Number(partitions.find((/** @type {any} */ each) => each.partition === partition).offset);
  },
  async join({ member, group, topic, sessionMs }) {
    const settings = { sessionTimeout: sessionMs, heartbeatInterval: sessionMs / 10, maxWaitTimeInMs: 100 };
    const consumer = kafka.consumer({ groupId: group, ...settings });
    /** @type {{ assigned: readonly number[], values: (string | null)[] }} */
    const told = { assigned: [], values: [] };
    consumer.on(consumer.events.GROUP_JOIN, (/** @type {any} */ { payload }) => {
      told.assigned = payload.memberAssignment[topic] ?? [];
    });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: async (/** @type {any} */ { batch }) => {
        const offset = String(Number(batch.lastOffset()) + 1);
        await consumer.commitOffsets([{ topic, partition: batch.partition, offset }]);
        told.values.push(...batch.messages.map((/** @type {any} */ { value }) => text(value)));
      },
    });
    members.set(member, { consumer, told });
  },
  member: ({ member }) => members.get(member).told,
  leave: ({ member }) => members.get(member).consumer.disconnect(),
  async begin({ topic }) {
    const producer = await newProducer({ idempotent: true });
    numbers = new Numbers(async (values) => {
      const [told] = await producer.send({ topic, messages: values.map((value) => ({ value, partition: 0 })) });
      return Number(told.baseOffset);
    });
  },
  acked: () => numbers.acks.length,
  end: () => numbers.end(),
});

/**
 * As kafkajs wants to be told of one: what it compresses lies in an encoder of its own.
 * @param {(bytes: Buffer) => Promise<Buffer>} compress
 * @param {(bytes: Buffer) => Promise<Buffer>} decompress
 */
function codecOf(compress, decompress) {
  return () => ({ compress: (/** @type {{ buffer: Buffer }} */ { buffer }) => compress(buffer), decompress });
}

/** A name may come more than once. @param {readonly (readonly [string, string])[]} headers */
function repeated(headers) {
  const names = new Set(headers.map(([name]) => name));
  return Object.fromEntries(
    [...names].map((name) => [name, headers.filter(([each]) => each === name).map(([, value]) => value)]),
  );
}

/** @param {any} message */
function recordOf({ offset, timestamp, key, value, headers = {} }) {
  const named = Object.entries(headers).flatMap(([name, some]) => [some].flat().map((each) => [name, text(each)]));
  return { offset: Number(offset), timestamp: Number(timestamp), key: text(key), value: text(value), headers: named };
}

/** Where there is none, it tells the end: that is none. @param {string} topic @param {number} partition @param {number} time */
async function offsetAt(topic, partition, time) {
  const offsets = await admin.fetchTopicOffsetsByTimestamp(topic, time);
  const { high } = await endsOf(topic, partition);
  const found = Number(offsets.find((/** @type {any} */ each) => each.partition === partition).offset);
  return found === Number(high) ? undefined : found;
}
