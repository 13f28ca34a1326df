import { type TopicId, topicIdOf } from '../../../model/ids.js';
import type { Push, SubscribeReply, SubscriptionEvent } from '../../../wire/proto/generated/messages.js';
import { backoffMs } from '../backoff.js';
import { type Context, sleep } from '../context.js';
import { errorOf, MillraceError } from '../errors.js';
import type { ConsumerEvent } from './events.js';
import type { Inbox } from './inbox.js';
import type { Selection } from './options.js';
import { PartitionReader } from './partition-reader.js';
import { type Position, wirePosition } from './positions.js';
import { type From, startAt } from './start.js';

/** How long a topic may be unknown, or a partition fail, before the application is told. */
const patienceMs = 15_000;

/**
 * The subscription of one topic. It is replaced whenever something about it changes: a new connection, a seek, a pause. Each
 * replacement begins where what came before ended, so nothing is missed and nothing comes twice.
 */
export class TopicReader {
  readonly partitions = new Map<number, PartitionReader>();
  readonly selection: Selection;
  readonly window: number;
  readonly #context: Context;
  readonly #inbox: Inbox;
  readonly #newSubscriptionId: () => number;
  /** The first subscription is there: all partitions have positions. */
  readonly ready: Promise<void>;
  #tellReady: () => void = () => undefined;
  topicIds = new Set<TopicId>();
  /** Of the subscription that the server has, in the present session. */
  #subscriptionId: number | undefined;
  #isSyncing = false;
  #running: Promise<void> = Promise.resolve();
  readonly #closing: Promise<void>;
  #tellClosing: () => void = () => undefined;
  #isSyncWanted = false;
  #isClosed = false;
  #isOver = false;
  #attempts = 0;
  #failingSince: number | undefined;
  /** Taken out of the inbox, not given back as credit yet. */
  #consumedSize = 0;
  #bufferedSize = 0;

