import { acks, durabilities } from '../../../wire/proto/enums.js';
import type { Limits, ProduceReply } from '../../../wire/proto/generated/messages.js';
import { backoffMs } from '../backoff.js';
import type { Context } from '../context.js';
import { MillraceError, ProtocolError } from '../errors.js';
import type { OpenBatch } from './open-batch.js';
import type { ProducerSettings } from './options.js';
import { type Outcome, outcomeOf, outcomeOfError } from './outcome.js';
import type { PartitionQueue } from './partition-queue.js';
import type { Entry, Identity, Settled } from './partition-sender.js';

interface Sent {
  readonly queue: PartitionQueue;
  readonly entry: Entry<OpenBatch>;
  readonly bytes: Uint8Array;
}

/** Large enough that requests cost little, small enough that they do not hold one another up. */
const requestSizeMax = 1024 * 1024;
const requestOverhead = 64;
const entryOverhead = 32;
/** Of the requests that a connection may have: some stay free for others. */
const requestsReserved = 4;

/** Failures that the loss of the connection tells everyone about. */
const lossCodes: ReadonlySet<string> = new Set(['connection-lost', 'closed', 'cluster-changed', 'connection-failed']);

/** Takes what the partitions' senders let go, puts it into requests within the server's limits, and hands out the answers. */
export class Dispatch {
  readonly #context: Context;
  readonly #settings: ProducerSettings;
  readonly #onSettled: (queue: PartitionQueue, settled: readonly Settled<OpenBatch>[]) => void;
  readonly #onUnknownTopic: (topic: string) => void;
  /** Those with batches that are not settled. */
  readonly #active = new Set<PartitionQueue>();
  /** Of them those with batches that wait, in the order of their turns. */
  readonly #waiting = new Set<PartitionQueue>();
  #sizeUnderWay = 0;
  /** Counts the connections lost: answers of an earlier one come too late. */
  #lossesCount = 0;
  #shared: Promise<Identity> | undefined;
  #isPumpDue = false;
  #cancelPump: () => void = () => undefined;

  constructor(
    context: Context,
    settings: ProducerSettings,
    onSettled: (queue: PartitionQueue, settled: readonly Settled<OpenBatch>[]) => void,
    onUnknownTopic: (topic: string) => void,
  ) {
    this.#context = context;
    this.#settings = settings;
    this.#onSettled = onSettled;
    this.#onUnknownTopic = onUnknownTopic;
  }

  /** Something may be sent now: looked at once, when the present turn of the event loop ends. */
  ready(queue?: PartitionQueue): void {
    if (queue !== undefined) this.#note(queue);
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    queueMicrotask(() => {
      this.#isPumpDue = false;
      this.#pump();
    });
  }

