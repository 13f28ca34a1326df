import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TopicId } from '../../ts/model/ids.js';
import { longMax } from '../../ts/model/topic-config.js';
import { kafkaErrors } from '../../ts/wire/kafka/error-codes.js';
import { produce } from '../../ts/wire/kafka/schema/00-produce.js';
import { fetch } from '../../ts/wire/kafka/schema/01-fetch.js';
import { createTopics } from '../../ts/wire/kafka/schema/19-create-topics.js';
import { incrementalAlterConfigs } from '../../ts/wire/kafka/schema/44-incremental-alter-configs.js';
import { crc32c } from '../../ts/wire/records/crc32c.js';
import { BatchHeader, hasRightCrc, recordsOf } from '../../ts/wire/records/header.js';
import { layout } from '../../ts/wire/records/layout.js';
import { RecordScan } from '../../ts/wire/records/scan.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { batchOf } from '../log/store.js';
import { KafkaDoor, versionsOf } from './door.js';

removeDirectoriesAfterwards();

let door: KafkaDoor;
beforeAll(async () => {
  door = await KafkaDoor.open(join(await newDirectory(), 'data'));
});
afterAll(() => door.close());

type CodeName = keyof typeof kafkaErrors;

async function create(name: string, configs: Readonly<Record<string, string>> = {}): Promise<void> {
  const pairs = Object.entries(configs).map(([key, value]) => ({ name: key, value }));
  const wanted = { name, numPartitions: 2, replicationFactor: 1, assignments: [], configs: pairs };
  const { topics } = await door.ask(createTopics, 7, { topics: [wanted] });
  expect(topics).toMatchObject([{ errorCode: 0 }]);
}

/** The answer about one batch. */
async function producing(topic: string, records: Uint8Array | null, { acks = -1, version = 9 } = {}) {
  const request = { acks, timeoutMs: 10_000, topicData: [{ name: topic, partitionData: [{ index: 0, records }] }] };
  const { responses } = await door.ask(produce, version, request);
  return responses[0]?.partitionResponses[0];
}

const refused = (name: CodeName, errorMessage: unknown = expect.any(String)) => ({
  errorCode: kafkaErrors[name].code,
  baseOffset: -1,
  errorMessage,
});

/** A batch in which somebody wrote something else, under a right CRC. */
function patched(write: (view: DataView) => void, batch = batchOf(['a', 'b', 'c'])): Uint8Array {
  write(new DataView(batch.buffer));
  new DataView(batch.buffer).setUint32(layout.crc, crc32c(batch.subarray(layout.attributes)));
  return batch;
}

const attributes = (bits: number) => patched((view) => view.setInt16(layout.attributes, bits));
const twice = () => Buffer.concat([batchOf(['a']), batchOf(['b'])]);