  constructor(selection: Selection, window: number, context: Context, inbox: Inbox, newSubscriptionId: () => number) {
    this.selection = selection;
    this.window = window;
    this.#context = context;
    this.#inbox = inbox;
    this.#newSubscriptionId = newSubscriptionId;
    this.ready = new Promise((resolve) => {
      this.#tellReady = resolve;
    });
    this.#closing = new Promise((resolve) => {
      this.#tellClosing = resolve;
    });
    const starts = selection.partitions ?? new Map<number, From>();
    for (const partition of new Set([...starts.keys(), ...selection.positions.keys()])) {
      if (selection.partitions !== undefined && !starts.has(partition)) continue;
      const from = starts.get(partition) ?? selection.from;
      this.partitions.set(partition, new PartitionReader(selection.topic, partition, from, selection.positions.get(partition)));
    }
  }

  /** Nothing will come of this topic any more. */
  get isOver(): boolean {
    return this.#isOver || this.#isClosed;
  }

  get subscriptionId(): number | undefined {
    return this.#subscriptionId;
  }

  /** The connection is gone, and the subscription with it. */
  lost(): void {
    this.#subscriptionId = undefined;
    this.#failingSince = undefined;
  }

  /** Brings the server's subscription in line with what is wanted. Whoever calls meanwhile is served by the same run. */
  sync(): void {
    this.#isSyncWanted = true;
    if (this.#isSyncing || this.#isClosed) return;
    this.#isSyncing = true;
    this.#running = this.#run().finally(() => {
      this.#isSyncing = false;
      if (this.#isSyncWanted && this.#context.connection.welcome !== undefined && !this.isOver) this.sync();
    });
  }

  /** Gives credit back for what was read. */
  consumed(size: number): void {
    this.#bufferedSize -= size;
    this.#consumedSize += size;
    if (this.#subscriptionId === undefined || this.#consumedSize * 4 < this.window) return;
    const credit = { subscriptionId: this.#subscriptionId, size: this.#consumedSize };
    if (this.#context.connection.post({ credit })) this.#consumedSize = 0;
  }

  pushed(push: Push): void {
    const partition = this.partitions.get(push.partition);
    const topicId = topicIdOf(push.topicId);
    if (partition === undefined || topicId === undefined || partition.isStale || this.isOver) return;
    const { length: size } = push.batches;
    if (partition.received !== undefined && push.nextOffset <= partition.received.offset) {
      this.#bufferedSize += size;
      this.consumed(size);
      return;
    }
    this.#bufferedSize += size;
    partition.received = { topicId, offset: push.nextOffset, leaderEpoch: push.leaderEpoch };
    this.#context.observe('consumer.push', { topic: partition.topic, partition: partition.partition, size });
    const limit = Number.POSITIVE_INFINITY;
    this.#inbox.put({ kind: 'push', owner: this, partition, generation: partition.generation, push, limit });
  }

  happened(event: SubscriptionEvent): void {
    const { topic } = this.selection;
    const { partition: number } = event;
    if (event.what === 'added') {
      this.#added(number, event.added.offset, topicIdOf(event.topicId));
      return;
    }
    if (event.what === 'deleted') {
      this.#isOver = true;
      this.#subscriptionId = undefined;
      this.#tell({ type: 'topic-deleted', topic, partition: number }, () => true);
      return;
    }
    const partition = this.partitions.get(number);
    if (partition === undefined || partition.isStale) return;
    if (event.what === 'failed') this.#failed(partition, event.failed.error === null ? undefined : errorOf(event.failed.error));
    else this.#moved(partition, event);
  }

  seek(number: number, from: From | Position): void {
    const known = this.partitions.get(number);
    const isPosition = typeof from === 'object' && 'topicId' in from;
    const partition = known ?? new PartitionReader(this.selection.topic, number, this.selection.from);
    this.partitions.set(number, partition);
    partition.generation++;
    partition.isStale = true;
    partition.received = isPosition ? from : undefined;
    partition.delivered = partition.received;
    if (!isPosition) partition.from = from;
    this.sync();
  }

  setPaused(numbers: readonly number[] | undefined, isPaused: boolean): void {
    for (const partition of this.partitions.values()) {
      if (numbers === undefined || numbers.includes(partition.partition)) partition.isPaused = isPaused;
    }
    this.sync();
  }

  /** Ends the subscription; resolves when the server has ended it too. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#tellReady();
    this.#tellClosing();
    this.#inbox.dropOf(this);
    // A subscription that is being made is ended when it is there: a partition has room for one.
    await this.#running;
    await this.#unsubscribe();
  }

  async #run(): Promise<void> {
    while (this.#isSyncWanted && !this.#isClosed) {
      this.#isSyncWanted = false;
      const { welcome } = this.#context.connection;
      if (welcome === undefined || this.#isOver) return;
      try {
        await this.#unsubscribe();
        await this.#subscribe(welcome.limits?.creditMax || Number.POSITIVE_INFINITY);
        this.#attempts = 0;
        this.#failingSince = undefined;
      } catch (error) {
        await this.#refused(error);
      }
    }
  }

  async #unsubscribe(): Promise<void> {
    const subscriptionId = this.#subscriptionId;
    if (subscriptionId === undefined) return;
    try {
      await this.#context.connection.ask({ unsubscribe: { subscriptionId } }, 'unsubscribe');
    } catch {
      // It ended with the connection, or the server ended it before: either way it is over.
    }
    if (this.#subscriptionId === subscriptionId) this.#subscriptionId = undefined;
  }

  async #subscribe(creditMax: number): Promise<void> {
    const wanted = [...this.partitions.values()].filter(({ isPaused }) => !isPaused);
    const isAll = this.selection.partitions === undefined && wanted.length === this.partitions.size;
    if (wanted.length === 0 && !isAll) return;
    const subscriptionId = this.#newSubscriptionId();
    this.#consumedSize = 0;
    // Where partitions have positions, any other one has come since: it is read from its beginning.
    const rest = isAll && wanted.some(({ received }) => received !== undefined) ? 'beginning' : this.selection.from;
    const subscribe = {
      subscriptionId,
      topic: this.selection.topic,
      partitions: wanted.map(({ partition, from, received }) => ({
        partition,
        start: received === undefined ? startAt(from) : { position: wirePosition(received) },
      })),
      start: startAt(rest),
      credit: Math.max(1, Math.min(this.window, creditMax) - this.#bufferedSize),
      includeNewPartitions: isAll,
    };
    await this.#context.connection.ask({ subscribe }, 'subscribe', undefined, (reply) => this.#subscribed(subscriptionId, reply));
  }

  #subscribed(subscriptionId: number, { topicId: bytes, partitions }: SubscribeReply): void {
    const topicId = topicIdOf(bytes);
    if (topicId === undefined) {
      this.#context.connection.reset('a subscription to a topic without id');
      return;
    }
    this.#subscriptionId = subscriptionId;
    this.topicIds.add(topicId);
    for (const { partition: number, offset } of partitions) {
      const partition = this.partitions.get(number) ?? new PartitionReader(this.selection.topic, number, 'beginning');
      this.partitions.set(number, partition);
      partition.isStale = false;
      partition.received ??= { topicId, offset, leaderEpoch: undefined };
      partition.delivered ??= partition.received;
    }
    this.#context.observe('consumer.subscribe', { topic: this.selection.topic, partitions: partitions.length });
    this.#tellReady();
  }

  async #refused(error: unknown): Promise<void> {
    const { clock, chance, retryBackoff, connection } = this.#context;
    const known = error instanceof MillraceError ? error : new MillraceError('unknown-error', String(error));
    // A connection that comes back calls again.
    if (known.code === 'connection-lost' || connection.welcome === undefined) return;
    const now = clock.monotonicMs();
    this.#failingSince ??= now;
    if (!known.isRetriable || now - this.#failingSince > patienceMs) {
      this.#inbox.put({ kind: 'failure', owner: this, error: known });
      this.#failingSince = undefined;
      this.#tellReady();
      return;
    }
    this.#isSyncWanted = true;
    const pause = sleep(clock, Math.max(known.retryAfterMs, backoffMs(retryBackoff, this.#attempts++, chance)));
    await Promise.race([pause, this.#closing]);
  }

  #added(number: number, offset: number, topicId: TopicId | undefined): void {
    if (topicId === undefined || this.partitions.has(number)) return;
    const partition = new PartitionReader(this.selection.topic, number, 'beginning', { topicId, offset, leaderEpoch: undefined });
    this.partitions.set(number, partition);
    this.#tell({ type: 'partition-added', topic: this.selection.topic, partition: number, offset }, () => true);
  }

  /** The server goes on elsewhere than where this reader was. */
  #moved(reader: PartitionReader, event: SubscriptionEvent): void {
    const { topic, partition } = reader;
    switch (event.what) {
      case 'historyLost': {
        const { wantedOffset, offset } = event.historyLost;
        this.#goOn(reader, topicIdOf(event.topicId), offset, { type: 'history-lost', topic, partition, wantedOffset, offset });
        return;
      }
      case 'truncated': {
        const { wantedOffset, offset } = event.truncated;
        this.#cut(reader, offset);
        this.#goOn(reader, topicIdOf(event.topicId), offset, { type: 'truncated', topic, partition, wantedOffset, offset });
        return;
      }
      case 'recreated': {
        const { newTopicId, offset } = event.recreated;
        const topicId = topicIdOf(newTopicId);
        if (topicId === undefined) return;
        this.topicIds.add(topicId);
        this.#goOn(reader, topicId, offset, { type: 'topic-recreated', topic, partition, topicId, offset });
        return;
      }
      default:
        return;
    }
  }

  #goOn(reader: PartitionReader, topicId: TopicId | undefined, offset: number, event: ConsumerEvent): void {
    if (topicId === undefined) return;
    const position: Position = { topicId, offset, leaderEpoch: undefined };
    reader.received = position;
    const { generation } = reader;
    this.#tell(event, () => {
      if (reader.generation !== generation) return false;
      // Of what was cut, the application may have seen nothing: then there is nothing to tell.
      const isUnseen = event.type === 'truncated' && (reader.delivered?.offset ?? 0) <= offset;
      reader.delivered = position;
      return !isUnseen;
    });
  }

  #cut(reader: PartitionReader, offset: number): void {
    for (const item of this.#inbox.waiting()) {
      if (item.kind === 'push' && item.partition === reader) item.limit = Math.min(item.limit, offset);
    }
  }

  #failed(reader: PartitionReader, error: MillraceError | undefined): void {
    if (error === undefined) return;
    const { topic, partition } = reader;
    if (!error.isRetriable) {
      this.#inbox.put({ kind: 'failure', owner: this, error });
      return;
    }
    this.#tell({ type: 'partition-failed', topic, partition, error }, () => true);
    const { clock, chance, retryBackoff } = this.#context;
    sleep(clock, Math.max(error.retryAfterMs, backoffMs(retryBackoff, this.#attempts++, chance))).then(() => this.sync());
  }

  #tell(event: ConsumerEvent, onReached: () => boolean): void {
    this.#inbox.put({ kind: 'event', owner: this, event, onReached });
  }
}
