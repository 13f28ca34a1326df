import { createTopics, deleteTopics, listOffsets } from '../product.js';
import { sleep } from '../scenario.js';
import { KafkaConnection } from './connection.js';

// Topics over Kafka's own admin requests: the same bytes to both brokers.

/** Versions that both speak. */
const versions = { createTopics: 5, deleteTopics: 4, listOffsets: 6 } as const;
const timeoutMs = 60_000;
const endOfLog = -1;
const servedSecondsMax = 180;
/** To ask for thousands of partitions is work, which must not stand in the way of what it waits for. */
const betweenLooksMs = 10;

export interface NewTopic {
  readonly name: string;
  readonly partitions: number;
  readonly configs: Readonly<Record<string, string>>;
}

export interface Creation {
  /** Until the request was answered. */
  readonly answeredMs: number;
  /** Until every partition answers for itself. */
  readonly servedMs: number;
}

/** Resolves when every partition is served. */
export async function createTopic(address: string, { name, partitions, configs }: NewTopic): Promise<Creation> {
  const connection = await KafkaConnection.open(address);
  const begin = performance.now();
  const { topics } = await connection.ask(createTopics, versions.createTopics, {
    topics: [
      {
        name,
        numPartitions: partitions,
        replicationFactor: 1,
        assignments: [],
        configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
      },
    ],
    timeoutMs,
  });
  const refused = topics.find(({ errorCode }) => errorCode !== 0);
  if (refused !== undefined) throw new Error(`${name} was not created: ${refused.errorCode} ${refused.errorMessage ?? ''}`);
  const answeredMs = performance.now() - begin;
  while ((await endsOf(connection, name, partitions)) === undefined) {
    if (performance.now() - begin > servedSecondsMax * 1000) throw new Error(`${name} is not served`);
    await sleep(betweenLooksMs);
  }
  const servedMs = performance.now() - begin;
  connection.close();
  return { answeredMs, servedMs };
}

export async function deleteTopic(address: string, name: string): Promise<void> {
  const connection = await KafkaConnection.open(address);
  const { responses } = await connection.ask(deleteTopics, versions.deleteTopics, { topicNames: [name], topics: [], timeoutMs });
  connection.close();
  const refused = responses.find(({ errorCode }) => errorCode !== 0);
  if (refused !== undefined) throw new Error(`${name} was not deleted: ${refused.errorCode}`);
}

/** Records of each partition that nobody has removed from. */
export async function recordCounts(address: string, name: string, partitions: number): Promise<readonly number[]> {
  const connection = await KafkaConnection.open(address);
  const ends = await endsOf(connection, name, partitions);
  connection.close();
  if (ends === undefined) throw new Error(`not all partitions of ${name} tell their end`);
  return ends;
}

/** None while one of them does not answer for itself. */
async function endsOf(connection: KafkaConnection, name: string, count: number): Promise<readonly number[] | undefined> {
  const partitions = Array.from({ length: count }, (_, partitionIndex) => ({ partitionIndex, timestamp: endOfLog }));
  const { topics } = await connection.ask(listOffsets, versions.listOffsets, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name, partitions }],
    timeoutMs,
  });
  const answers = topics.flatMap((topic) => topic.partitions);
  return answers.length === count && answers.every(({ errorCode }) => errorCode === 0)
    ? answers.map(({ offset }) => Number(offset))
    : undefined;
}
