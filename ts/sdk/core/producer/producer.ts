import { durabilityNamed } from '../../../wire/proto/enums.js';
import type { ProduceResult } from '../../../wire/proto/generated/messages.js';
import { type BatchWriter, recordSizeMax } from '../../../wire/records/batch-writer.js';
import { whenAway } from '../connection/absence.js';
import type { Context } from '../context.js';
import { ConnectionError, closedError, errorNamedAs, LimitError, MillraceError } from '../errors.js';
import type { Bytes } from '../serde.js';
import { Dispatch } from './dispatch.js';
import { Linger } from './linger.js';
import { type BatchDelivery, OpenBatch } from './open-batch.js';
import { type ProducerOptions, type ProducerSettings, producerSettings } from './options.js';
import type { PartitionQueue } from './partition-queue.js';
import type { Settled } from './partition-sender.js';
import { checkedPartition, StickyRotation } from './partitioner.js';
import { type Delivery, headersOf, type OutgoingRecord, timestampOf } from './record.js';
import { TopicQueues, type WaitingRecord } from './topics.js';

/** Records that wait for a topic or for room, before more of them are refused. */
const waitingMax = 10_000;
const expiryChecks = 20;
/** Of a request around one batch: the longest topic name, and what compression may add to what does not compress. */
const messageOverhead = 2048;

export interface BatchFailure {
  readonly topic: string;
  readonly partition: number;
  readonly count: number;
  readonly error: MillraceError;
}

export interface ProducerCallbacks {
  /** Called for each batch that was acknowledged. */
  readonly onDelivery?: (delivery: BatchDelivery) => void;
  /** Called for each batch that failed for good. */
  readonly onFailure?: (failure: BatchFailure) => void;
}

/**
 * Sends records: gathered into batches, batches into requests, repeated until they are acknowledged. In each partition records are
 * stored in the order in which they were given to one producer.
 */
export class Producer<Key = Bytes, Value = Bytes> {
  readonly #context: Context;
  readonly #settings: ProducerSettings;
  readonly #callbacks: ProducerCallbacks;
  readonly #onClosed: () => void;
  readonly #dispatch: Dispatch;
  readonly #rotation: StickyRotation;
  readonly #topics = new Map<string, TopicQueues>();
  readonly #linger: Linger;
  readonly #stopListening: () => void;
  readonly #roomWaiters: (() => void)[] = [];
  #idleWaiters: (() => void)[] = [];
  #bufferSize = 0;
  #waitingCount = 0;
  #failure: MillraceError | undefined;
  #ended: MillraceError | undefined;
  #cancelExpiry: (() => void) | undefined;

