import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kafkaErrors } from '../../ts/wire/kafka/error-codes.js';
import { produce } from '../../ts/wire/kafka/schema/00-produce.js';
import { fetch } from '../../ts/wire/kafka/schema/01-fetch.js';
import { createTopics } from '../../ts/wire/kafka/schema/19-create-topics.js';
import { deleteRecords } from '../../ts/wire/kafka/schema/21-delete-records.js';
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

async function create(name: string, configs: Readonly<Record<string, string>> = {}): Promise<void> {
  const pairs = Object.entries(configs).map(([key, value]) => ({ name: key, value }));
  const wanted = { name, numPartitions: 2, replicationFactor: 1, assignments: [], configs: pairs };
  const { topics } = await door.ask(createTopics, 7, { topics: [wanted] });
  expect(topics).toMatchObject([{ errorCode: 0 }]);
}

function producing(topic: string, acks: number, records: Uint8Array, index = 0) {
  return door.ask(produce, 9, { acks, timeoutMs: 10_000, topicData: [{ name: topic, partitionData: [{ index, records }] }] });
}

async function append(topic: string, index = 0): Promise<void> {
  const { responses } = await producing(topic, -1, batchOf(['a']), index);
  expect(responses[0]?.partitionResponses).toMatchObject([{ errorCode: 0 }]);
}

const epochOf = (topic: string) => door.verbs.routing.topic(topic)?.partitions[0]?.leaderEpoch ?? -1;

interface Reader {
  readonly fetchOffset: number;
  readonly lastFetchedEpoch?: number;
  readonly currentLeaderEpoch?: number;
  readonly partition?: number;
}

async function read(topic: string, readers: readonly Reader[], version = 12, waiting = {}) {
  const topicId = version >= 13 ? door.verbs.routing.topic(topic)?.topicId : undefined;
  const name = topicId === undefined ? { topic } : { topicId };
  const partitions = readers.map((reader) => ({ partition: 0, partitionMaxBytes: 1 << 20, ...reader }));
  const request = { maxWaitMs: 0, minBytes: 1, ...waiting, topics: [{ ...name, partitions }], forgottenTopicsData: [] };
  const { responses } = await door.ask(fetch, version, request);
  return responses[0]?.partitions ?? [];
}

test('a reader whose records are others than those of the log learns where they part, and the others are read', async () => {
  await create('parted');
  await append('parted');
  await append('parted');
  const first = epochOf('parted');
  // Of the epoch between the two there is nothing.
  for (let starts = 0; starts < 2; starts++) {
    door.close();
    door = await KafkaDoor.open(data);
  }
  await append('parted');
  await append('parted', 1);
  const now = epochOf('parted');
  expect(now).toBeGreaterThan(first + 1);
  const noParting = { epoch: -1, endOffset: -1 };
  for (const version of versionsOf(fetch).filter((each) => each >= 12)) {
    const readers = [
      // The third record is of the later epoch here.
      { fetchOffset: 3, lastFetchedEpoch: first },
      { fetchOffset: 0, partition: 1 },
      { fetchOffset: 3, lastFetchedEpoch: first + 1 },
      { fetchOffset: 2, lastFetchedEpoch: first },
      { fetchOffset: 3, lastFetchedEpoch: now },
      { fetchOffset: 2, lastFetchedEpoch: now + 1 },
    ];
    const told = await read('parted', readers, version, { maxWaitMs: 60_000, minBytes: 1 << 20 });
    expect(told.map(({ errorCode, divergingEpoch, records }) => [errorCode, divergingEpoch, (records?.length ?? 0) > 0])).toEqual(
      [
        [0, { epoch: first, endOffset: 2 }, false],
        [0, noParting, true],
        [0, { epoch: first, endOffset: 2 }, false],
        [0, noParting, true],
        [0, noParting, false],
        [code('OFFSET_OUT_OF_RANGE'), noParting, false],
      ],
    );
    expect(told[0]).toMatchObject({ highWatermark: 3, logStartOffset: 0 });
  }
});

test('what is gone is told before where histories part', async () => {
  await create('gone');
  await append('gone');
  const first = epochOf('gone');
  door.close();
  door = await KafkaDoor.open(data);
  for (let count = 0; count < 3; count++) await append('gone');
  await door.ask(deleteRecords, 2, {
    topics: [{ name: 'gone', partitions: [{ partitionIndex: 0, offset: 3 }] }],
    timeoutMs: 1000,
  });
  expect(await read('gone', [{ fetchOffset: 2, lastFetchedEpoch: first }])).toMatchObject([
    { errorCode: code('OFFSET_OUT_OF_RANGE') },
  ]);
});

test('a reader that believes in another leader is told so', async () => {
  await create('led');
  const now = epochOf('led');
  const told = await read(
    'led',
    [-1, now, now - 1, now + 1].map((currentLeaderEpoch) => ({ fetchOffset: 0, currentLeaderEpoch })),
  );
  const codes = [0, 0, code('FENCED_LEADER_EPOCH'), code('UNKNOWN_LEADER_EPOCH')];
  expect(told.map(({ errorCode }) => errorCode)).toEqual(codes);
});

test('many readers from an older epoch are all looked at', async () => {
  await create('many');
  await append('many');
  const first = epochOf('many');
  door.close();
  door = await KafkaDoor.open(data);
  const readers = Array.from({ length: 700 }, (_, index) => ({ fetchOffset: index % 3, lastFetchedEpoch: first }));
  const told = await read('many', readers);
  expect(told.map(({ divergingEpoch, records }) => [divergingEpoch.endOffset, (records?.length ?? 0) > 0])).toEqual(
    readers.map(({ fetchOffset }) => [fetchOffset === 2 ? 1 : -1, fetchOffset === 0]),
  );
});

test('who wants no answer gets none, and is told of a refusal by the end of its connection', async () => {
  await create('silent');
  await expect(producing('silent', 0, batchOf(['a']))).rejects.toThrow('no answer');
  const corrupt = batchOf(['a']);
  corrupt[corrupt.length - 1] = (corrupt.at(-1) ?? 0) ^ 1;
  await expect(producing('silent', 0, corrupt)).rejects.toThrow(
    'producer client-1 wants no answers, and its batch for partition 0 was refused (2)',
  );
  await expect(producing('silent', 0, batchOf(['a']), 9)).rejects.toThrow('partition 9 was refused (3)');
  const transactional = { transactionalId: 'x', acks: 0, timeoutMs: 1000, topicData: [] };
  await expect(door.ask(produce, 9, transactional)).rejects.toThrow('no answer');
  expect(await read('silent', [{ fetchOffset: 0 }])).toMatchObject([{ errorCode: 0, highWatermark: 1 }]);
});

test('a topic of zstd is not read by versions whose readers do not know it', async () => {
  await create('squeezed', { 'compression.type': 'zstd' });
  await append('squeezed');
  for (const version of versionsOf(fetch)) {
    const [told] = await read('squeezed', [{ fetchOffset: 0 }], version);
    expect(told?.errorCode, `version ${version}`).toBe(version < 10 ? code('UNSUPPORTED_COMPRESSION_TYPE') : 0);
    expect((told?.records?.length ?? 0) > 0).toBe(version >= 10);
  }
});
