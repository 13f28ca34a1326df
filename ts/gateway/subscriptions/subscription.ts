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

/** The connection of some subscriptions, as they see it. */
export interface SubscriptionOwner {
  readonly flow: Flow;
  readonly routing: Routing;
  readonly ports: SubscriptionsPorts;
  readonly creditMax: number;
  tell(event: SubscriberEvent): void;
  /** It is over by itself. */
  onOver(subscription: Subscription): void;
}

/** A subscription of one connection: its credit, and a reader for each partition. */
export class Subscription implements ReaderOwner {
  readonly id: number;
  readonly name: string;
  credit: number;
  isStarted = false;
  hasStarved = false;
  readonly #owner: SubscriptionOwner;
  readonly #includesNew: boolean;
  // One, mostly: and what looks for a partition in it happens seldom.
  #readers: Reader[] = [];
  #topicId: TopicId;
  #starting = 0;
  #early: { readonly reader: Reader; readonly divergence: Divergence }[] | undefined;
  #added: Set<Reader> | undefined;
  #done: ((result: Result<Subscribed, Failure>) => void) | undefined;

  constructor(request: SubscribeRequest, topic: TopicRoute, owner: SubscriptionOwner) {
    this.id = request.id;
    this.name = topic.name;
    this.credit = Math.min(request.credit, owner.creditMax);
    this.#owner = owner;
    this.#topicId = topic.topicId;
    this.#includesNew = request.includesNew && request.partitions.length === 0;
  }

  get topicId(): TopicId {
    return this.#topicId;
  }

  get flow(): Flow {
    return this.#owner.flow;
  }

  get readers(): readonly Reader[] {
    return this.#readers;
  }

  get isSingle(): boolean {
    return this.#readers.length === 1;
  }

  /** `done` is called once, maybe before this returns: when every partition knows where it begins, or one cannot. */
  begin(request: SubscribeRequest, topic: TopicRoute, done: (result: Result<Subscribed, Failure>) => void): void {
    this.#done = done;
    const all = topic.partitions.map(({ partition }) => ({ partition, start: undefined }));
    const wanted = request.partitions.length === 0 ? all : request.partitions;
    if (new Set(wanted.map(({ partition }) => partition)).size < wanted.length) {
      this.#failStart({ error: 'invalid-request', message: 'a partition is named twice' });
      return;
    }
    for (const { partition, start } of wanted) {
      const failure = this.#open(topic, partition, start ?? request.start);
      if (failure !== undefined) {
        this.#failStart(failure);
        return;
      }
    }
    this.#starting = this.#readers.length;
    if (this.#starting === 0) {
      this.#failStart({ error: 'unknown-partition' });
      return;
    }
    for (const reader of [...this.#readers]) reader.onOpened();
  }

  addCredit(size: number): void {
    this.credit = Math.min(this.credit + size, this.#owner.creditMax);
    this.advance();
  }

  onCreditReturned(): void {
    if (this.hasStarved && this.credit > 0) this.advance();
  }

  advance(): void {
    this.hasStarved = false;
    for (const reader of [...this.#readers]) reader.advance();
  }

  /** One that has not begun yet is answered now: its request is owed an answer. */
  end(): void {
    const done = this.#done;
    this.#done = undefined;
    const readers = this.#readers;
    this.#readers = [];
    for (const reader of readers) reader.end();
    done?.(failed({ error: 'invalid-request', message: 'it was ended before it began' }));
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
    if (divergence !== undefined) {
      this.#early ??= [];
      this.#early.push({ reader, divergence });
    }
    this.#starting -= 1;
    if (this.#starting === 0) this.#start();
  }

  onFailed(reader: Reader, failure: Failure, wasStarting: boolean): void {
    if (!this.isStarted && wasStarting) {
      this.#failStart(failure);
      return;
    }
    this.#readers = this.#readers.filter((each) => each !== reader);
    this.#tell(reader.partition, { kind: 'failed', failure });
  }

  tell(reader: Reader, divergence: Divergence): void {
    this.#tell(reader.partition, divergence);
  }

  /** The cluster's view has changed, and this topic with it. */
  onTopicChanged(): void {
    const topic = this.#owner.routing.topic(this.name);
    if (topic === undefined) {
      this.#onDeleted();
      return;
    }
    if (topic.topicId !== this.#topicId) {
      this.#onRecreated(topic);
      return;
    }
    for (const reader of [...this.#readers]) this.#reroute(reader, topic);
    if (this.#includesNew && this.isStarted) this.#addNew(topic);
  }

  #start(): void {
    const done = this.#done;
    this.#done = undefined;
    this.isStarted = true;
    const partitions = this.#readers.map((reader) => {
      const { logStart, highWatermark } = reader.feed.ends as PartitionEnds;
      return { partition: reader.partition, offset: reader.next, logStart, highWatermark };
    });
    done?.(ok({ topicId: this.#topicId, partitions }));
    for (const { reader, divergence } of this.#early ?? []) this.#tell(reader.partition, divergence);
    this.#early = undefined;
    this.advance();
  }

  #failStart(failure: Failure): void {
    const done = this.#done;
    this.#done = undefined;
    this.end();
    this.#owner.onOver(this);
    done?.(failed(failure));
  }

  #open(topic: TopicRoute, partition: number, start: Start): Failure | undefined {
    const found = this.#owner.routing.in(topic, partition);
    if (!found.ok) return found.error;
    const feed = this.#owner.ports.acquire(found.value);
    this.#readers.push(new Reader(this, feed, start, this.#owner.ports));
    return undefined;
  }

  #addNew(topic: TopicRoute): void {
    const known = new Set(this.#readers.map(({ partition }) => partition));
    const alone = this.isSingle ? this.#readers[0] : undefined;
    for (const { partition } of topic.partitions) {
      if (known.has(partition) || this.#open(topic, partition, { at: 'beginning' }) !== undefined) continue;
      const reader = this.#readers.at(-1) as Reader;
      this.#added ??= new Set();
      this.#added.add(reader);
      reader.onOpened();
    }
    if (!this.isSingle) alone?.giveBack();
  }

  #reroute(reader: Reader, topic: TopicRoute): void {
    const found = this.#owner.routing.in(topic, reader.partition);
    if (!found.ok) {
      reader.fail(found.error);
      return;
    }
    const { route } = reader.feed.served;
    if (found.value.route.shard === route.shard && found.value.route.handle === route.handle) return;
    reader.reroute(this.#owner.ports.acquire(found.value));
  }

  #onDeleted(): void {
    if (!this.isStarted) {
      this.#failStart({ error: 'unknown-topic' });
      return;
    }
    this.#tell(0, { kind: 'deleted' });
    this.end();
    this.#owner.onOver(this);
  }

  /** Deleted and created again, seen at once: the readers begin anew, and say so when they know where. */
  #onRecreated(topic: TopicRoute): void {
    if (!this.isStarted) {
      this.#failStart({ error: 'stale-topic-id' });
      return;
    }
    this.#renewing = { from: this.#topicId, readers: new Set(this.#readers) };
    for (const reader of [...this.#readers]) {
      const found = this.#owner.routing.in(topic, reader.partition);
      if (!found.ok) reader.fail(found.error);
      else reader.restart(this.#owner.ports.acquire(found.value));
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
    const reader = this.#readers.find((each) => each.partition === partition);
    const topicId = reader === undefined ? this.#topicId : this.#topicIdOf(reader);
    this.#owner.tell({ subscriptionId: this.id, topicId, partition, what });
  }
}
