import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kafkaErrors } from '../../ts/wire/kafka/error-codes.js';
import type { Encodable } from '../../ts/wire/kafka/field.js';
import { produce } from '../../ts/wire/kafka/schema/00-produce.js';
import { fetch } from '../../ts/wire/kafka/schema/01-fetch.js';
import { metadata } from '../../ts/wire/kafka/schema/03-metadata.js';
import { createTopics } from '../../ts/wire/kafka/schema/19-create-topics.js';
import { KafkaSocket } from '../kafka/socket.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { batchOf } from '../log/store.js';
import { killAll, type RunningNode, startNode } from './process.mjs';

// Sessions of a real node, by the bytes that no client of others would show.

removeDirectoriesAfterwards();
afterAll(killAll);

type Request = Encodable<typeof fetch.request.fields>;

const partitionsCount = 6;
const code = (name: keyof typeof kafkaErrors) => kafkaErrors[name].code;

let node: RunningNode;

beforeAll(async () => {
  node = await newNode();
});

/** With one data thread: whoever connects comes to the same sessions. */
async function newNode(options: readonly string[] = []): Promise<RunningNode> {
  return startNode(join(await newDirectory(), 'data'), ['--shards', '1', ...options]);
}

async function withTopic(name: string, on = node) {
  const client = await KafkaSocket.open(on.kafka);
  const wanted = { name, numPartitions: partitionsCount, replicationFactor: 1, assignments: [], configs: [] };
  expect((await client.ask(createTopics, 7, { topics: [wanted], timeoutMs: 10_000 })).topics).toMatchObject([{ errorCode: 0 }]);
  const { topics } = await client.ask(metadata, 12, { topics: [{ name }] });
  return { client, topicId: topics[0]?.topicId ?? '' };
}

async function append(client: KafkaSocket, name: string, partition: number): Promise<void> {
  const topicData = [{ name, partitionData: [{ index: partition, records: batchOf(['a']) }] }];
  const { responses } = await client.ask(produce, 9, { acks: -1, timeoutMs: 10_000, topicData });
  expect(responses[0]?.partitionResponses).toMatchObject([{ errorCode: 0 }]);
}

function wanting(offsets: readonly (readonly [partition: number, offset: number])[]) {
  return offsets.map(([partition, fetchOffset]) => ({ partition, fetchOffset, partitionMaxBytes: 1 << 20 }));
}

async function textAt(url: string): Promise<string> {
  return (await globalThis.fetch(url)).text();
}

const fromStart = Array.from({ length: partitionsCount }, (_, partition) => [partition, 0] as const);

async function ask(client: KafkaSocket, version: number, given: Partial<Request>) {
  const request = { maxWaitMs: 0, minBytes: 1, topics: [], forgottenTopicsData: [], ...given };
  const { errorCode, sessionId, responses } = await client.ask(fetch, version, request);
  const told = responses.flatMap(({ partitions }) =>
    partitions.map(({ partitionIndex, records }) => [partitionIndex, (records?.length ?? 0) > 0]),
  );
  return { errorCode, sessionId, told };
}

test.each([7, 11, 13, 18])(
  'version %i: what is not said again is fetched all the same, and only what is new is told',
  async (version) => {
    const topic = `version-${version}`;
    const { client, topicId } = await withTopic(topic);
    const name = version >= 13 ? { topicId: topicId as never } : { topic };
    await append(client, topic, 3);
    const full = await ask(client, version, { sessionEpoch: 0, topics: [{ ...name, partitions: wanting(fromStart) }] });
    const { sessionId } = full;
    expect(sessionId).toBeGreaterThan(0);
    expect(full).toMatchObject({ errorCode: 0, told: fromStart.map(([partition]) => [partition, partition === 3]) });
    const moved = [{ ...name, partitions: wanting([[3, 1]]) }];
    expect(await ask(client, version, { sessionId, sessionEpoch: 1, topics: moved })).toEqual({
      errorCode: 0,
      sessionId,
      told: [],
    });
    await append(client, topic, 5);
    expect((await ask(client, version, { sessionId, sessionEpoch: 2 })).told).toEqual([[5, true]]);
    // Whoever waits is woken by what it did not name.
    const forgottenTopicsData = [{ ...name, partitions: [5] }];
    const other = await KafkaSocket.open(node.kafka);
    const waiting = ask(other, version, { sessionId, sessionEpoch: 3, maxWaitMs: 60_000, forgottenTopicsData });
    await append(client, topic, 0);
    expect((await waiting).told).toEqual([[0, true]]);
    expect(await ask(client, version, { sessionId, sessionEpoch: 3 })).toEqual({
      errorCode: code('INVALID_FETCH_SESSION_EPOCH'),
      sessionId: 0,
      told: [],
    });
    const counted = async () => /^millrace_gateway_kafka_fetch_sessions\S* 1$/m.test(await textAt(`${node.url}/metrics`));
    expect(await counted()).toBe(true);
    await ask(client, version, { sessionId, sessionEpoch: -1 });
    expect(await counted()).toBe(false);
    expect((await ask(client, version, { sessionId, sessionEpoch: 4 })).errorCode).toBe(code('FETCH_SESSION_ID_NOT_FOUND'));
  },
);

test('without slots each answer tells everything, under no session', async () => {
  const closed = await newNode(['--max-incremental-fetch-session-cache-slots', '0']);
  const { client } = await withTopic('t', closed);
  const topics = [{ topic: 't', partitions: wanting(fromStart) }];
  expect(await ask(client, 12, { sessionEpoch: 0, topics })).toMatchObject({ errorCode: 0, sessionId: 0 });
  expect((await ask(client, 12, { sessionEpoch: 0, topics })).told).toHaveLength(partitionsCount);
});

test('a partition that fails is told each time, and what it names is not there any more', async () => {
  const { client } = await withTopic('failing');
  const topics = [
    {
      topic: 'failing',
      partitions: wanting([
        [0, 7],
        [1, 0],
        [99, 0],
      ]),
    },
  ];
  const { sessionId, told } = await ask(client, 12, { sessionEpoch: 0, topics });
  expect(told).toHaveLength(3);
  const next = async (sessionEpoch: number, given: Partial<Request> = {}) => {
    const request = { maxWaitMs: 0, minBytes: 1, sessionId, sessionEpoch, topics: [], forgottenTopicsData: [], ...given };
    const { responses } = await client.ask(fetch, 12, request);
    return responses.flatMap(({ partitions }) => partitions.map(({ partitionIndex, errorCode }) => [partitionIndex, errorCode]));
  };
  const failures = [
    [0, code('OFFSET_OUT_OF_RANGE')],
    [99, code('UNKNOWN_TOPIC_OR_PARTITION')],
  ];
  for (const epoch of [1, 2]) expect(await next(epoch)).toEqual(failures);
  const forgottenTopicsData = [{ topic: 'failing', partitions: [99] }];
  const mended = { topics: [{ topic: 'failing', partitions: wanting([[0, 0]]) }], forgottenTopicsData };
  expect(await next(3, mended)).toEqual([[0, 0]]);
  expect(await next(4)).toEqual([]);
});