  lost(): void {
    this.#lossesCount++;
    this.#sizeUnderWay = 0;
    for (const queue of [...this.#active]) {
      queue.isAskingForIdentity = false;
      this.#onSettled(queue, queue.sender.lost());
      this.#note(queue);
    }
  }

  expire(now: number): void {
    for (const queue of [...this.#active]) {
      this.#onSettled(queue, queue.sender.expire(now));
      this.#note(queue);
    }
    this.ready();
  }

  end(error: MillraceError): void {
    this.#cancelPump();
    for (const queue of [...this.#active]) this.#onSettled(queue, queue.sender.end(error));
    this.#active.clear();
    this.#waiting.clear();
  }

  #pump(): void {
    for (;;) {
      const limits = this.#context.connection.welcome?.limits;
      if (this.#context.connection.welcome === undefined || this.#isAtLimit(limits)) return;
      const sent = this.#gather(limits);
      if (sent.length === 0) return;
      this.#send(sent);
    }
  }

  #isAtLimit(limits: Limits | null | undefined): boolean {
    const requestsMax = Math.max(1, (limits?.requestsMax || 64) - requestsReserved);
    const sizeMax = limits?.produceSizeInFlightMax || Number.POSITIVE_INFINITY;
    return this.#context.connection.requestsCount >= requestsMax || (this.#sizeUnderWay > 0 && this.#sizeUnderWay >= sizeMax);
  }

  #gather(limits: Limits | null | undefined): Sent[] {
    const now = this.#context.clock.monotonicMs();
    const inFlightMax = limits?.produceSizeInFlightMax || Number.POSITIVE_INFINITY;
    const room = Math.min(requestSizeMax, limits?.messageSizeMax || requestSizeMax, inFlightMax - this.#sizeUnderWay);
    // A batch alone may be larger than what several may take together, but not than what may be under way beside others.
    const aloneRoom = this.#sizeUnderWay === 0 ? Number.POSITIVE_INFINITY : inFlightMax - this.#sizeUnderWay;
    const sent: Sent[] = [];
    let size = requestOverhead;
    let notBefore = Number.POSITIVE_INFINITY;
    for (const queue of this.#waiting) {
      const { sender } = queue;
      if (sender.needsIdentity) this.#askForIdentity(queue);
      if (sender.notBefore > now) notBefore = Math.min(notBefore, sender.notBefore);
      const next = sender.next(now)?.bytes;
      if (next === undefined) continue;
      const added = next.length + entryOverhead + queue.topic.length * 3;
      if (size + added > (sent.length > 0 ? room : aloneRoom)) break;
      const entry = sender.take(now);
      if (entry === undefined) continue;
      const bytes = queue.bytesOf(entry);
      size += added;
      sent.push({ queue, entry, bytes });
    }
    // Whoever was taken from goes to the end, so that no partition waits for another one.
    for (const { queue } of sent) {
      this.#waiting.delete(queue);
      this.#note(queue);
    }
    if (sent.length === 0 && notBefore < Number.POSITIVE_INFINITY) this.#pumpAt(notBefore - now);
    return sent;
  }

  #note(queue: PartitionQueue): void {
    const { isEmpty, waitingCount } = queue.sender;
    if (isEmpty) this.#active.delete(queue);
    else this.#active.add(queue);
    if (waitingCount === 0) this.#waiting.delete(queue);
    else this.#waiting.add(queue);
  }

  #pumpAt(delayMs: number): void {
    this.#cancelPump();
    this.#cancelPump = this.#context.clock.after(delayMs, () => this.#pump());
  }

  #send(sent: readonly Sent[]): void {
    const lossesCount = this.#lossesCount;
    const size = sent.reduce(
      (sum, { bytes, queue }) => sum + bytes.length + entryOverhead + queue.topic.length * 3,
      requestOverhead,
    );
    this.#sizeUnderWay += size;
    const produce = {
      acks: acks[this.#settings.acks],
      timeoutMs: this.#settings.requestTimeoutMs,
      durabilityMin: durabilities[this.#settings.durabilityMin],
      entries: sent.map(({ queue: { topic, partition }, bytes }) => ({ topic, partition, batch: bytes })),
    };
    const onAnswer = (act: () => void) => {
      // What a lost connection had under way was handed back when it was lost.
      if (this.#lossesCount !== lossesCount) return;
      this.#sizeUnderWay -= size;
      act();
      this.ready();
    };
    this.#context.connection.ask({ produce }, 'produce', this.#settings.requestTimeoutMs * 2).then(
      (reply) => onAnswer(() => this.#answered(sent, reply)),
      (error: unknown) => onAnswer(() => this.#failed(sent, error)),
    );
  }

  #answered(sent: readonly Sent[], { results }: ProduceReply): void {
    if (results.length !== sent.length) {
      this.#context.connection.reset(`an answer about ${results.length} batches to a request of ${sent.length}`);
      return;
    }
    for (const [index, one] of sent.entries()) {
      const result = results[index];
      if (result !== undefined) this.#judge(one, outcomeOf(result));
    }
  }

  #failed(sent: readonly Sent[], error: unknown): void {
    if (error instanceof MillraceError && lossCodes.has(error.code)) return;
    if (error instanceof ProtocolError || (error instanceof MillraceError && error.code === 'timed-out')) {
      // Whether it was stored is found out on a new connection.
      this.#context.connection.reset(error.message);
      return;
    }
    const known = error instanceof MillraceError ? error : new MillraceError('unknown-error', String(error));
    for (const one of sent) this.#judge(one, outcomeOfError(known));
  }

  #judge({ queue, entry }: Sent, outcome: Outcome): void {
    const { clock, chance, retryBackoff, observe } = this.#context;
    let retryAt = 0;
    if (outcome.kind === 'stored') queue.attempts = 0;
    else {
      const delay = Math.max(backoffMs(retryBackoff, queue.attempts++, chance), outcome.error.retryAfterMs);
      retryAt = outcome.kind === 'again' ? clock.monotonicMs() + delay : 0;
      observe('producer.retry', { topic: queue.topic, partition: queue.partition, reason: outcome.error.code });
      if (refreshCodes.has(outcome.error.code)) this.#onUnknownTopic(queue.topic);
    }
    this.#onSettled(queue, queue.sender.answer(entry, outcome, retryAt));
    this.#note(queue);
  }

  #askForIdentity(queue: PartitionQueue): void {
    if (queue.isAskingForIdentity) return;
    queue.isAskingForIdentity = true;
    this.#identityFor(queue)
      .then((identity) => {
        queue.isAskingForIdentity = false;
        if (!queue.sender.needsIdentity) return;
        queue.hasHadIdentity = true;
        queue.sender.setIdentity(identity);
        this.ready(queue);
      })
      .catch(() => {
        queue.isAskingForIdentity = false;
        this.#pumpAt(backoffMs(this.#context.retryBackoff, 3, this.#context.chance));
      });
  }

  /** Partitions share one, as sequences are counted in each; what lost it needs another one. */
  #identityFor(queue: PartitionQueue): Promise<Identity> {
    if (queue.hasHadIdentity) return this.#allocate();
    if (this.#shared === undefined) {
      const shared = this.#allocate();
      this.#shared = shared;
      shared.catch(() => {
        if (this.#shared === shared) this.#shared = undefined;
      });
    }
    return this.#shared;
  }

  async #allocate(): Promise<Identity> {
    const { connection } = this.#context;
    const reply = await connection.ask({ allocateProducer: {} }, 'allocateProducer', this.#settings.requestTimeoutMs);
    // Field by field: a decoded message has its zeros from the prototype, and the first producer of a cluster is number 0.
    return { producerId: reply.producerId, producerEpoch: reply.producerEpoch };
  }
}

const refreshCodes: ReadonlySet<string> = new Set(['unknown-topic', 'unknown-partition', 'not-leader', 'stale-topic-id']);
