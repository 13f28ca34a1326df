import { topicIdOf } from '../../../model/ids.js';
import type { Push, SubscriptionEvent } from '../../../wire/proto/generated/messages.js';
import type { Context } from '../context.js';
import { closedError, invalidArgument, type MillraceError } from '../errors.js';
import {
  type ConsumedBatch,
  type ConsumedRecord,
  checkCrc,
  headerIn,
  type PlainBatch,
  plainRecords,
  readRecords,
  StoredBatch,
} from './batch.js';
import { Inbox, type InboxItem } from './inbox.js';
import { type ConsumerOptions, type ConsumerSettings, consumerSettings, selectionsOf, type TopicSelection } from './options.js';
import type { PartitionReader } from './partition-reader.js';
import { type Position, type PositionVector, tokenOf } from './positions.js';
import type { From } from './start.js';
import { TopicReader } from './topic-reader.js';

type PushItem = Extract<InboxItem, { readonly kind: 'push' }>;

/** A pushed frame of which some batches were read. */
interface Frame {
  readonly item: PushItem;
  rest: Uint8Array;
}

/** What a batch is handed out as; undefined: it has no records that were asked for. */
type Reading<T> = (batch: PlainBatch) => T | undefined;

interface Taken<T> {
  readonly batch: T;
  readonly partition: PartitionReader;
  /** Behind the batch. */
  readonly end: Position;
}

const windowMin = 64 * 1024;

/**
 * Reads topics: `for await` over its records, or over `batches()`. The position of a partition moves when a record is handed out, so
 * `token()` taken after a record was dealt with resumes behind it, on any node and in another process.
 */
export class Consumer<Key = Uint8Array | null, Value = Uint8Array | null> {
  readonly #context: Context;
  readonly #settings: ConsumerSettings;
  readonly #onClosed: () => void;
  readonly #inbox = new Inbox();
  readonly #stopListening: () => void;
  #readers: TopicReader[] = [];
  #frame: Frame | undefined;
  #lastSubscriptionId = 0;
  #isClosed = false;
  #isStarted = false;
  #ended: Error | undefined;
  /** The records of the batch that is being handed out one by one. */
  #records: readonly ConsumedRecord<Key, Value>[] = [];
  #recordsAt = 0;
  #recordsOf: PartitionReader | undefined;
  #recordsEnd: Position | undefined;
  #recordsGeneration = 0;

  constructor(context: Context, options: ConsumerOptions<Key, Value>, onClosed: () => void) {
    this.#context = context;
    this.#onClosed = onClosed;
    this.#settings = consumerSettings(options);
    this.#read(
      selectionsOf(options.topics, options.from, options.token).map((selection) =>
        this.#reader(selection, options.topics.length),
      ),
    );
    this.#stopListening = context.connection.listen({
      onOpen: () => this.#sync(),
      onLost: () => {
        for (const reader of this.#readers) reader.lost();
      },
      onPush: (push) => this.#pushed(push),
      onEvent: (event) => this.#happened(event),
      onEnd: (error) => {
        this.#ended = error;
        for (const reader of this.#readers) reader.close();
        this.#inbox.tell();
      },
    });
    const { signal } = options;
    if (signal?.aborted === true) this.#stop();
    else signal?.addEventListener('abort', () => this.#stop(), { once: true });
    this.#sync();
  }

