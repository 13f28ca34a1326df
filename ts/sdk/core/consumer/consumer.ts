import { topicIdOf } from '../../../model/ids.js';
import type { Push, SubscriptionEvent } from '../../../wire/proto/generated/messages.js';
import type { BatchRecord } from '../../../wire/records/iterate.js';
import type { Context } from '../context.js';
import { closedError, invalidArgument, type MillraceError } from '../errors.js';
import { type ConsumedBatch, type ConsumedRecord, consumedRecord, StoredBatch } from './batch.js';
import { Frame, type TakenBatch } from './frame.js';
import { Inbox } from './inbox.js';
import type { Lane, Lanes } from './lanes.js';
import {
  type ConsumerOptions,
  type ConsumerSettings,
  consumerSettings,
  type Selection,
  selectionsOf,
  type TopicSelection,
} from './options.js';
import { type Position, type PositionVector, tokenOf } from './positions.js';
import type { From } from './start.js';
import { TopicReader } from './topic-reader.js';

const windowMin = 64 * 1024;

/**
 * Reads topics: `for await` over its records, or over `batches()`. The position of a partition moves when a record is handed out, so
 * `token()` taken after a record was dealt with resumes behind it, on any node and in another process.
 */
export class Consumer<Key = Uint8Array | null, Value = Uint8Array | null> {
  readonly #shared: Context;
  readonly #lanes: Lanes;
  #lane: Lane;
  readonly #settings: ConsumerSettings;
  readonly #onClosed: () => void;
  readonly #inbox = new Inbox();
  #stopListening: () => void;
  #readers: TopicReader[] = [];
  #frame: Frame | undefined;
  #forgetSignal: () => void = () => undefined;
  #isClosed = false;
  #isStarted = false;
  #ended: Error | undefined;
  /** The batch that is being handed out record by record, and where its next record comes from. */
  #taken: TakenBatch | undefined;
  #read: () => BatchRecord | undefined = () => undefined;

  constructor(context: Context, lanes: Lanes, options: ConsumerOptions<Key, Value>, onClosed: () => void) {
    this.#shared = context;
    this.#lanes = lanes;
    this.#onClosed = onClosed;
    this.#settings = consumerSettings(options);
    const selections = selectionsOf(options.topics, options.from, options.token);
    this.#lane = lanes.take(topicsOf(selections));
    this.#use(selections);
    this.#stopListening = this.#listen();
    const { signal } = options;
    if (signal !== undefined) {
      signal.addEventListener('abort', this.#stop, { once: true });
      this.#forgetSignal = () => signal.removeEventListener('abort', this.#stop);
      if (signal.aborted) this.#stop();
    }
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
    if (this.#isClosed) throw closedError('the consumer');
    const before = this.#lane;
    this.#lane = this.#lanes.take(topicsOf(selections), before);
    if (this.#lane.connection !== before.connection) {
      this.#stopListening();
      this.#stopListening = this.#listen();
    }
    const closing = this.#closeReaders(before);
    this.#forget();
    this.#use(selections);
    closing.then(() => this.#sync());
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
    this.#forgetSignal();
    this.#stopListening();
    this.#forget();
    this.#inbox.tell();
    await this.#closeReaders(this.#lane);
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
    } else if (item.kind === 'push') this.#frame = new Frame(item, this.#shared);
    else if (item.kind === 'failure') throw item.error;
    else if (item.onReached()) this.#settings.onEvent(item.event);
    return true;
  }

  #use(selections: readonly Selection[]): void {
    const { connection } = this.#lane;
    const context = { ...this.#shared, connection };
    const window = Math.max(windowMin, Math.floor(this.#settings.bufferSizeMax / selections.length));
    const newId = () => nextSubscriptionId(connection);
    this.#readers = selections.map((selection) => new TopicReader(selection, window, context, this.#inbox, newId));
    this.#isStarted = false;
  }

  #listen(): () => void {
    return this.#lane.connection.listen({
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
  }

  /** Others may read these topics over the same connection when the server has ended the subscriptions. */
  async #closeReaders(lane: Lane): Promise<void> {
    try {
      await Promise.all(this.#readers.map((reader) => reader.close()));
    } finally {
      this.#lanes.release(lane);
    }
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

  readonly #stop = (): void => {
    this.close().catch((error: MillraceError) => {
      this.#ended = error;
    });
  };
}

const topicsOf = (selections: readonly Selection[]) => selections.map(({ topic }) => topic);

const subscriptionIds = new WeakMap<object, number>();
const subscriptionIdMax = 2 ** 31;

/** A connection's subscriptions share one space of ids. */
function nextSubscriptionId(connection: object): number {
  const id = ((subscriptionIds.get(connection) ?? 0) % subscriptionIdMax) + 1;
  subscriptionIds.set(connection, id);
  return id;
}
