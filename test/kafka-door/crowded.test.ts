import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Offset } from '../../ts/model/offset.js';
import { kafkaErrors } from '../../ts/wire/kafka/error-codes.js';
import { produce } from '../../ts/wire/kafka/schema/00-produce.js';
import { listOffsets } from '../../ts/wire/kafka/schema/02-list-offsets.js';
import { createTopics } from '../../ts/wire/kafka/schema/19-create-topics.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { batchOf } from '../log/store.js';
import { KafkaDoor } from './door.js';

// One request that names the same again and again: it takes its time, and no more than its share.

removeDirectoriesAfterwards();

let door: KafkaDoor;
beforeAll(async () => {
  door = await KafkaDoor.open(join(await newDirectory(), 'data'));
  const wanted = { name: 'one', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
  await door.ask(createTopics, 7, { topics: [wanted] });
});
afterAll(() => door.close());

test('a batch for a partition that the request named before is refused, the first is stored', async () => {
  const of = (index: number, text: string) => ({ index, records: batchOf([text]) });
  const topicData = [
    { name: 'one', partitionData: [of(0, 'first'), of(0, 'second')] },
    { name: 'one', partitionData: [of(0, 'third')] },
  ];
  const { responses } = await door.ask(produce, 9, { acks: -1, timeoutMs: 10_000, topicData });
  const refused = { errorCode: kafkaErrors.INVALID_REQUEST.code, baseOffset: -1 };
  expect(responses.map(({ partitionResponses }) => partitionResponses)).toMatchObject([
    [{ errorCode: 0, baseOffset: 0 }, refused],
    [refused],
  ]);
});

test('twenty thousand questions about one partition are all answered, and leave room for another', async () => {
  const latest = { partitionIndex: 0, timestamp: -1 };
  const ask = (count: number) =>
    door.ask(listOffsets, 5, { replicaId: -1, topics: [{ name: 'one', partitions: new Array(count).fill(latest) }] });
  const [many, one] = await Promise.all([ask(20_000), ask(1)]);
  const codes = new Set(many.topics[0]?.partitions.map(({ errorCode }) => errorCode));
  expect([many.topics[0]?.partitions.length, codes]).toEqual([20_000, new Set([0])]);
  expect(one.topics[0]?.partitions).toMatchObject([{ errorCode: 0, offset: 1 }]);
});

test('hundreds of fetches of many small batches at once: each reply finds room, however many batches it names', async () => {
  const wanted = { name: 'small', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
  await door.ask(createTopics, 7, { topics: [wanted] });
  const stored = Array.from({ length: 256 }, (_, index) => {
    const topicData = [{ name: 'small', partitionData: [{ index: 0, records: batchOf([`${index}`]) }] }];
    return door.ask(produce, 9, { acks: -1, timeoutMs: 10_000, topicData });
  });
  await Promise.all(stored);
  const served = door.verbs.routing.find('small', 0);
  if (!served.ok) throw new Error('no such partition');
  const entry = { served: served.value, offset: 0 as Offset, sizeMax: 256 * 128 };
  const counts = Array.from({ length: 300 }, () => {
    return new Promise<number>((resolve) => {
      door.verbs.gather.begin({ entries: [entry], sizeMax: entry.sizeMax, sizeMin: 0, waitMs: 0 }, ({ results, letGo }) => {
        const [result] = results;
        resolve(result?.ok ? (result.value.batches?.next ?? -1) : -2);
        letGo();
      });
    });
  });
  expect(new Set(await Promise.all(counts))).toEqual(new Set([256]));
});
