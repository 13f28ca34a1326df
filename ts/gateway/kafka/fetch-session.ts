import type { Decoded, Encodable } from '../../wire/kafka/field.js';
import type { fetch } from '../../wire/kafka/schema/01-fetch.js';

export type FetchRequest = Decoded<typeof fetch.request.fields>;
export type FetchResponse = Encodable<typeof fetch.response.fields>;
export type TopicRequest = FetchRequest['topics'][number];
export type PartitionRequest = TopicRequest['partitions'][number];
export type TopicResponse = FetchResponse['responses'][number];
export type PartitionResponse = TopicResponse['partitions'][number];
type ForgottenTopic = FetchRequest['forgottenTopicsData'][number];

/** How requests call a topic: in one session all by name, or all by id. */
type TopicName = Pick<TopicRequest, 'topic' | 'topicId'>;

interface Topic extends TopicName {
  readonly partitions: Map<number, Partition>;
}

interface Partition {
  readonly of: Topic;
  wanted: PartitionRequest;
  /** As its client was told them. */
  highWatermark: number;
  logStart: number;
}

/** What one of each takes in memory, with its places in maps, about. */
const topicSize = 768;
const partitionSize = 384;

/** Of a session that wants these, or somewhat less. */
export function sessionSizeOf(topics: readonly TopicRequest[]): number {
  return topics.reduce((sum, { topic, partitions }) => sum + sizeOfTopic(topic) + partitions.length * partitionSize, 0);
}

// Names may be as long as the protocol has room for, also where no topic could be called so.
function sizeOfTopic(name: string): number {
  return topicSize + 2 * name.length;
}

/** What a client fetches again and again without naming it, and what it was told of that. */
export class FetchSession {
  readonly id: number;
  readonly isById: boolean;
  readonly createdMs: number;
  usedMs: number;
  /** Which the next request has to say. */
  epoch = 1;
  #size = 0;
  readonly #topics = new Map<string, Topic>();
  /** Who brings records goes behind all others: so each comes to be the first, and none starves behind a few that are always full. */
  readonly #order = new Set<Partition>();

  constructor(id: number, isById: boolean, nowMs: number) {
    this.id = id;
    this.isById = isById;
    this.createdMs = nowMs;
    this.usedMs = nowMs;
  }

  get isEmpty(): boolean {
    return this.#order.size === 0;
  }

  /** In memory, about. */
  get size(): number {
    return this.#size;
  }

  /** From here on, or from other offsets on. */
  want(topics: readonly TopicRequest[]): void {
    for (const { topic, topicId, partitions } of topics) {
      if (partitions.length === 0) continue;
      const own = this.#topic({ topic, topicId });
      for (const wanted of partitions) this.#want(own, wanted);
    }
  }

  #topic({ topic, topicId }: TopicName): Topic {
    const key = this.#keyOf({ topic, topicId });
    const known = this.#topics.get(key);
    if (known !== undefined) return known;
    const added = { topic, topicId, partitions: new Map() };
    this.#topics.set(key, added);
    this.#size += sizeOfTopic(topic);
    return added;
  }

  #keyOf({ topic, topicId }: TopicName): string {
    return this.isById ? topicId : topic;
  }

  #want(of: Topic, wanted: PartitionRequest): void {
    const known = of.partitions.get(wanted.partition);
    if (known !== undefined) {
      known.wanted = wanted;
      return;
    }
    const added = { of, wanted, highWatermark: untold, logStart: untold };
    of.partitions.set(wanted.partition, added);
    this.#order.add(added);
    this.#size += partitionSize;
  }

  forget(topics: readonly ForgottenTopic[]): void {
    for (const { topic, topicId, partitions } of topics) {
      const key = this.#keyOf({ topic, topicId });
      const known = this.#topics.get(key);
      if (known === undefined) continue;
      for (const partition of partitions) this.#forget(known, partition);
      if (known.partitions.size > 0) continue;
      this.#topics.delete(key);
      this.#size -= sizeOfTopic(known.topic);
    }
  }

  #forget({ partitions }: Topic, number: number): void {
    const partition = partitions.get(number);
    if (partition === undefined) return;
    partitions.delete(number);
    this.#order.delete(partition);
    this.#size -= partitionSize;
  }

  /** All of it, as if it had just been named: in the order of its turns. */
  wanted(): readonly TopicRequest[] {
    const topics: { readonly of: Topic; readonly partitions: PartitionRequest[] }[] = [];
    for (const { of, wanted } of this.#order) {
      const last = topics.at(-1);
      if (last?.of === of) last.partitions.push(wanted);
      else topics.push({ of, partitions: [wanted] });
    }
    return topics.map(({ of: { topic, topicId }, partitions }) => ({ topic, topicId, partitions }));
  }

  /** Of these answers those that its client does not know yet. */
  news(topics: readonly TopicResponse[]): readonly TopicResponse[] {
    return topics.flatMap((told) => {
      const { partitions } = this.#topics.get(this.#keyOf(told as TopicName)) ?? {};
      const news = told.partitions.filter((response) => isNews(partitions?.get(response.partitionIndex), response));
      return news.length === 0 ? [] : [{ ...told, partitions: news }];
    });
  }

  /** Its client is told these. */
  note(topics: readonly TopicResponse[]): void {
    for (const told of topics) {
      const { partitions } = this.#topics.get(this.#keyOf(told as TopicName)) ?? {};
      for (const response of told.partitions) this.#note(partitions?.get(response.partitionIndex), response);
    }
  }

  #note(partition: Partition | undefined, { highWatermark, logStartOffset = untold, records }: PartitionResponse): void {
    if (partition === undefined) return;
    partition.highWatermark = highWatermark;
    partition.logStart = logStartOffset;
    if (!hasRecords(records)) return;
    this.#order.delete(partition);
    this.#order.add(partition);
  }
}

/** Behind an error, too: what comes after it is told whatever it is. */
const untold = -1;

function isNews(partition: Partition | undefined, response: PartitionResponse): boolean {
  const { errorCode, highWatermark, logStartOffset = untold, records, divergingEpoch } = response;
  if (partition === undefined || errorCode !== 0 || divergingEpoch !== undefined || hasRecords(records)) return true;
  return highWatermark !== partition.highWatermark || logStartOffset !== partition.logStart;
}

function hasRecords(records: PartitionResponse['records']): boolean {
  return records !== null && (records instanceof Uint8Array ? records.length : records.size) > 0;
}
