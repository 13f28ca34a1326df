import { type ErrorName, errors } from '../../ts/model/errors.js';
import { topicIdOf } from '../../ts/model/ids.js';
import { durabilities, retries } from '../../ts/wire/proto/enums.js';
import type {
  ClientMessage,
  FetchReply,
  FetchRequest,
  Position,
  ServerMessage,
  StartAt,
  SubscribeRequest,
  SubscriptionEvent,
  Welcome,
} from '../../ts/wire/proto/generated/messages.js';
import { type Draft, decodeClientMessage, encodeServerMessage, pushFrame } from '../../ts/wire/proto/messages.js';
import type { ModelPartition, ModelTopic } from './model-log.js';

/** What a session asks of its server. */
export interface SessionHost {
  readonly topics: ReadonlyMap<string, ModelTopic>;
  welcome(): Draft<Welcome>;
  allocate(): number;
  faultOf(topic: string, partition: number): { readonly error: ErrorName; readonly isStored: boolean } | undefined;
  pushSoon(): void;
  administer(message: ClientMessage): Draft<ServerMessage>;
}

interface Subscribed {
  readonly topicName: string;
  topic: ModelTopic;
  readonly partition: number;
  offset: number;
}

interface Subscription {
  readonly id: number;
  readonly partitions: Subscribed[];
  readonly request: SubscribeRequest;
  credit: number;
}

const pushSizeMax = 4096;

/** One connection to the model: answers in order, pushes as credit allows. */
export class ModelSession {
  readonly #server: SessionHost;
  readonly #send: (bytes: Uint8Array) => void;
  readonly #subscriptions = new Map<number, Subscription>();
  isGreeted = false;

  constructor(server: SessionHost, send: (bytes: Uint8Array) => void) {
    this.#server = server;
    this.#send = send;
  }

  hear(bytes: Uint8Array): void {
    const decoded = decodeClientMessage(bytes);
    if (!decoded.ok) throw new Error(`the client sent what is ${decoded.error}`);
    const message = decoded.value;
    if (!this.isGreeted && message.body !== 'hello') throw new Error(`${message.body} before hello`);
    const reply = this.#answer(message);
    if (reply !== undefined) this.send({ requestId: message.requestId, ...reply });
    this.pushAll();
  }

  send(message: Draft<ServerMessage>): void {
    this.#send(encodeServerMessage(message));
  }

  /** Every subscription that follows the topic learns of its end or its successor. */
  replaced(name: string, topic: ModelTopic | undefined): void {
    for (const subscription of this.#subscriptions.values()) {
      for (const one of subscription.partitions.filter(({ topicName }) => topicName === name)) {
        const about = { subscriptionId: subscription.id, topicId: one.topic.topicIdBytes, partition: one.partition };
        if (topic === undefined) {
          this.send({ event: { ...about, deleted: {} } });
          this.#subscriptions.delete(subscription.id);
          return;
        }
        this.send({ event: { ...about, recreated: { newTopicId: topic.topicIdBytes, offset: 0 } } });
        one.topic = topic;
        one.offset = 0;
      }
    }
    this.pushAll();
  }

  grown(name: string, topic: ModelTopic): void {
    for (const subscription of this.#subscriptions.values()) {
      if (subscription.request.topic !== name || !subscription.request.includeNewPartitions) continue;
      for (let partition = subscription.partitions.length; partition < topic.partitions.length; partition++) {
        subscription.partitions.push({ topicName: name, topic, partition, offset: 0 });
        this.send({ event: { subscriptionId: subscription.id, topicId: topic.topicIdBytes, partition, added: { offset: 0 } } });
      }
    }
  }

  pushAll(): void {
    for (const subscription of this.#subscriptions.values()) {
      for (const one of subscription.partitions) this.#push(subscription, one);
    }
  }