test.each<readonly [string, () => Uint8Array | null, CodeName, string]>([
  ['no records', () => null, 'INVALID_RECORD', 'there is no batch in it'],
  ['no bytes', () => new Uint8Array(0), 'INVALID_RECORD', 'there is no batch in it'],
  ['a cut batch', () => batchOf(['a']).subarray(0, 66), 'CORRUPT_MESSAGE', 'there are 66 bytes of a batch of 69 or more'],
  ['less than a header', () => batchOf(['a']).subarray(0, 30), 'CORRUPT_MESSAGE', 'there are 30 bytes of a batch of 61 or more'],
  [
    'a length that cannot be',
    () => patched((view) => view.setInt32(layout.length, 7)),
    'CORRUPT_MESSAGE',
    'the batch gives its length as 7, which no batch has',
  ],
  [
    'a wrong CRC',
    () => batchOf(['a']).fill(0x7f, 68),
    'CORRUPT_MESSAGE',
    'the batch’s CRC is not that of its bytes: they were changed on their way',
  ],
  [
    'a magic that is none',
    () => patched((view) => view.setInt8(layout.magic, 9)),
    'CORRUPT_MESSAGE',
    'its magic is 9, which no record batch has',
  ],
  [
    'a message set',
    () => patched((view) => view.setInt8(layout.magic, 1)),
    'INVALID_RECORD',
    'a batch of format 1: only format 2 is stored, which clients write since Kafka 0.11',
  ],
  [
    'two batches',
    twice,
    'INVALID_RECORD',
    'behind the batch of 69 bytes there are 69 more: one request carries one batch for each partition',
  ],
  [
    'a base offset',
    () => patched((view) => view.setBigInt64(layout.baseOffset, 7n)),
    'INVALID_RECORD',
    'the batch’s base offset is 7: a producer writes 0, the log gives the offsets',
  ],
  [
    'a wrong count',
    () => patched((view) => view.setInt32(layout.recordsCount, 4)),
    'INVALID_RECORD',
    'the batch counts 4 records where its last offset delta is 2',
  ],
  [
    'more records than bytes',
    () =>
      patched((view) => {
        view.setInt32(layout.recordsCount, 1000);
        view.setInt32(layout.lastOffsetDelta, 999);
      }),
    'INVALID_RECORD',
    'the batch counts 1000 records, and has 24 bytes of them',
  ],
  [
    'a last offset before the first',
    () => patched((view) => view.setInt32(layout.lastOffsetDelta, -1)),
    'INVALID_RECORD',
    'the batch’s last offset delta is -1',
  ],
  ['a control batch', () => attributes(1 << 5), 'INVALID_RECORD', 'a producer cannot write control batches'],
  ['a delete horizon', () => attributes(1 << 6), 'INVALID_RECORD', 'a producer cannot set a delete horizon'],
  ['LogAppendTime', () => attributes(1 << 3), 'INVALID_TIMESTAMP', 'a producer cannot set the timestamp type to LogAppendTime'],
  [
    'a transactional batch',
    () => attributes(1 << 4),
    'INVALID_TXN_STATE',
    'a transactional batch: there are no transactions here, leave transactional.id out',
  ],
  ['no codec', () => attributes(6), 'UNSUPPORTED_COMPRESSION_TYPE', 'the batch’s compression has number 6, which no codec has'],
  [
    'a producer without a sequence',
    () =>
      patched((view) => {
        view.setBigInt64(layout.producerId, 5n);
        view.setInt16(layout.producerEpoch, 0);
      }),
    'INVALID_RECORD',
    'the batch of producer 5 has epoch 0 and base sequence -1: none of the three can be below 0',
  ],
  [
    'a timestamp that cannot be',
    () => patched((view) => view.setBigInt64(layout.firstTimestamp, -2n)),
    'INVALID_TIMESTAMP',
    expect.stringContaining('timestamp -2 is not from 0 to '),
  ],
  ['too many bytes', () => batchOf(['a'.repeat(200)]), 'MESSAGE_TOO_LARGE', 'a batch of 270 bytes; refusing takes 200'],
])('a batch that will never be taken is refused by a code that says so: %s', async (_, batch, name, message) => {
  if (door.verbs.routing.topic('refusing') === undefined) await create('refusing', { 'max.message.bytes': '200' });
  expect(await producing('refusing', batch())).toMatchObject(refused(name, message));
  // Nothing of it was stored, and the next is taken.
  expect(await producing('refusing', batchOf(['good']))).toMatchObject({ errorCode: 0 });
});

/** On a topic that is there. */
async function alter(name: string, configs: Readonly<Record<string, string>>): Promise<void> {
  const pairs = Object.entries(configs).map(([key, value]) => ({ name: key, configOperation: 0, value }));
  const resources = [{ resourceType: 2, resourceName: name, configs: pairs }];
  const { responses } = await door.ask(incrementalAlterConfigs, 1, { resources, validateOnly: false });
  expect(responses).toMatchObject([{ errorCode: 0 }]);
}

test('who wants all replicas to have a batch is refused where too few are in sync, and nothing is stored', async () => {
  await create('replicas', { 'min.insync.replicas': '2' });
  const message = '1 replica is in sync where the topic asks for 2: lower min.insync.replicas, or produce with acks=1';
  expect(await producing('replicas', batchOf(['a']))).toMatchObject(refused('NOT_ENOUGH_REPLICAS', message));
  expect(await producing('replicas', batchOf(['b']), { acks: 1 })).toMatchObject({ errorCode: 0, baseOffset: 0 });
  await expect(producing('replicas', batchOf(['c']), { acks: 0 })).rejects.toThrow('no answer');
  await alter('replicas', { 'min.insync.replicas': '1' });
  expect(await producing('replicas', batchOf(['d']))).toMatchObject({ errorCode: 0, baseOffset: 2 });
  await alter('replicas', { 'min.insync.replicas': '3' });
  expect(await producing('replicas', batchOf(['e']))).toMatchObject({ errorCode: kafkaErrors.NOT_ENOUGH_REPLICAS.code });
});

