import { topicIdOf } from '../../../model/ids.js';
import type { Push, SubscriptionEvent } from '../../../wire/proto/generated/messages.js';
import type { BatchRecord } from '../../../wire/records/iterate.js';
import type { Context } from '../context.js';
import { closedError, invalidArgument, type MillraceError } from '../errors.js';
import { type ConsumedBatch, type ConsumedRecord, consumedRecord, StoredBatch } from './batch.js';
import { Frame, type TakenBatch } from './frame.js';
import { Inbox } from './inbox.js';
import { type ConsumerOptions, type ConsumerSettings, consumerSettings, selectionsOf, type TopicSelection } from './options.js';
import { type Position, type PositionVector, tokenOf } from './positions.js';
import type { From } from './start.js';
import { TopicReader } from './topic-reader.js';

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
  #isClosed = false;
  #isStarted = false;
  #ended: Error | undefined;
  /** The batch that is being handed out record by record, and where its next record comes from. */
  #taken: TakenBatch | undefined;
  #read: () => BatchRecord | undefined = () => undefined;

  constructor(context: Context, options: ConsumerOptions<Key, Value>, onClosed: () => void) {
    this.#context = context;
    this.#onClosed = onClosed;
    this.#settings = consumerSettings(options);
    this.#use(
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
    this.#use(readers);
    Promise.all(closing).then(() => this.#sync());
  }

  /** Goes on elsewhere. What waits unread of this partition is dropped. */
  seek(topic: string, partition: number, from: From | Position): void {
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
    return this.#batchesAs(({ partition: { topic, partition }, end, highWatermark, records: stored }) => {
      const { offset: nextOffset, leaderEpoch = -1 } = end;
      const records = stored.consumed(this.#settings);
      const batch = { topic, partition, nextOffset, leaderEpoch, highWatermark, records };
      return batch as ConsumedBatch<Key, Value>;
    });
  }

  /** Batches whose records are read where they lie: for those who read very many records and need no object of each. */
  storedBatches(): AsyncIterableIterator<StoredBatch> {
    return this.#batchesAs(
      ({ partition, records, end, highWatermark }) => new StoredBatch(partition, records, end.offset, highWatermark),
    );
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<ConsumedRecord<Key, Value>> {
    return this.#iterator(() => this.#next());
  }

  #batchesAs<T>(read: (taken: TakenBatch) => T): AsyncIterableIterator<T> {
    return this.#iterator(async () => {
      const taken = this.#restOfTaken() ?? (await this.#nextBatch());
      if (taken === undefined) return { done: true, value: undefined };
      taken.partition.delivered = taken.end;
      return { done: false, value: read(taken) };
    });
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
    try {
      const record = this.#nextOfTaken();
      return record === undefined ? this.#nextOfNewBatch() : Promise.resolve({ done: false, value: record });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #nextOfNewBatch(): Promise<IteratorResult<ConsumedRecord<Key, Value>, undefined>> {
    for (;;) {
      const taken = await this.#nextBatch();
      if (taken === undefined) return { done: true, value: undefined };
      this.#taken = taken;
      this.#read = taken.records.reader();
      const record = this.#nextOfTaken();
      if (record !== undefined) return { done: false, value: record };
    }
  }

  /** The position moves before a record is made: one that a deserializer refuses is passed by the next call. */
  #nextOfTaken(): ConsumedRecord<Key, Value> | undefined {
    const taken = this.#taken;
    if (taken === undefined) return undefined;
    const { partition, end, generation } = taken;
    const record = partition.generation === generation ? this.#read() : undefined;
    if (record === undefined) {
      this.#taken = undefined;
      if (partition.generation === generation) partition.delivered = end;
      return undefined;
    }
    partition.delivered = { topicId: end.topicId, offset: record.offset + 1, leaderEpoch: end.leaderEpoch };
    return consumedRecord(record, partition, this.#settings) as ConsumedRecord<Key, Value>;
  }

  /** What a loop over records left of its batch, which is given up here: what cannot be read is told once. */
  #restOfTaken(): TakenBatch | undefined {
    const taken = this.#taken;
    this.#taken = undefined;
    if (taken === undefined || taken.partition.generation !== taken.generation) return undefined;
    const records = taken.records.startingAt(taken.partition.delivered?.offset ?? 0);
    return records.isEmpty ? undefined : { ...taken, records };
  }

  /** The next batch with records; undefined: reading is over. */
  async #nextBatch(): Promise<TakenBatch | undefined> {
    for (;;) {
      if (this.#isClosed) return undefined;
      const frame = this.#frame;
      // Before the first record, so that positions taken after it speak of all partitions.
      if (!this.#isStarted) {
        await this.ready();
        this.#isStarted = true;
      } else if (frame === undefined) {
        if (!(await this.#advance())) return undefined;
      } else if (frame.isOver) {
        this.#frame = undefined;
        frame.release();
      } else {
        const taken = await frame.next();
        // An end, or another assignment, may have come while it was decompressed.
        if (taken !== undefined && this.#frame === frame) return taken;
      }
    }
  }

  /** Takes what has come next, or waits for it; false: nothing comes any more. */
  async #advance(): Promise<boolean> {
    const item = this.#inbox.take();
    if (item === undefined) {
      if (this.#ended !== undefined) throw this.#ended;
      if (this.#readers.every(({ isOver }) => isOver)) return false;
      await this.#inbox.more();
    } else if (item.kind === 'push') this.#frame = new Frame(item, this.#context);
    else if (item.kind === 'failure') throw item.error;
    else if (item.onReached()) this.#settings.onEvent(item.event);
    return true;
  }

  #reader(selection: TopicReader['selection'], count: number): TopicReader {
    const window = Math.max(windowMin, Math.floor(this.#settings.bufferSizeMax / Math.max(1, count)));
    return new TopicReader(selection, window, this.#context, this.#inbox, () => nextSubscriptionId(this.#context));
  }

  #use(readers: TopicReader[]): void {
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

  #forget(): void {
    this.#taken = undefined;
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
