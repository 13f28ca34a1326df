import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kafkaErrors } from '../../ts/wire/kafka/error-codes.js';
import { saslHandshake } from '../../ts/wire/kafka/schema/17-sasl-handshake.js';
import { apiVersions } from '../../ts/wire/kafka/schema/18-api-versions.js';
import { createTopics } from '../../ts/wire/kafka/schema/19-create-topics.js';
import { deleteRecords } from '../../ts/wire/kafka/schema/21-delete-records.js';
import { initProducerId } from '../../ts/wire/kafka/schema/22-init-producer-id.js';
import { offsetForLeaderEpoch } from '../../ts/wire/kafka/schema/23-offset-for-leader-epoch.js';
import { describeLogDirs } from '../../ts/wire/kafka/schema/35-describe-log-dirs.js';
import { saslAuthenticate } from '../../ts/wire/kafka/schema/36-sasl-authenticate.js';
import { describeCluster } from '../../ts/wire/kafka/schema/60-describe-cluster.js';
import { describeProducers } from '../../ts/wire/kafka/schema/61-describe-producers.js';
import { crc32c } from '../../ts/wire/records/crc32c.js';
import { layout } from '../../ts/wire/records/layout.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { batchOf } from '../log/store.js';
import { KafkaDoor, versionsOf } from './door.js';

removeDirectoriesAfterwards();

let data = '';
let door: KafkaDoor;
beforeAll(async () => {
  data = join(await newDirectory(), 'data');
  door = await KafkaDoor.open(data);
});
afterAll(() => door.close());

const code = (name: keyof typeof kafkaErrors) => kafkaErrors[name].code;

async function create(name: string, configs: Readonly<Record<string, string>> = {}) {
  const pairs = Object.entries(configs).map(([key, value]) => ({ name: key, value }));
  const wanted = { name, numPartitions: 2, replicationFactor: 1, assignments: [], configs: pairs };
  const { topics } = await door.ask(createTopics, 7, { topics: [wanted] });
  expect(topics).toMatchObject([{ errorCode: 0 }]);
}

function append(topic: string, values: readonly string[], partition = 0, producer?: BatchProducer): Promise<void> {
  return new Promise((resolve, reject) => {
    const entries = [{ topic, partition, batch: producedBatch(values, producer) }];
    door.verbs.produce.begin({ acks: 'all', timeoutMs: 10_000, durabilityMin: undefined, entries }, ([result]) => {
      if (result?.ok) resolve();
      else reject(new Error(JSON.stringify(result)));
    });
  });
}

interface BatchProducer {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

function producedBatch(values: readonly string[], producer: BatchProducer | undefined): Uint8Array {
  const batch = batchOf(values);
  if (producer === undefined) return batch;
  const view = new DataView(batch.buffer);
  view.setBigInt64(layout.producerId, BigInt(producer.producerId));
  view.setInt16(layout.producerEpoch, producer.producerEpoch);
  view.setInt32(layout.baseSequence, producer.baseSequence);
  view.setUint32(layout.crc, crc32c(batch.subarray(layout.attributes)));
  return batch;
}

async function remove(topic: string, offset: number, version = 2, partitionIndex = 0) {
  const { topics } = await door.ask(deleteRecords, version, {
    topics: [{ name: topic, partitions: [{ partitionIndex, offset }] }],
    timeoutMs: 1000,
  });
  expect(topics[0]?.name).toBe(topic);
  const { lowWatermark, errorCode } = topics[0]?.partitions[0] ?? {};
  return [errorCode, lowWatermark];
}

test('records below an offset are gone, in every version, and stay gone when the node starts again', async () => {
  await create('shortened');
  for (let count = 0; count < 10; count += 1) await append('shortened', ['a']);
  for (const version of versionsOf(deleteRecords))
    expect(await remove('shortened', version + 1, version)).toEqual([0, version + 1]);
  // It never moves back.
  expect(await remove('shortened', 1)).toEqual([0, 3]);
  expect(await remove('shortened', 11)).toEqual([code('OFFSET_OUT_OF_RANGE'), -1]);
  expect(await remove('shortened', -2)).toEqual([code('OFFSET_OUT_OF_RANGE'), -1]);
  expect(await remove('shortened', Number.MAX_SAFE_INTEGER)).toEqual([code('OFFSET_OUT_OF_RANGE'), -1]);
  expect(await remove('shortened', 7)).toEqual([0, 7]);
  door.close();
  door = await KafkaDoor.open(data);
  expect(await remove('shortened', 0)).toEqual([0, 7]);
  expect(await remove('shortened', -1)).toEqual([0, 10]);
  await append('shortened', ['b']);
  expect(await remove('shortened', -1)).toEqual([0, 11]);
});

test('many that shorten one log at the same time all have their way', async () => {
  await create('crowded');
  for (let count = 0; count < 20; count += 1) await append('crowded', ['a']);
  const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => remove('crowded', index + 1)));
  for (const [index, [errorCode, lowWatermark = 0]] of answers.entries()) {
    expect(errorCode).toBe(0);
    expect(lowWatermark).toBeGreaterThan(index);
  }
  expect(await remove('crowded', 0)).toEqual([0, 20]);
});