test('timestamps that are too far from the clock are refused; new limits hold at once', async () => {
  await create('timed', { 'message.timestamp.before.max.ms': '60000' });
  const at = (ahead: number) => batchOf(['a'], Date.now() + ahead);
  const isTaken = async (batch: Uint8Array) => (await producing('timed', batch))?.errorCode === 0;
  expect(await producing('timed', at(-90_000))).toMatchObject(
    refused(
      'INVALID_TIMESTAMP',
      expect.stringMatching(/is 9\d{4} ms behind the clock, and message.timestamp.before.max.ms is 60000$/),
    ),
  );
  expect(await producing('timed', at(3_700_000))).toMatchObject(
    refused('INVALID_TIMESTAMP', expect.stringContaining('ahead of the clock, and message.timestamp.after.max.ms is 3600000')),
  );
  expect([await isTaken(at(-30_000)), await isTaken(at(30_000)), await isTaken(batchOf(['a'], -1))]).toEqual([true, true, true]);
  await alter('timed', { 'message.timestamp.before.max.ms': String(longMax), 'message.timestamp.after.max.ms': '20000' });
  expect([await isTaken(at(-90_000)), await isTaken(at(30_000))]).toEqual([true, false]);
  await alter('timed', { 'message.timestamp.type': 'LogAppendTime' });
  expect(await isTaken(at(30_000))).toBe(true);
});

test('a damaged batch is told as damaged, whatever its timestamps have become', async () => {
  await create('damaged');
  const damaged = batchOf(['a']);
  damaged[layout.maxTimestamp + 1] = 0x10;
  expect(await producing('damaged', damaged)).toMatchObject(refused('CORRUPT_MESSAGE'));
});

test('zstd comes with version 7: to older ones, whose other clients cannot read it, it is refused', async () => {
  await create('squeezed');
  const compressed = () => attributes(4);
  for (const version of versionsOf(produce).filter((each) => each < 7)) {
    expect(await producing('squeezed', compressed(), { version })).toMatchObject({
      errorCode: kafkaErrors.UNSUPPORTED_COMPRESSION_TYPE.code,
      baseOffset: -1,
    });
    expect(await producing('squeezed', attributes(1), { version })).toMatchObject({ errorCode: 0 });
  }
  expect(await producing('squeezed', compressed(), { version: 7 })).toMatchObject({ errorCode: 0 });
});

test.each(versionsOf(produce))(
  'version %i stores batches and tells where, and a reader gets them as they were sent',
  async (version) => {
    const name = `version-${version}`;
    await create(name);
    const topicId = door.verbs.routing.topic(name)?.topicId;
    const named = version >= 13 ? { topicId } : { name };
    const batches = [batchOf(['a', 'b']), batchOf(['c'])];
    for (const [index, records] of batches.entries()) {
      const topicData = [{ ...named, partitionData: [{ index: 1, records }] }];
      const { responses } = await door.ask(produce, version, { acks: 1, timeoutMs: 10_000, topicData });
      const stored = { index: 1, errorCode: 0, baseOffset: index * 2, logAppendTimeMs: -1, logStartOffset: version < 5 ? -1 : 0 };
      expect(responses).toMatchObject([{ ...named, partitionResponses: [stored] }]);
    }
    const read = await fetched(name, 1);
    expect(Buffer.from(read).toString('hex')).toBe(asStored(name, batches).toString('hex'));
  },
);

/** With what the log stamps: the offsets and its leader epoch. */
function asStored(name: string, batches: readonly Uint8Array[]): Buffer {
  const leaderEpoch = door.verbs.routing.topic(name)?.partitions[1]?.leaderEpoch ?? -1;
  let base = 0n;
  for (const batch of batches) {
    const view = new DataView(batch.buffer);
    view.setBigInt64(layout.baseOffset, base);
    view.setInt32(layout.leaderEpoch, leaderEpoch);
    base += BigInt(view.getInt32(layout.lastOffsetDelta) + 1);
  }
  return Buffer.concat(batches);
}

async function fetched(topic: string, partition = 0): Promise<Uint8Array> {
  const topics = [{ topic, partitions: [{ partition, fetchOffset: 0, partitionMaxBytes: 1 << 20 }] }];
  const { responses } = await door.ask(fetch, 12, { maxWaitMs: 0, minBytes: 1, topics, forgottenTopicsData: [] });
  return responses[0]?.partitions[0]?.records ?? new Uint8Array(0);
}

test.each(versionsOf(produce))(
  'version %i: acks that are none, and transactions, are refused for each partition',
  async (version) => {
    await ensure('unasked');
    const topicId = door.verbs.routing.topic('unasked')?.topicId;
    const partitionData = [0, 1].map((index) => ({ index, records: batchOf(['a']) }));
    const topicData = [{ ...(version >= 13 ? { topicId } : { name: 'unasked' }), partitionData }];
    const codes = async (rest: { readonly acks: number; readonly transactionalId?: string }) => {
      const { responses } = await door.ask(produce, version, { timeoutMs: 1000, topicData, ...rest });
      return responses.flatMap(({ partitionResponses }) => partitionResponses.map(({ errorCode }) => errorCode));
    };
    const twice = (name: CodeName) => [kafkaErrors[name].code, kafkaErrors[name].code];
    for (const acks of [2, -2]) expect(await codes({ acks })).toEqual(twice('INVALID_REQUIRED_ACKS'));
    for (const acks of [1, -1]) expect(await codes({ acks, transactionalId: 'x' })).toEqual(twice('INVALID_TXN_STATE'));
    expect(await fetched('unasked')).toHaveLength(0);
  },
);