  constructor(context: Context, options: ProducerOptions<Key, Value> & ProducerCallbacks, onClosed: () => void) {
    this.#context = context;
    this.#onClosed = onClosed;
    this.#settings = producerSettings(options);
    this.#callbacks = options;
    this.#rotation = new StickyRotation(context.chance);
    this.#linger = new Linger(this.#settings.lingerMs, context.clock, (queue) => this.#close(queue));
    this.#dispatch = new Dispatch(
      context,
      this.#settings,
      (queue, settled) => this.#settled(queue, settled),
      (topic) =>
        this.#topics
          .get(topic)
          ?.refresh()
          .catch(() => undefined),
    );
    this.#stopListening = context.connection.listen({
      onOpen: () => this.#dispatch.ready(),
      onLost: () => this.#dispatch.lost(),
      onEnd: (error) => this.#end(error instanceof MillraceError ? error : closedError('the client')),
    });
  }

  /** Bytes that wait for their acknowledgement. */
  get bufferSize(): number {
    return this.#bufferSize;
  }

  /**
   * Sends a record; resolves when it is acknowledged as `acks` asks. Awaiting each one sends them one at a time: collect the
   * promises, or use `write`, to send many.
   */
  async send(record: OutgoingRecord<Key, Value>): Promise<Delivery> {
    const delivery = this.#take(record, true);
    return (await delivery) as Delivery;
  }

  /**
   * Sends a record without a promise of its own: the answer is undefined, or, where the buffer is full, what to await before the
   * next one. What fails is told by `onFailure`, and by the next `flush`.
   */
  write(record: OutgoingRecord<Key, Value>): Promise<void> | undefined {
    const waiting = this.#take(record, false);
    if (waiting !== undefined) return waiting.then(() => undefined);
    return this.#isFull ? this.#room() : undefined;
  }

  /** How many partitions a topic has, which is created if the server allows that; asked once, then known. */
  async partitionsOf(name: string): Promise<number> {
    if (this.#ended !== undefined) throw this.#ended;
    const topic = this.#topic(name);
    if (!topic.isKnown) await topic.refresh();
    return topic.queues.length;
  }

  /**
   * Sends records that the caller has put into a batch already, as one batch of this partition: behind what was given to `send` and
   * `write` for it. For those who make very many records; answers as `write` does. The topic has to be known: `partitionsOf`.
   */
  writeBatch(name: string, partition: number, records: BatchWriter): Promise<void> | undefined {
    if (this.#ended !== undefined) throw this.#ended;
    const topic = this.#topic(name);
    const queue = topic.queues[checkedPartition(partition, name, topic.queues.length)] as PartitionQueue;
    this.#refuseTooLarge(records.size, records.count === 1 ? 'a record' : 'a batch');
    if (queue.open !== undefined) this.#close(queue);
    const batch = this.#openBatch(queue, topic, records);
    batch.reserved = records.size;
    this.#bufferSize += records.size;
    this.#close(queue);
    return this.#isFull ? this.#room() : undefined;
  }

  /** Sends what waits for more records, and resolves when all is acknowledged. Rejects with the first failure of a `write`. */
  async flush(): Promise<void> {
    this.#linger.closeAll();
    if (!this.#isIdle) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
  }

  /**
   * Flushes, then takes nothing more. While there is no connection it waits `closeWaitMs` (of `connect`) for one: then what is not
   * acknowledged fails, and so does this.
   */
  async close(): Promise<void> {
    if (this.#ended !== undefined) return;
    const { connection, clock, closeWaitMs } = this.#context;
    let away: MillraceError | undefined;
    const endWatch = whenAway(connection, clock, closeWaitMs, () => {
      away = unsentAtClose(closeWaitMs, connection.lastFailure);
      this.#end(away);
    });
    try {
      await this.flush();
      if (away !== undefined) throw away;
    } finally {
      endWatch();
      this.#end(closedError('the producer'));
    }
  }

  /** Ends at once: what is not acknowledged fails. */
  abandon(): void {
    this.#end(closedError('the producer'));
  }

  get #isFull(): boolean {
    return this.#bufferSize >= this.#settings.bufferSizeMax;
  }

  get #isIdle(): boolean {
    return this.#bufferSize === 0 && this.#waitingCount === 0;
  }

  /** Undefined: taken, and nobody asked for its delivery. */
  #take(record: OutgoingRecord<Key, Value>, isDeliveryWanted: boolean): Promise<Delivery | undefined> | undefined {
    if (this.#ended !== undefined) throw this.#ended;
    const topic = this.#topic(record.topic);
    if (!topic.isKnown || this.#isFull || topic.waiting.length > 0) return this.#wait(topic, record, isDeliveryWanted);
    if (record.partition !== undefined && record.partition >= topic.queues.length) {
      // It may have been added since this topic was asked about.
      this.#learn(topic);
      return this.#wait(topic, record, isDeliveryWanted);
    }
    return this.#append(topic, record, isDeliveryWanted);
  }

  #topic(name: string): TopicQueues {
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    const topic = new TopicQueues(name, this.#context, this.#settings);
    this.#topics.set(name, topic);
    this.#learn(topic);
    return topic;
  }

  #learn(topic: TopicQueues): void {
    topic.refresh().then(
      () => this.#letIn(topic),
      (error: MillraceError) => {
        // The next record asks anew.
        this.#topics.delete(topic.name);
        this.#refuseWaiting(topic, error);
      },
    );
  }

  #wait(topic: TopicQueues, record: OutgoingRecord<Key, Value>, isDeliveryWanted: boolean): Promise<Delivery | undefined> {
    if (this.#waitingCount >= waitingMax) {
      const advice = 'await send or write before the next record';
      throw new LimitError('buffer-full', `${waitingMax} records wait for room in the buffer`, true, advice);
    }
    this.#waitingCount++;
    return new Promise((resolve, reject) => {
      topic.waiting.push({ record: record as OutgoingRecord<unknown, unknown>, isDeliveryWanted, resolve, reject });
    });
  }

  #letIn(topic: TopicQueues): void {
    let taken = 0;
    for (const { record, isDeliveryWanted, resolve, reject } of topic.waiting) {
      if (this.#isFull) break;
      taken++;
      try {
        resolve(this.#append(topic, record as OutgoingRecord<Key, Value>, isDeliveryWanted));
      } catch (error) {
        reject(error as Error);
      }
    }
    topic.waiting.splice(0, taken);
    this.#waitingCount -= taken;
    if (taken > 0 && this.#idleWaiters.length > 0) this.#linger.closeAll();
    this.#tellIfIdle();
  }

  #refuseWaiting(topic: TopicQueues, error: MillraceError): void {
    const waiting: WaitingRecord[] = topic.waiting.splice(0);
    this.#waitingCount -= waiting.length;
    for (const { isDeliveryWanted, reject } of waiting) {
      if (!isDeliveryWanted) this.#failure ??= error;
      reject(error);
    }
    this.#tellIfIdle();
  }

  #append(topic: TopicQueues, record: OutgoingRecord<Key, Value>, isDeliveryWanted: boolean): Promise<Delivery> | undefined {
    const { name } = topic;
    const key = this.#settings.key(record.key, name);
    const value = this.#settings.value(record.value, name);
    const headers = headersOf(record.headers);
    const timestamp = timestampOf(record.timestamp, this.#context.clock.wallMs());
    const queue = this.#queueFor(topic, record.partition, key);
    const size = recordSizeMax(key, value, headers);
    const batch = this.#batchFor(queue, topic, size);
    const before = batch.writer.size;
    batch.append(timestamp, key, value, headers);
    const added = batch.count === 1 ? batch.writer.size : batch.writer.size - before;
    batch.reserved += added;
    this.#bufferSize += added;
    const delivered = isDeliveryWanted ? batch.delivered(timestamp) : undefined;
    if (batch.writer.size >= this.#settings.batchSizeMax || this.#isFull) this.#close(queue);
    return delivered;
  }

  /** What the server takes at all, and in one message. */
  get #batchSizeLimit(): number {
    const { limits } = this.#context.connection;
    const ofBatch = limits?.batchSizeMax || Number.POSITIVE_INFINITY;
    const ofMessage = (limits?.messageSizeMax || Number.POSITIVE_INFINITY) - messageOverhead;
    return Math.min(ofBatch, ofMessage);
  }

  #queueFor(topic: TopicQueues, asked: number | undefined, key: Uint8Array | null): PartitionQueue {
    const { length } = topic.queues;
    const { partitioner } = this.#settings;
    const chosen = asked ?? partitioner?.({ topic: topic.name, key }, length) ?? this.#rotation.choose(topic.name, key, length);
    return topic.queues[checkedPartition(chosen, topic.name, length)] as PartitionQueue;
  }

  #batchFor(queue: PartitionQueue, topic: TopicQueues, size: number): OpenBatch {
    const limit = this.#refuseTooLarge(size, 'a record');
    const { open } = queue;
    if (open !== undefined && open.writer.size + size <= Math.min(this.#settings.batchSizeMax, limit)) return open;
    if (open !== undefined) this.#close(queue);
    const batch = this.#openBatch(queue, topic);
    this.#linger.opened(queue);
    return batch;
  }

  #refuseTooLarge(size: number, what: string): number {
    const limit = this.#batchSizeLimit;
    if (size > limit) throw errorNamedAs('batch-too-large', `${what} of ${size} bytes: a batch has at most ${limit}`);
    return limit;
  }

  #openBatch(queue: PartitionQueue, topic: TopicQueues, records?: BatchWriter): OpenBatch {
    const now = this.#context.clock.monotonicMs();
    topic.refreshIfOld(now);
    const batch = new OpenBatch(now, now + this.#settings.deliveryTimeoutMs, records);
    queue.open = batch;
    this.#watchExpiry();
    return batch;
  }

  #close(queue: PartitionQueue): void {
    this.#linger.closed(queue);
    this.#rotation.turn(queue.topic, queue.partition, this.#topics.get(queue.topic)?.queues.length ?? 1);
    queue.close(
      () => this.#dispatch.ready(queue),
      (settled) => this.#settled(queue, settled),
    );
  }

  #settled(queue: PartitionQueue, settled: readonly Settled<OpenBatch>[]): void {
    if (settled.length === 0) return;
    for (const one of settled) {
      this.#bufferSize -= one.batch.reserved;
      if (one.error === undefined) this.#delivered(queue, one.batch, one.result);
      else this.#failed(queue, one.batch, one.error);
    }
    this.#linger.answered(queue);
    if (!this.#isFull) this.#tellRoom();
    this.#tellIfIdle();
  }

  #delivered({ topic, partition }: PartitionQueue, batch: OpenBatch, result: ProduceResult | undefined): void {
    const isNumbered = result !== undefined && this.#settings.acks !== 'none';
    const delivery: BatchDelivery = {
      topic,
      partition,
      count: batch.count,
      baseOffset: isNumbered ? result.baseOffset : undefined,
      appendTimeMs: result?.appendTimeMs ?? undefined,
      durability: durabilityNamed(result?.durability ?? 0) ?? 'none',
      isDuplicate: result === undefined || result.isDuplicate,
    };
    this.#context.observe('producer.batch', { topic, partition, records: batch.count, size: batch.bytes?.length ?? 0 });
    batch.settle(delivery);
    this.#callbacks.onDelivery?.(delivery);
  }

  #failed({ topic, partition }: PartitionQueue, batch: OpenBatch, error: MillraceError): void {
    if (batch.hasUnwatched) this.#failure ??= error;
    this.#context.observe('producer.failed', { topic, partition, records: batch.count, code: error.code });
    batch.fail(error);
    this.#callbacks.onFailure?.({ topic, partition, count: batch.count, error });
  }

  #room(): Promise<void> {
    return new Promise((resolve) => this.#roomWaiters.push(resolve));
  }

  #tellRoom(): void {
    for (const topic of this.#topics.values()) if (topic.waiting.length > 0 && topic.isKnown) this.#letIn(topic);
    while (!this.#isFull && this.#roomWaiters.length > 0) this.#roomWaiters.shift()?.();
  }

  #tellIfIdle(): void {
    if (!this.#isIdle) return;
    this.#cancelExpiry?.();
    this.#cancelExpiry = undefined;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const resolve of waiters) resolve();
  }

  #watchExpiry(): void {
    const { clock } = this.#context;
    this.#cancelExpiry ??= clock.after(this.#settings.deliveryTimeoutMs / expiryChecks, () => {
      this.#cancelExpiry = undefined;
      this.#dispatch.expire(clock.monotonicMs());
      if (!this.#isIdle) this.#watchExpiry();
    });
  }

  #end(error: MillraceError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#onClosed();
    this.#stopListening();
    this.#dispatch.end(error);
    for (const topic of this.#topics.values()) {
      this.#refuseWaiting(topic, error);
      for (const queue of topic.queues) {
        this.#settled(
          queue,
          queue.abandon().map((batch) => ({ batch, error })),
        );
      }
    }
    for (const resolve of this.#roomWaiters.splice(0)) resolve();
    this.#linger.end();
    this.#cancelExpiry?.();
  }
}

function unsentAtClose(waitedMs: number, why: string): ConnectionError {
  const message = `closed after ${waitedMs} ms without a connection, before all was acknowledged: ${why}`;
  return new ConnectionError('connection-failed', message, true, 'connect again and send it anew');
}