test('a log that is changed otherwise meanwhile is shortened all the same, and changed', async () => {
  await create('busy');
  await append('busy', ['a', 'b', 'c']);
  const change = { set: { durability: 'replicated' }, reset: [] };
  const answers = Array.from({ length: 3 }, (_, index) => remove('busy', index + 1));
  const altered = await door.verbs.commands.alterTopic('busy', change, false);
  expect(altered.ok).toBe(true);
  expect((await Promise.all(answers)).map(([errorCode]) => errorCode)).toEqual([0, 0, 0]);
  await append('busy', ['d']);
  expect(door.verbs.routing.topic('busy')?.durability).toBe('replicated');
});

test('records of a topic that is only compacted, or that is not there, are not deleted', async () => {
  await create('compacted', { 'cleanup.policy': 'compact' });
  await create('both', { 'cleanup.policy': 'compact,delete' });
  await create('neither', { 'cleanup.policy': '' });
  expect(await remove('compacted', 0)).toEqual([code('POLICY_VIOLATION'), -1]);
  expect(await remove('both', 0)).toEqual([0, 0]);
  expect(await remove('neither', 0)).toEqual([0, 0]);
  expect(await remove('absent', 0)).toEqual([code('UNKNOWN_TOPIC_OR_PARTITION'), -1]);
  expect(await remove('both', 0, 2, 2)).toEqual([code('UNKNOWN_TOPIC_OR_PARTITION'), -1]);
});

test('a producer gets an id of its own in every version, and a new one where it shows an old one', async () => {
  const ids = new Set<number>();
  for (const version of versionsOf(initProducerId)) {
    const told = await door.ask(initProducerId, version, { transactionalId: null, transactionTimeoutMs: 0 });
    expect(told).toMatchObject({ errorCode: 0, producerEpoch: 0 });
    ids.add(told.producerId);
  }
  const [producerId = 0] = ids;
  const again = { transactionalId: null, transactionTimeoutMs: 0, producerId, producerEpoch: 3 };
  ids.add((await door.ask(initProducerId, 4, again)).producerId);
  expect(ids.size).toBe(7);
});

