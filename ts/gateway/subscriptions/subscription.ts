import type { TopicId } from '../../model/ids.js';
import type { Offset } from '../../model/offset.js';
import type { Failure, PartitionEnds, TopicRoute } from '../../model/ports.js';
import { failed, ok, type Result } from '../../model/result.js';
import type { Routing } from '../routing.js';
import type { Divergence, Start } from '../verbs/start.js';
import type { Flow } from './outflow.js';
import type { SubscriberEvent, SubscriptionsPorts } from './ports.js';
import { Reader, type ReaderOwner } from './reader.js';

export interface SubscribeRequest {
  readonly id: number;
  readonly topic: string;
  /** Empty: all. */
  readonly partitions: readonly { readonly partition: number; readonly start: Start | undefined }[];
  readonly start: Start;
  readonly credit: number;
  readonly includesNew: boolean;
}

export interface Subscribed {
  readonly topicId: TopicId;
  readonly partitions: readonly ({ readonly partition: number; readonly offset: Offset } & PartitionEnds)[];
}

export interface SubscriptionOptions {
  readonly flow: Flow;
  readonly routing: Routing;
  readonly ports: SubscriptionsPorts;
  readonly creditMax: number;
  readonly tell: (event: SubscriberEvent) => void;
  /** Called when it is over by itself. */
  readonly onOver: (subscription: Subscription) => void;
}

/** A subscription of one connection: its credit, and a reader for each partition. */
export class Subscription implements ReaderOwner {
  readonly id: number;
  readonly name: string;
  readonly flow: Flow;
  credit: number;
  isStarted = false;
  hasStarved = false;
  readonly #options: SubscriptionOptions;
  readonly #includesNew: boolean;
  readonly #readers = new Map<number, Reader>();
  #topicId: TopicId;
  #starting = 0;
  #early: { readonly reader: Reader; readonly divergence: Divergence }[] = [];
  #added: Set<Reader> | undefined;
  #done: ((result: Result<Subscribed, Failure>) => void) | undefined;

  constructor(request: SubscribeRequest, topic: TopicRoute, options: SubscriptionOptions) {
    this.id = request.id;
    this.name = topic.name;
    this.flow = options.flow;
    this.credit = Math.min(request.credit, options.creditMax);
    this.#options = options;
    this.#topicId = topic.topicId;
    this.#includesNew = request.includesNew && request.partitions.length === 0;
  }

  get topicId(): TopicId {
    return this.#topicId;
  }

  get readers(): ReadonlyMap<number, Reader> {
    return this.#readers;
  }

  get isSingle(): boolean {
    return this.#readers.size === 1;
  }