  /** Resolves when every topic is subscribed for the first time: from then on `end` is where it was. */
  async ready(): Promise<void> {
    await Promise.all(this.#readers.map(({ ready }) => ready));
  }

  /** Reads other topics from now on; partitions that were read begin as the arguments say. What waits unread is dropped. */
  assign(
    topics: readonly (string | TopicSelection)[],
    { from, token }: { readonly from?: From; readonly token?: string } = {},
  ): void {
    const selections = selectionsOf(topics, from, token);
    const closing = this.#readers.map((reader) => reader.close());
    this.#forget();
    const readers = selections.map((selection) => this.#reader(selection, topics.length));
    this.#read(readers);
    Promise.all(closing).then(() => this.#sync());
  }

  /** Goes on elsewhere. What waits unread of this partition is dropped. */
  seek(topic: string, partition: number, from: From | Position): void {
    if (this.#recordsOf?.topic === topic && this.#recordsOf.partition === partition) this.#forgetRecords();
    this.#readerOf(topic).seek(partition, from);
  }

  /** Stops the server from pushing these partitions, or all; what has come is still handed out. */
  pause(topic: string, partitions?: readonly number[]): void {
    this.#readerOf(topic).setPaused(partitions, true);
  }

  resume(topic: string, partitions?: readonly number[]): void {
    this.#readerOf(topic).setPaused(partitions, false);
  }

  /** Behind the last record that was handed out; undefined before the partition is subscribed. */
  position(topic: string, partition: number): Position | undefined {
    return this.#readers.find(({ selection }) => selection.topic === topic)?.partitions.get(partition)?.delivered;
  }

  positions(): PositionVector {
    const rows = this.#readers.map(({ selection, partitions }) => {
      const positions = [...partitions.values()].flatMap(({ partition, delivered }) =>
        delivered === undefined ? [] : [[partition, delivered] as const],
      );
      return [selection.topic, new Map(positions)] as const;
    });
    return new Map(rows);
  }

  /** All positions as text: `token` of a later consumer goes on from here. */
  token(): string {
    return tokenOf(this.positions());
  }

  /** Ends reading: loops over this consumer end. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onClosed();
    this.#stopListening();
    this.#forget();
    this.#inbox.tell();
    await Promise.all(this.#readers.map((reader) => reader.close()));
  }

  /** Batches as they were stored: for many small records the quicker way to read. Those without records are left out. */
  batches(): AsyncIterableIterator<ConsumedBatch<Key, Value>> {
    return this.#batchesAs((batch) => this.#consumed(batch));
  }

  /** Batches whose records are read where they lie: for those who read very many records and need no object of each. */
  storedBatches(): AsyncIterableIterator<StoredBatch> {
    return this.#batchesAs((batch) => (batch.header.recordsCount === 0 ? undefined : new StoredBatch(batch)));
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<ConsumedRecord<Key, Value>> {
    return this.#iterator(() => this.#next());
  }

  #batchesAs<T>(read: Reading<T>): AsyncIterableIterator<T> {
    return this.#iterator(async () => {
      const taken = await this.#nextBatch(read);
      if (taken === undefined) return { done: true, value: undefined };
      taken.partition.delivered = taken.end;
      return { done: false, value: taken.batch };
    });
  }

  #consumed(plain: PlainBatch): ConsumedBatch<Key, Value> | undefined {
    const { topic, partition, nextOffset, highWatermark, header } = plain;
    const { leaderEpoch } = header;
    const records = readRecords(plain, this.#settings);
    if (records.length === 0) return undefined;
    const batch: ConsumedBatch<unknown, unknown> = { topic, partition, nextOffset, leaderEpoch, highWatermark, records };
    return batch as ConsumedBatch<Key, Value>;
  }

  #iterator<T>(next: () => Promise<IteratorResult<T, undefined>>): AsyncIterableIterator<T> {
    const iterator: AsyncIterableIterator<T> = {
      next,
      // A loop that is left keeps its place: the next one goes on behind what this one had.
      return: () => Promise.resolve({ done: true, value: undefined }),
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  #next(): Promise<IteratorResult<ConsumedRecord<Key, Value>, undefined>> {
    const record = this.#nextRecord();
    return record === undefined ? this.#nextOfNewBatch() : Promise.resolve({ done: false, value: record });
  }

  #nextRecord(): ConsumedRecord<Key, Value> | undefined {
    const partition = this.#recordsOf;
    const end = this.#recordsEnd;
    if (partition === undefined || end === undefined || partition.generation !== this.#recordsGeneration) return undefined;
    const record = this.#records[this.#recordsAt];
    if (record === undefined) return undefined;
    this.#recordsAt++;
    const isLast = this.#recordsAt === this.#records.length;
    partition.delivered = isLast ? end : { topicId: end.topicId, offset: record.offset + 1, leaderEpoch: end.leaderEpoch };
    return record;
  }

