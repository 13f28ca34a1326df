import { afterAll, beforeAll, expect, test } from 'vitest';
import { removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, type RunningNode } from '../node/process.mjs';
import { createTopic, kcat, kcatRead, newNode } from './kafka-clients.js';
import { fileOf, KafkaTools, killKafkaTools } from './kafka-tools.js';

// Topics, settings, offsets, and who the node is.

removeDirectoriesAfterwards();

let node: RunningNode;
let tools: KafkaTools;

beforeAll(async () => {
  node = await newNode();
  tools = new KafkaTools(node.kafka);
});

afterAll(killAll);
afterAll(killKafkaTools);

test('kafka-topics: a topic is made, listed, described, grown and deleted', async () => {
  const one = ['--topic', 'operated'];
  const making = ['--create', ...one, '--partitions', '2', '--config', 'retention.ms=100000'];
  expect(await tools.printed('kafka-topics', making)).toContain('Created topic operated.');
  expect(await tools.refused('kafka-topics', making)).toMatch(/exists/);
  expect(await tools.refused('kafka-topics', ['--create', '--topic', 'bad', '--config', 'retention.ms=soon'])).toMatch(
    /retention\.ms/,
  );
  expect((await tools.printed('kafka-topics', ['--list'])).split('\n')).toContain('operated');
  const described = await tools.printed('kafka-topics', ['--describe', ...one]);
  expect(described).toMatch(/PartitionCount: 2\s+ReplicationFactor: 1\s+Configs: retention\.ms=100000/);
  expect(described).toMatch(/Partition: 1\s+Leader: 1\s+Replicas: 1\s+Isr: 1/);
  await tools.printed('kafka-topics', ['--alter', ...one, '--partitions', '3']);
  expect(await tools.printed('kafka-topics', ['--describe', ...one])).toContain('PartitionCount: 3');
  expect(await tools.refused('kafka-topics', ['--alter', ...one, '--partitions', '1'])).toMatch(/InvalidPartitions|3 partitions/);
  for (const state of ['--under-replicated-partitions', '--unavailable-partitions', '--under-min-isr-partitions'])
    expect(await tools.printed('kafka-topics', ['--describe', state])).toBe('');
  await tools.printed('kafka-topics', ['--delete', ...one]);
  expect(await tools.refused('kafka-topics', ['--describe', ...one])).toMatch(/does not exist/);
});

test('kafka-configs: of topics they are set, shown and removed; of a broker shown', async () => {
  await createTopic(node.gateway, 'configured');
  const topic = ['--entity-type', 'topics', '--entity-name', 'configured'];
  const broker = ['--entity-type', 'brokers', '--entity-name', '1'];
  await tools.printed('kafka-configs', ['--alter', ...topic, '--add-config', 'retention.ms=200000,cleanup.policy=compact']);
  const described = await tools.printed('kafka-configs', ['--describe', ...topic]);
  expect(described).toContain('retention.ms=200000 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:retention.ms=200000');
  expect(described).toContain('cleanup.policy=compact');
  await tools.printed('kafka-configs', ['--alter', ...topic, '--delete-config', 'cleanup.policy']);
  expect(await tools.printed('kafka-configs', ['--describe', ...topic])).not.toContain('cleanup.policy');
  expect(await tools.printed('kafka-configs', ['--describe', ...topic, '--all'])).toContain('cleanup.policy=delete');
  expect(await tools.refused('kafka-configs', ['--alter', ...topic, '--add-config', 'retention.ms=soon'])).toMatch(/not "soon"/);
  expect(await tools.printed('kafka-configs', ['--describe', ...broker, '--all'])).toContain('auto.create.topics.enable=true');
  const altering = ['--alter', ...broker, '--add-config', 'log.retention.ms=1'];
  expect(await tools.refused('kafka-configs', altering)).toMatch(/millrace\.config\.json/);
});

test('kafka-get-offsets, kafka-delete-records, kafka-log-dirs', async () => {
  await createTopic(node.gateway, 'measured', {}, 2);
  await createTopic(node.gateway, 'unwritten');
  await kcat(node.kafka, ['-P', '-t', 'measured', '-p', '0'], 'a\nb\nc\n');
  const [first] = await kcatRead(node.kafka, 'measured');
  const offsets = async (...words: string[]) =>
    (await tools.printed('kafka-get-offsets', ['--topic', ...words])).trim().split('\n');
  expect(await offsets('measured')).toEqual(['measured:0:3', 'measured:1:0']);
  expect(await offsets('measured', '--time', 'earliest')).toEqual(['measured:0:0', 'measured:1:0']);
  expect((await offsets('measured', '--time', `${first?.ts}`)).at(0)).toBe('measured:0:0');
  expect((await offsets('measured', '--time', 'max-timestamp')).at(0)).toMatch(/^measured:0:[012]$/);
  expect(await offsets('unwritten', '--time', '-1')).toEqual(['unwritten:0:0']);
  expect(await tools.refused('kafka-get-offsets', ['--topic', 'nowhere'])).toMatch(/Could not match/);
  const partitions = [{ topic: 'measured', partition: 0, offset: 2 }];
  const cut = await fileOf(JSON.stringify({ version: 1, partitions }));
  expect(await tools.printed('kafka-delete-records', ['--offset-json-file', cut])).toContain(
    'partition: measured-0\tlow_watermark: 2',
  );
  expect(await offsets('measured', '--time', '-2')).toEqual(['measured:0:2', 'measured:1:0']);
  const dirs =
    (await tools.printed('kafka-log-dirs', ['--describe', '--topic-list', 'measured'])).trim().split('\n').at(-1) ?? '';
  const { brokers } = JSON.parse(dirs);
  expect(brokers).toMatchObject([{ broker: 1, logDirs: [{ error: null, partitions: [{}, {}] }] }]);
});

test('kafka-broker-api-versions, kafka-cluster, kafka-features: what the node speaks, and who it is', async () => {
  const versions = await tools.printed('kafka-broker-api-versions', []);
  expect(versions).toMatch(/\(id: 1 rack: null isFenced: false\)/);
  expect(versions).toMatch(/Fetch\(1\): 4 to 18 \[usable: 18\]/);
  expect(versions).not.toContain('UNKNOWN');
  expect(await tools.printed('kafka-cluster', ['cluster-id'])).toMatch(/^Cluster ID: \S{22}$/m);
  expect(await tools.printed('kafka-cluster', ['list-endpoints'])).toMatch(/^1 +127\.0\.0\.1 +\d+ +null +unfenced +broker/m);
  expect(await tools.printed('kafka-features', ['describe'])).toBe('');
});

test.each([
  ['kafka-leader-election', ['--election-type', 'preferred', '--all-topic-partitions'], 'ELECT_LEADERS'],
  ['kafka-metadata-quorum', ['describe', '--status'], 'DESCRIBE_QUORUM'],
  ['kafka-reassign-partitions', ['--list'], 'LIST_PARTITION_REASSIGNMENTS'],
  ['kafka-transactions', ['list'], 'LIST_TRANSACTIONS'],
  ['kafka-acls', ['--list'], 'DESCRIBE_ACLS'],
] as const)('%s is told that the node does not have it', async (tool, args, api) => {
  expect(await tools.refused(tool, args)).toContain(`does not support ${api}`);
});

test('a transactional id is refused by name', async () => {
  const words = ['--topic', 'any', '--num-records', '1', '--record-size', '1', '--throughput', '-1', '--transactional-id', 'any'];
  expect(await tools.refused('kafka-producer-perf-test', words)).toContain('TransactionalIdAuthorizationException');
});
