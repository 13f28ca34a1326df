import type { TopicDescription } from '../../../wire/proto/generated/messages.js';
import { type Context, retrying } from '../context.js';
import { errorNamedAs, UnknownTopicError } from '../errors.js';
import type { ProducerSettings } from './options.js';
import { PartitionQueue } from './partition-queue.js';
import type { Delivery, OutgoingRecord } from './record.js';

/** A record that came before its topic was known, or while the buffer was full. */
export interface WaitingRecord {
  readonly record: OutgoingRecord<unknown, unknown>;
  readonly isDeliveryWanted: boolean;
  resolve(delivery: Delivery | Promise<Delivery> | undefined): void;
  reject(error: Error): void;
}

/** A topic that is produced to. */
export class TopicQueues {
  readonly name: string;
  /** By partition; none until the topic is known. */
  readonly queues: PartitionQueue[] = [];
  waiting: WaitingRecord[] = [];
  #refreshing: Promise<void> | undefined;
  #refreshedAt = Number.NEGATIVE_INFINITY;
  readonly #context: Context;
  readonly #settings: ProducerSettings;

  constructor(name: string, context: Context, settings: ProducerSettings) {
    this.name = name;
    this.#context = context;
    this.#settings = settings;
  }

  get isKnown(): boolean {
    return this.queues.length > 0;
  }

  /** Asks again now and then, as partitions may be added. */
  refreshIfOld(now: number): void {
    if (now - this.#refreshedAt >= refreshAfterMs) this.refresh().catch(() => undefined);
  }

  /** Learns of the topic, which is created if the server allows that; asked twice at once, it is asked once. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#ask().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #ask(): Promise<void> {
    this.#refreshedAt = this.#context.clock.monotonicMs();
    let missingSince: number | undefined;
    const { partitions } = await retrying(this.#context, this.#settings.deliveryTimeoutMs, async (remainingMs) => {
      try {
        return await describeTopic(this.#context, this.name, true, remainingMs);
      } catch (error) {
        // A lost connection is waited out; a topic that is not there has less time to appear.
        if (!(error instanceof UnknownTopicError)) throw error;
        const now = this.#context.clock.monotonicMs();
        missingSince ??= now;
        if (now - missingSince < missingMsMax) throw error;
        throw new UnknownTopicError('unknown-topic', error.message);
      }
    });
    for (let partition = this.queues.length; partition < partitions.length; partition++) {
      this.queues.push(new PartitionQueue(this.name, partition, this.#context, this.#settings));
    }
  }
}

const refreshAfterMs = 60_000;
const missingMsMax = 15_000;

async function describeTopic(
  context: Context,
  name: string,
  createMissing: boolean,
  timeoutMs: number,
): Promise<TopicDescription> {
  const { topics } = await context.connection.call({ metadata: { topics: [name], createMissing } }, 'metadata', timeoutMs);
  const topic = topics.find((one) => one.name === name);
  if (topic === undefined || topic.partitions.length === 0) throw errorNamedAs('unknown-topic', `there is no topic ${name}`);
  return topic;
}