  async #nextOfNewBatch(): Promise<IteratorResult<ConsumedRecord<Key, Value>, undefined>> {
    for (;;) {
      const taken = await this.#nextBatch((batch) => this.#consumed(batch));
      if (taken === undefined) return { done: true, value: undefined };
      this.#records = taken.batch.records;
      this.#recordsAt = 0;
      this.#recordsOf = taken.partition;
      this.#recordsEnd = taken.end;
      this.#recordsGeneration = taken.partition.generation;
      const value = this.#nextRecord();
      if (value !== undefined) return { done: false, value };
    }
  }

  /** The next batch with records; undefined: reading is over. */
  async #nextBatch<T>(read: Reading<T>): Promise<Taken<T> | undefined> {
    for (;;) {
      if (this.#isClosed) return undefined;
      // Before the first record, so that positions taken after it speak of all partitions.
      if (!this.#isStarted) {
        await this.ready();
        this.#isStarted = true;
        continue;
      }
      if (this.#frame !== undefined) {
        const batch = await this.#nextOf(this.#frame, read);
        if (batch !== undefined) return batch;
        continue;
      }
      const item = this.#inbox.take();
      if (item !== undefined) this.#reached(item);
      else if (this.#ended !== undefined) throw this.#ended;
      else if (this.#readers.every(({ isOver }) => isOver)) return undefined;
      else await this.#inbox.more();
    }
  }

  #reached(item: InboxItem): void {
    if (item.kind === 'failure') throw item.error;
    if (item.kind === 'push') this.#frame = { item, rest: item.push.batches };
    else if (item.onReached()) this.#settings.onEvent(item.event);
  }

  async #nextOf<T>(frame: Frame, read: Reading<T>): Promise<Taken<T> | undefined> {
    const { owner, partition, push, generation, limit } = frame.item;
    const isStale = partition.generation !== generation;
    if (frame.rest.length === 0 || isStale) {
      this.#frame = undefined;
      owner.consumed(push.batches.length);
      return undefined;
    }
    let header: ReturnType<typeof headerIn>;
    try {
      header = headerIn(frame.rest, partition);
    } catch (error) {
      // Nobody knows where the next one begins.
      frame.rest = frame.rest.subarray(frame.rest.length);
      throw error;
    }
    const bytes = frame.rest.subarray(0, header.size);
    frame.rest = frame.rest.subarray(header.size);
    const topicId = topicIdOf(push.topicId);
    const from = partition.delivered?.topicId === topicId ? (partition.delivered?.offset ?? 0) : 0;
    if (topicId === undefined || header.lastOffset < from || header.baseOffset >= limit) return undefined;
    const { leaderEpoch } = header;
    const end: Position = { topicId, offset: Math.min(header.lastOffset + 1, limit), leaderEpoch };
    checkCrc(bytes, header, partition, this.#context);
    const plain = plainRecords(bytes, header, partition, this.#context);
    const records = plain instanceof Uint8Array ? plain : await plain;
    // A seek, or the end, may have come while it was decompressed.
    if (this.#isClosed || partition.generation !== generation) return undefined;
    const { topic, partition: number } = partition;
    const { highWatermark } = push;
    const found = { topic, partition: number, header, records, from, nextOffset: end.offset, highWatermark };
    const batch = header.isControl ? undefined : read(found);
    if (batch !== undefined) return { batch, partition, end };
    partition.delivered = end;
    return undefined;
  }

  #reader(selection: TopicReader['selection'], count: number): TopicReader {
    const window = Math.max(windowMin, Math.floor(this.#settings.bufferSizeMax / Math.max(1, count)));
    return new TopicReader(selection, window, this.#context, this.#inbox, () => this.#newSubscriptionId());
  }

  /** Above those of all consumers of this connection: they count in steps of their own. */
  #newSubscriptionId(): number {
    this.#lastSubscriptionId = nextSubscriptionId(this.#context);
    return this.#lastSubscriptionId;
  }

  #read(readers: TopicReader[]): void {
    if (readers.length === 0) throw invalidArgument('a consumer without topics');
    this.#readers = readers;
    this.#isStarted = false;
  }

  #readerOf(topic: string): TopicReader {
    const reader = this.#readers.find(({ selection }) => selection.topic === topic);
    if (reader === undefined) throw invalidArgument(`this consumer does not read topic ${topic}`);
    if (this.#isClosed) throw closedError('the consumer');
    return reader;
  }

  #sync(): void {
    for (const reader of this.#readers) reader.sync();
  }

  #pushed(push: Push): void {
    const topicId = topicIdOf(push.topicId);
    if (topicId === undefined) return;
    for (const reader of this.#readers) if (reader.topicIds.has(topicId)) reader.pushed(push);
  }

  #happened(event: SubscriptionEvent): void {
    for (const reader of this.#readers) if (reader.subscriptionId === event.subscriptionId) reader.happened(event);
    this.#inbox.tell();
  }

  #forgetRecords(): void {
    this.#records = [];
    this.#recordsAt = 0;
    this.#recordsOf = undefined;
  }

  #forget(): void {
    this.#forgetRecords();
    this.#frame = undefined;
  }

  #stop(): void {
    this.close().catch((error: MillraceError) => {
      this.#ended = error;
    });
  }
}

const subscriptionIds = new WeakMap<object, number>();
const subscriptionIdMax = 2 ** 31;

/** A connection's subscriptions share one space of ids. */
function nextSubscriptionId({ connection }: Context): number {
  const id = ((subscriptionIds.get(connection) ?? 0) % subscriptionIdMax) + 1;
  subscriptionIds.set(connection, id);
  return id;
}