test.each([
  ['orders', -1, -1, 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED'],
  ['', -1, -1, 'INVALID_REQUEST'],
  [null, 5, -1, 'INVALID_REQUEST'],
  [null, -1, 5, 'INVALID_REQUEST'],
] as const)(
  'a producer with transactional id %j, id %j and epoch %j is refused: %s',
  async (transactionalId, id, epoch, error) => {
    const wanted = { transactionalId, transactionTimeoutMs: 1000, producerId: id, producerEpoch: epoch };
    const told = await door.ask(initProducerId, 5, wanted);
    expect(told).toMatchObject({ errorCode: code(error), producerId: -1, producerEpoch: -1 });
  },
);

test('a partition tells which producers have written to it', async () => {
  await create('produced');
  const ask = async (partition: number, name = 'produced') => {
    const { topics } = await door.ask(describeProducers, 0, { topics: [{ name, partitionIndexes: [partition] }] });
    return topics[0]?.partitions[0];
  };
  expect(await ask(0)).toEqual({ partitionIndex: 0, errorCode: 0, errorMessage: null, activeProducers: [] });
  await append('produced', ['a', 'b'], 0, { producerId: 71, producerEpoch: 2, baseSequence: 5 });
  await append('produced', ['c'], 0, { producerId: 72, producerEpoch: 0, baseSequence: 0 });
  await append('produced', ['d'], 0);
  const nothing = { coordinatorEpoch: -1, currentTxnStartOffset: -1, lastTimestamp: 1000 };
  expect((await ask(0))?.activeProducers).toEqual([
    { producerId: 72, producerEpoch: 0, lastSequence: 0, ...nothing },
    { producerId: 71, producerEpoch: 2, lastSequence: 6, ...nothing },
  ]);
  expect((await ask(1))?.activeProducers).toEqual([]);
  const often = Array.from({ length: 1000 }, () => ({ name: 'produced', partitionIndexes: [0, 0] }));
  const once = await door.ask(describeProducers, 0, { topics: often });
  expect(once.topics.map(({ partitions }) => partitions.length)).toEqual([1]);
  for (const refused of [await ask(9), await ask(0, 'absent')]) {
    expect(refused).toMatchObject({ errorCode: code('UNKNOWN_TOPIC_OR_PARTITION'), activeProducers: [] });
  }
});

test('where an epoch ends is told to those who know the present one, in every version', async () => {
  await create('epochs');
  await append('epochs', ['a', 'b']);
  const now = door.verbs.routing.topic('epochs')?.partitions[0]?.leaderEpoch ?? -1;
  const ask = async (leaderEpoch: number, currentLeaderEpoch = -1, version = 4, topic = 'epochs', partition = 0) => {
    const partitions = [{ partition, currentLeaderEpoch, leaderEpoch }];
    const { topics } = await door.ask(offsetForLeaderEpoch, version, { topics: [{ topic, partitions }] });
    const { errorCode, leaderEpoch: found, endOffset } = topics[0]?.partitions[0] ?? {};
    return [errorCode, found, endOffset];
  };
  for (const version of versionsOf(offsetForLeaderEpoch)) expect(await ask(now, now, version)).toEqual([0, now, 2]);
  expect(await ask(now)).toEqual([0, now, 2]);
  expect(await ask(now + 1)).toEqual([0, -1, -1]);
  expect(await ask(now, now - 1)).toEqual([code('FENCED_LEADER_EPOCH'), -1, -1]);
  expect(await ask(now, now + 1)).toEqual([code('UNKNOWN_LEADER_EPOCH'), -1, -1]);
  expect(await ask(now, -1, 4, 'absent')).toEqual([code('UNKNOWN_TOPIC_OR_PARTITION'), -1, -1]);
  expect(await ask(now, -1, 4, 'epochs', 9)).toEqual([code('UNKNOWN_TOPIC_OR_PARTITION'), -1, -1]);
  door.close();
  door = await KafkaDoor.open(data);
  await append('epochs', ['c']);
  const later = door.verbs.routing.topic('epochs')?.partitions[0]?.leaderEpoch ?? -1;
  expect(later).toBeGreaterThan(now);
  expect(await ask(now)).toEqual([0, now, 2]);
  expect(await ask(later)).toEqual([0, later, 3]);
});

test('the directory is told with what partitions take and what is left, in every version', async () => {
  await create('weighed');
  await append('weighed', ['x'.repeat(1000)], 1);
  const ask = async (version: number, topics: readonly { topic: string; partitions: readonly number[] }[] | null) =>
    (await door.ask(describeLogDirs, version, { topics })).results;
  for (const version of versionsOf(describeLogDirs)) {
    const [result, ...others] = await ask(version, [
      { topic: 'weighed', partitions: [1, 0, 9] },
      { topic: 'absent', partitions: [0] },
    ]);
    expect(others).toEqual([]);
    expect(result).toMatchObject({ errorCode: 0, logDir: data });
    expect(result?.topics.map(({ name }) => name)).toEqual(['weighed']);
    const [one, zero, ...rest] = result?.topics[0]?.partitions ?? [];
    expect(rest).toEqual([]);
    expect(one).toMatchObject({ partitionIndex: 1, offsetLag: 0, isFutureKey: false });
    expect(one?.partitionSize).toBeGreaterThan(1000);
    expect(zero).toMatchObject({ partitionIndex: 0, partitionSize: 0 });
    expect([result?.totalBytes, result?.usableBytes]).toEqual(version >= 4 ? [1000, 5] : [-1, -1]);
  }
  const names = [...door.verbs.routing.view.topics()].map(({ name }) => name).sort();
  expect((await ask(4, null))[0]?.topics.map(({ name }) => name).sort()).toEqual(names);
  expect((await ask(4, []))[0]?.topics).toEqual([]);
  door.refusal = { error: 'storage-failed' };
  expect(await ask(4, null)).toMatchObject([{ errorCode: code('KAFKA_STORAGE_ERROR'), topics: [] }]);
  door.refusal = undefined;
});

test('partitions of a whole node are described a few at a time, and all of them', async () => {
  const result = await door.verbs.commands.createTopic({ name: 'wide', partitions: 150, configs: {} }, false);
  expect(result.ok).toBe(true);
  const { results } = await door.ask(describeLogDirs, 4, { topics: null });
  const wide = results[0]?.topics.find(({ name }) => name === 'wide');
  expect(wide?.partitions.map(({ partitionIndex }) => partitionIndex)).toEqual(Array.from({ length: 150 }, (_, index) => index));
});

test('the cluster is described, in every version', async () => {
  for (const version of versionsOf(describeCluster)) {
    const told = await door.ask(describeCluster, version, {
      includeClusterAuthorizedOperations: version > 0,
      includeFencedBrokers: version > 1,
    });
    expect(told).toMatchObject({
      errorCode: 0,
      clusterId: door.verbs.routing.view.clusterId,
      controllerId: 1,
      brokers: [{ brokerId: 1, host: 'broker.example', port: 19092, rack: null, isFenced: false }],
      clusterAuthorizedOperations: version > 0 ? 8096 : -0x80000000,
    });
  }
  const ask = async (endpointType: number) =>
    (await door.ask(describeCluster, 2, { includeClusterAuthorizedOperations: false, includeFencedBrokers: false, endpointType }))
      .errorCode;
  expect(await ask(2)).toBe(code('MISMATCHED_ENDPOINT_TYPE'));
  expect(await ask(3)).toBe(code('UNSUPPORTED_ENDPOINT_TYPE'));
});

test('whoever wants to authenticate is told that there is nothing to it', async () => {
  for (const version of versionsOf(saslHandshake)) {
    const told = await door.ask(saslHandshake, version, { mechanism: 'PLAIN' });
    expect(told).toEqual({ errorCode: code('ILLEGAL_SASL_STATE'), mechanisms: [] });
  }
  for (const version of versionsOf(saslAuthenticate)) {
    const told = await door.ask(saslAuthenticate, version, { authBytes: new Uint8Array([1]) });
    expect(told).toMatchObject({ errorCode: code('ILLEGAL_SASL_STATE') });
  }
});

test('everything that is served is advertised', async () => {
  const { apiKeys } = await door.ask(apiVersions, 4, { clientSoftwareName: 'test', clientSoftwareVersion: '1' });
  const keys = apiKeys.map(({ apiKey }) => apiKey);
  expect(keys).toEqual(expect.arrayContaining([3, 17, 18, 19, 20, 21, 22, 23, 32, 33, 35, 36, 37, 44, 60, 61, 74, 75]));
});