async function ensure(name: string): Promise<void> {
  if (door.verbs.routing.topic(name) === undefined) await create(name);
}

test('what is not there: a topic by its id or name, a partition; and a topic of the cluster’s own', async () => {
  await ensure('unasked');
  const one = async (version: number, named: { readonly name?: string; readonly topicId?: TopicId }, index = 0) => {
    const topicData = [{ ...named, partitionData: [{ index, records: batchOf(['a']) }] }];
    const { responses } = await door.ask(produce, version, { acks: -1, timeoutMs: 1000, topicData });
    return responses[0]?.partitionResponses[0];
  };
  expect(await one(13, { topicId: 'f'.repeat(32) as TopicId })).toMatchObject(refused('UNKNOWN_TOPIC_ID'));
  expect(await one(9, { name: 'unasked' }, 2)).toMatchObject(refused('UNKNOWN_TOPIC_OR_PARTITION'));
  expect(await one(9, { name: '__consumer_offsets' })).toMatchObject(refused('INVALID_TOPIC_EXCEPTION'));
  expect(await one(9, { name: 'no/name' })).toMatchObject(refused('INVALID_TOPIC_EXCEPTION'));
  door.autoCreateTopics = false;
  expect(await one(9, { name: 'unheard-of' })).toMatchObject(refused('UNKNOWN_TOPIC_OR_PARTITION'));
  door.autoCreateTopics = true;
});

/** A batch of three records by a producer with an id. */
const idempotent = (producerId: number, epoch: number, sequence: number) =>
  patched((view) => {
    view.setBigInt64(layout.producerId, BigInt(producerId));
    view.setInt16(layout.producerEpoch, epoch);
    view.setInt32(layout.baseSequence, sequence);
  });

test('batches of an idempotent producer: once each, in order, and none of an older epoch', async () => {
  await create('idempotent');
  const send = (epoch: number, sequence: number) => producing('idempotent', idempotent(7, epoch, sequence));
  expect(await send(0, 0)).toMatchObject({ errorCode: 0, baseOffset: 0 });
  expect(await send(0, 3)).toMatchObject({ errorCode: 0, baseOffset: 3 });
  expect(await send(0, 0)).toMatchObject({ errorCode: 0, baseOffset: 0 });
  expect(await send(0, 9)).toMatchObject(refused('OUT_OF_ORDER_SEQUENCE_NUMBER', 'expected sequence 6, got 9'));
  expect(await send(1, 0)).toMatchObject({ errorCode: 0, baseOffset: 6 });
  expect(await send(0, 6)).toMatchObject(refused('INVALID_PRODUCER_EPOCH', 'producer epoch 0 is older than 1'));
  expect(await send(1, 3)).toMatchObject({ errorCode: 0, baseOffset: 9 });
});

test('a node that takes no batches says why to each', async () => {
  await ensure('unasked');
  door.refusal = { error: 'storage-failed', message: 'the journal could not be synced' };
  expect(await producing('unasked', batchOf(['a']))).toMatchObject(refused('KAFKA_STORAGE_ERROR', door.refusal.message));
  door.refusal = undefined;
});

test('where the log stamps, the answer and every reader have its time', async () => {
  await create('stamped', { 'message.timestamp.type': 'LogAppendTime' });
  const before = Date.now();
  for (const version of versionsOf(produce).filter((each) => each < 13)) {
    const answer = await producing('stamped', batchOf(['a', 'b'], 1_000), { version });
    const stampedMs = answer?.logAppendTimeMs ?? -1;
    // The log's clock goes by the monotonic one, and need not agree to the millisecond.
    expect(Math.abs(stampedMs - before)).toBeLessThan(60_000);
    const bytes = (await fetched('stamped')).slice((answer?.baseOffset ?? 0) * (batchOf(['a', 'b']).length / 2));
    const header = BatchHeader.parse(bytes);
    if (!header.ok) throw new Error(header.error);
    expect([header.value.baseOffset, header.value.isLogAppendTime]).toEqual([answer?.baseOffset, true]);
    expect(hasRightCrc(bytes, header.value, crc32c)).toBe(true);
    const records = new RecordScan(header.value, recordsOf(bytes, header.value));
    const times: number[] = [];
    while (records.next()) times.push(records.timestamp);
    expect([times, records.problem]).toEqual([[stampedMs, stampedMs], undefined]);
  }
});