  /** `done` is called once, maybe before this returns: when every partition knows where it begins, or one cannot. */
  begin(request: SubscribeRequest, topic: TopicRoute, done: (result: Result<Subscribed, Failure>) => void): void {
    this.#done = done;
    const all = topic.partitions.map(({ partition }) => ({ partition, start: undefined }));
    const wanted = request.partitions.length === 0 ? all : request.partitions;
    for (const { partition, start } of wanted) {
      const failure = this.#open(topic, partition, start ?? request.start);
      if (failure !== undefined) {
        this.#failStart(failure);
        return;
      }
    }
    this.#starting = this.#readers.size;
    if (this.#starting === 0) {
      this.#failStart({ error: 'unknown-partition' });
      return;
    }
    for (const reader of [...this.#readers.values()]) reader.onOpened();
  }

  addCredit(size: number): void {
    this.credit = Math.min(this.credit + size, this.#options.creditMax);
    this.advance();
  }

  onCreditReturned(): void {
    if (this.hasStarved && this.credit > 0) this.advance();
  }

  advance(): void {
    this.hasStarved = false;
    for (const reader of this.#readers.values()) reader.advance();
  }

  end(): void {
    this.#done = undefined;
    for (const reader of this.#readers.values()) reader.end();
    this.#readers.clear();
  }

  // What readers tell.

  onStarted(reader: Reader, divergence: Divergence | undefined): void {
    if (this.isStarted) {
      const isNew = this.#added?.delete(reader) === true;
      if (isNew) this.#tell(reader.partition, { kind: 'added', offset: reader.next });
      else if (divergence !== undefined) this.tell(reader, divergence);
      else if (reader.feed.served.topic.topicId !== this.#topicIdOf(reader)) this.#tellRenewed(reader);
      reader.advance();
      return;
    }
    if (divergence !== undefined) this.#early.push({ reader, divergence });
    this.#starting -= 1;
    if (this.#starting === 0) this.#start();
  }

  onFailed(reader: Reader, failure: Failure, wasStarting: boolean): void {
    if (!this.isStarted && wasStarting) {
      this.#failStart(failure);
      return;
    }
    this.#readers.delete(reader.partition);
    this.#tell(reader.partition, { kind: 'failed', failure });
  }

  tell(reader: Reader, divergence: Divergence): void {
    this.#tell(reader.partition, divergence);
  }

  /** The cluster's view has changed, and this topic with it. */
  onTopicChanged(): void {
    const topic = this.#options.routing.topic(this.name);
    if (topic === undefined) {
      this.#onDeleted();
      return;
    }
    if (topic.topicId !== this.#topicId) {
      this.#onRecreated(topic);
      return;
    }
    for (const reader of [...this.#readers.values()]) this.#reroute(reader, topic);
    if (this.#includesNew && this.isStarted) this.#addNew(topic);
  }

  #start(): void {
    const done = this.#done;
    this.#done = undefined;
    this.isStarted = true;
    const partitions = [...this.#readers.values()].map((reader) => {
      const { logStart, highWatermark } = reader.feed.ends as PartitionEnds;
      return { partition: reader.partition, offset: reader.next, logStart, highWatermark };
    });
    done?.(ok({ topicId: this.#topicId, partitions }));
    for (const { reader, divergence } of this.#early) this.#tell(reader.partition, divergence);
    this.#early = [];
    this.advance();
  }

  #failStart(failure: Failure): void {
    const done = this.#done;
    this.end();
    this.#options.onOver(this);
    done?.(failed(failure));
  }

  #open(topic: TopicRoute, partition: number, start: Start): Failure | undefined {
    if (this.#readers.has(partition)) return { error: 'invalid-request', message: `partition ${partition} is named twice` };
    const found = this.#options.routing.in(topic, partition);
    if (!found.ok) return found.error;
    const feed = this.#options.ports.acquire(found.value);
    this.#readers.set(partition, new Reader(this, feed, start, this.#options.ports));
    return undefined;
  }

  #addNew(topic: TopicRoute): void {
    for (const { partition } of topic.partitions) {
      if (this.#readers.has(partition) || this.#open(topic, partition, { at: 'beginning' }) !== undefined) continue;
      const reader = this.#readers.get(partition) as Reader;
      this.#added ??= new Set();
      this.#added.add(reader);
      reader.onOpened();
    }
  }

  #reroute(reader: Reader, topic: TopicRoute): void {
    const found = this.#options.routing.in(topic, reader.partition);
    if (!found.ok) {
      reader.fail(found.error);
      return;
    }
    const { route } = reader.feed.served;
    if (found.value.route.shard === route.shard && found.value.route.handle === route.handle) return;
    reader.reroute(this.#options.ports.acquire(found.value));
  }

  #onDeleted(): void {
    if (!this.isStarted) {
      this.#failStart({ error: 'unknown-topic' });
      return;
    }
    this.#tell(0, { kind: 'deleted' });
    this.end();
    this.#options.onOver(this);
  }

  /** Deleted and created again, seen at once: the readers begin anew, and say so when they know where. */
  #onRecreated(topic: TopicRoute): void {
    if (!this.isStarted) {
      this.#failStart({ error: 'stale-topic-id' });
      return;
    }
    this.#renewing = { from: this.#topicId, readers: new Set(this.#readers.values()) };
    for (const reader of [...this.#readers.values()]) {
      const found = this.#options.routing.in(topic, reader.partition);
      if (!found.ok) reader.fail(found.error);
      else reader.restart(this.#options.ports.acquire(found.value));
    }
    this.#topicId = topic.topicId;
    if (this.#includesNew) this.#addNew(topic);
  }

  #renewing: { readonly from: TopicId; readonly readers: Set<Reader> } | undefined;

  /** As its client knows it. */
  #topicIdOf(reader: Reader): TopicId {
    return this.#renewing?.readers.has(reader) === true ? this.#renewing.from : this.#topicId;
  }

  #tellRenewed(reader: Reader): void {
    const { topicId } = reader.feed.served.topic;
    this.#tell(reader.partition, { kind: 'renewed', topicId, offset: reader.next });
    this.#renewing?.readers.delete(reader);
  }

  #tell(partition: number, what: SubscriberEvent['what']): void {
    const reader = this.#readers.get(partition);
    const topicId = reader === undefined ? this.#topicId : this.#topicIdOf(reader);
    this.#options.tell({ subscriptionId: this.id, topicId, partition, what });
  }
}
