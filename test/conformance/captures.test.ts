import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiOf } from '../../ts/wire/kafka/apis.js';
import { readRequestHeader } from '../../ts/wire/kafka/frames.js';
import { Reader } from '../../ts/wire/kafka/reader.js';
import { removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, type RunningNode } from '../node/process.mjs';
import { openJavaSession } from './java-session.js';
import { createTopic, importClient, kcat, newNode } from './kafka-clients.js';
import { Wiretap } from './raw-kafka.js';

// What clients send, from which `npm run fuzz` starts: test/golden/kafka/requests.jsonl. Where the file is missing it is made; else it has
// to know everything that they ask for.

removeDirectoriesAfterwards();

const path = new URL('../golden/kafka/requests.jsonl', import.meta.url);
const frameSizeMax = 1200;

interface Line {
  readonly client: string;
  readonly api: string;
  readonly version: number;
  readonly frame: string;
}

let tap: Wiretap;
let node: RunningNode;
const lines: Line[] = [];

beforeAll(async () => {
  tap = await Wiretap.open();
  node = await newNode(['--kafka-advertised', tap.address]);
  tap.target = node.kafka;
});

afterAll(() => {
  tap.close();
  killAll();
});

/** Of each API and version the first and the largest. */
function record(client: string): void {
  const kinds = new Map<string, Line[]>();
  for (const frame of tap.requests.splice(0).filter(({ length }) => length <= frameSizeMax)) {
    const { key, version } = readRequestHeader(new Reader(frame));
    const line = { client, api: apiOf(key)?.name ?? '', version, frame: Buffer.from(frame).toString('hex') };
    const [first, largest] = kinds.get(`${key}/${version}`) ?? [];
    if (first === undefined) kinds.set(`${key}/${version}`, [line]);
    else if (line.frame.length > (largest ?? first).frame.length) kinds.set(`${key}/${version}`, [first, line]);
  }
  lines.push(...[...kinds.values()].flat().filter(({ api }) => api !== ''));
}

const patience = { timeout: 30_000 };

test('kcat', async () => {
  await createTopic(node.gateway, 'kcat', {}, 2);
  const produce = ['-P', '-t', 'kcat', '-K:', '-H', 'name=value', '-X', 'enable.idempotence=true'];
  await kcat(tap.address, [...produce, '-z', 'gzip'], 'key:value\nother:value\n');
  await kcat(tap.address, ['-P', '-t', 'kcat', '-X', 'acks=0'], 'silent\n');
  await kcat(tap.address, ['-C', '-t', 'kcat', '-e', '-q']);
  await kcat(tap.address, ['-C', '-t', 'kcat', '-o', 's@1000', '-e', '-q']);
  await kcat(tap.address, ['-Q', '-t', 'kcat:0:2000']);
  await kcat(tap.address, ['-L', '-J']);
  await kcat(tap.address, ['-e', '-q', '-X', 'auto.offset.reset=earliest', '-G', 'kcat-group', 'kcat']);
  record('kcat');
});

test('kafkajs', async () => {
  const { Kafka, logLevel, Partitioners, ConfigResourceTypes } = await importClient('kafkajs');
  const kafka = new Kafka({ clientId: 'kafkajs', brokers: [tap.address], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const [topic, groupId] = ['kafkajs', 'kafkajs-group'];
  await admin.createTopics({
    topics: [{ topic, numPartitions: 2, configEntries: [{ name: 'retention.ms', value: '10000000' }] }],
  });
  await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, idempotent: true });
  await producer.connect();
  await producer.send({ topic, messages: [{ key: 'key', value: 'value', headers: { name: 'value' } }, { value: null }] });
  await producer.disconnect();
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100 });
  let seen = 0;
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async () => {
      seen += 1;
    },
  });
  await expect.poll(() => seen, patience).toBe(2);
  await consumer.disconnect();
  const resource = { type: ConfigResourceTypes.TOPIC, name: topic };
  await admin.describeConfigs({ includeSynonyms: false, resources: [resource] });
  await admin.alterConfigs({
    validateOnly: true,
    resources: [{ ...resource, configEntries: [{ name: 'retention.ms', value: '2000' }] }],
  });
  await admin.fetchTopicOffsetsByTimestamp(topic, 1000);
  await admin.fetchOffsets({ groupId, topics: [topic] });
  await admin.describeGroups([groupId]);
  await admin.listGroups();
  await admin.deleteGroups([groupId]);
  await admin.describeCluster();
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '0' }] });
  await admin.deleteTopics({ topics: [topic] });
  await admin.disconnect();
  record('kafkajs');
});

test('@platformatic/kafka', async () => {
  const client = await importClient('@platformatic/kafka');
  const base = { clientId: 'platformatic', bootstrapBrokers: [tap.address], retries: 5, retryDelay: 50 };
  const admin = new client.Admin(base);
  const [topic, groupId] = ['platformatic', 'platformatic-group'];
  await admin.createTopics({ topics: [topic], partitions: 2, replicas: 1 });
  await admin.createPartitions({ topics: [{ name: topic, count: 3 }] });
  const producer = new client.Producer({ ...base, serializers: client.stringSerializers });
  const headers = new Map([['name', 'value']]);
  await producer.send({ acks: -1, idempotent: true, messages: [{ topic, partition: 0, key: 'key', value: 'value', headers }] });
  await producer.close();
  const consumer = new client.Consumer({ ...base, groupId, deserializers: client.stringDeserializers, maxWaitTime: 100 });
  const stream = await consumer.consume({ topics: [topic], mode: 'committed', fallbackMode: 'earliest', autocommit: true });
  await stream[Symbol.asyncIterator]().next();
  await consumer.close(true);
  const resource = { resourceType: client.ConfigResourceTypes.TOPIC, resourceName: topic };
  const configs = [{ name: 'retention.ms', configOperation: client.IncrementalAlterConfigOperationTypes.SET, value: '20000000' }];
  await admin.incrementalAlterConfigs({ resources: [{ ...resource, configs }] });
  await admin.describeConfigs({ resources: [{ ...resource, configurationKeys: ['retention.ms'] }] });
  await admin.listOffsets({ topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: -1n }] }] });
  await admin.listGroups();
  await admin.deleteTopics({ topics: [topic] });
  await admin.close();
  record('platformatic');
});

test('Java', async () => {
  const java = await openJavaSession('KafkaClient', tap.address);
  await createTopic(node.gateway, 'java');
  const records = JSON.stringify([{ timestamp: 1000, key: 'key', value: 'value', headers: [['name', 'value']] }]);
  await java.ask('produce', 'java', records, 'compression.type=zstd');
  await java.ask('read', 'java', 'beginning', 0);
  await java.ask('drain', 'java', 1);
  await java.ask('offsets', 'java', 500);
  await java.ask('group', 'java', 'java-group', 1);
  await java.ask('admin', 'java-made');
  java.close();
  record('java');
});

test('what they sent is kept', () => {
  const texts = lines.map((line) => JSON.stringify(line));
  if (!existsSync(path)) writeFileSync(path, `${texts.join('\n')}\n`);
  const nameOf = (text: string) => {
    const { client, api, version } = JSON.parse(text) as Line;
    return `${client}: ${api} ${version}`;
  };
  const kept = new Set(readFileSync(path, 'utf8').trim().split('\n').map(nameOf));
  expect(texts.map(nameOf).filter((name) => !kept.has(name))).toEqual([]);
});