  #push(subscription: Subscription, one: Subscribed): void {
    const partition = one.topic.partitions[one.partition];
    if (partition === undefined) return;
    if (one.offset < partition.logStart) {
      const historyLost = { wantedOffset: one.offset, offset: partition.logStart };
      const about = { subscriptionId: subscription.id, topicId: one.topic.topicIdBytes, partition: one.partition };
      this.send({ event: { ...about, historyLost } });
      one.offset = partition.logStart;
    }
    while (subscription.credit > 0 && one.offset < partition.end) {
      const batches = partition.batches.filter(({ next }) => next > one.offset);
      const [first] = batches;
      if (first === undefined) return;
      const taken = [first];
      let size = first.bytes.length;
      for (const batch of batches.slice(1)) {
        if (size + batch.bytes.length > pushSizeMax) break;
        taken.push(batch);
        size += batch.bytes.length;
      }
      const last = taken.at(-1) ?? first;
      const push = {
        topicId: one.topic.topicIdBytes,
        partition: one.partition,
        baseOffset: first.base,
        nextOffset: last.next,
        leaderEpoch: last.leaderEpoch,
        highWatermark: partition.end,
      };
      this.#send(Uint8Array.from([...pushFrame(push, size), ...taken.flatMap(({ bytes }) => [...bytes])]));
      one.offset = last.next;
      subscription.credit -= size;
    }
  }

  #answer(message: ClientMessage): Draft<ServerMessage> | undefined {
    switch (message.body) {
      case 'hello':
        this.isGreeted = true;
        return { welcome: this.#server.welcome() };
      case 'ping':
        return { pong: {} };
      case 'allocateProducer':
        return { allocateProducer: { producerId: this.#server.allocate(), producerEpoch: 0 } };
      case 'produce':
        return { produce: { results: message.produce.entries.map((entry) => this.#produce(entry)) } };
      case 'subscribe':
        return this.#subscribe(message.subscribe);
      case 'fetch':
        return this.#fetch(message.fetch);
      case 'unsubscribe':
        this.#subscriptions.delete(message.unsubscribe.subscriptionId);
        return { unsubscribe: {} };
      case 'credit': {
        const subscription = this.#subscriptions.get(message.credit.subscriptionId);
        if (subscription !== undefined) subscription.credit += message.credit.size;
        return undefined;
      }
      default:
        return this.#server.administer(message);
    }
  }

  #produce({
    topic,
    partition: number,
    batch,
  }: {
    readonly topic: string;
    readonly partition: number;
    readonly batch: Uint8Array;
  }) {
    const fault = this.#server.faultOf(topic, number);
    if (fault !== undefined && !fault.isStored) return { error: wireError(fault.error) };
    const partition = this.#server.topics.get(topic)?.partitions[number];
    if (partition === undefined) return { error: wireError('unknown-topic') };
    const { error, base, isDuplicate } = partition.append(batch);
    this.#server.pushSoon();
    if (fault !== undefined) return { error: wireError(fault.error) };
    if (error !== undefined) return { error: wireError(error) };
    return { baseOffset: base, leaderEpoch: partition.leaderEpoch, durability: durabilities.fsync, isDuplicate };
  }

  #fetch({ topic: name, partition: number, offset, sizeMax, leaderEpoch, topicId }: FetchRequest): Draft<ServerMessage> {
    const topic = this.#server.topics.get(name);
    const partition = topic?.partitions[number];
    if (topic === undefined || partition === undefined) return { error: wireError('unknown-topic') };
    const { logStart: logStartOffset, end: highWatermark, leaderEpoch: epoch } = partition;
    const ends = { topicId: topic.topicIdBytes, logStartOffset, highWatermark, leaderEpoch: epoch };
    if (topicId.length > 0) {
      const { offset: goOn, event } = resumed({ topicId, offset, leaderEpoch }, topic, partition);
      if (event !== undefined) return { fetch: { ...ends, nextOffset: goOn, ...event } as Draft<FetchReply> };
    }
    if (offset < logStartOffset) {
      return { fetch: { ...ends, nextOffset: logStartOffset, historyLost: { wantedOffset: offset, offset: logStartOffset } } };
    }
    if (offset > highWatermark) return { error: wireError('offset-out-of-range') };
    const taken: Uint8Array[] = [];
    let size = 0;
    let nextOffset = offset;
    for (const { next, bytes } of partition.batches.filter((batch) => batch.next > offset)) {
      if (taken.length > 0 && size + bytes.length > sizeMax) break;
      taken.push(bytes);
      size += bytes.length;
      nextOffset = next;
    }
    return { fetch: { ...ends, nextOffset, batches: Uint8Array.from(taken.flatMap((bytes) => [...bytes])) } };
  }

  #subscribe(request: SubscribeRequest): Draft<ServerMessage> {
    const topic = this.#server.topics.get(request.topic);
    if (topic === undefined) return { error: wireError('unknown-topic') };
    const named = new Map(request.partitions.map((one) => [one.partition, one.start]));
    const isAll = request.includeNewPartitions || named.size === 0;
    const numbers = isAll ? topic.partitions.map((_, number) => number) : [...named.keys()];
    const subscription: Subscription = { id: request.subscriptionId, partitions: [], request, credit: request.credit };
    const events: Draft<ServerMessage>[] = [];
    const others = [...this.#subscriptions.values()].flatMap(({ partitions }) => partitions);
    const isTaken = others.some(({ topicName, partition }) => topicName === request.topic && numbers.includes(partition));
    if (isTaken) return { error: wireError('invalid-request') };
    for (const number of numbers) {
      const partition = topic.partitions[number];
      if (partition === undefined) return { error: wireError('unknown-partition') };
      const start = named.get(number) ?? request.start;
      const { offset, event } = placeOf(start, topic, partition);
      subscription.partitions.push({ topicName: request.topic, topic, partition: number, offset });
      const about = { subscriptionId: request.subscriptionId, topicId: topic.topicIdBytes, partition: number };
      if (event !== undefined) events.push({ event: { ...about, ...event } });
    }
    this.#subscriptions.set(request.subscriptionId, subscription);
    queueMicrotask(() => {
      for (const event of events) this.send(event);
      this.pushAll();
    });
    const partitions = subscription.partitions.map(({ partition, offset }) => ({ partition, offset }));
    // Pushed only behind the events that say where it goes on.
    subscription.credit = 0;
    queueMicrotask(() => {
      subscription.credit = request.credit;
      this.pushAll();
    });
    return { subscribe: { subscriptionId: request.subscriptionId, topicId: topic.topicIdBytes, partitions } };
  }
}

export function wireError(name: ErrorName) {
  const { code, retry, text } = errors[name];
  return { code, text, retry: retries[retry] };
}

interface Place {
  readonly offset: number;
  readonly event?: Draft<SubscriptionEvent>;
}

function placeOf(start: StartAt | null, topic: ModelTopic, partition: ModelPartition): Place {
  switch (start?.where) {
    case 'beginning':
      return { offset: partition.logStart };
    case 'offset':
      return { offset: start.offset };
    case 'timestampMs':
      return { offset: partition.batches.find(({ maxTimestamp }) => maxTimestamp >= start.timestampMs)?.base ?? partition.end };
    case 'position':
      return resumed(start.position, topic, partition);
    default:
      return { offset: partition.end };
  }
}

function resumed({ topicId, offset, leaderEpoch }: Position, topic: ModelTopic, partition: ModelPartition): Place {
  if (topicIdOf(topicId) !== topic.topicId) {
    return { offset: 0, event: { recreated: { newTopicId: topic.topicIdBytes, offset: 0 } } };
  }
  const isCut =
    offset > partition.end || (leaderEpoch !== null && (partition.epochBefore(offset) ?? leaderEpoch) !== leaderEpoch);
  if (!isCut) return { offset };
  const valid = partition.batches.findLast(({ leaderEpoch: epoch, next }) => epoch <= (leaderEpoch ?? 0) && next <= offset)?.next;
  const goOn = valid ?? partition.logStart;
  return { offset: goOn, event: { truncated: { wantedOffset: offset, offset: goOn } } };
}
