import type { Batches, Failure, PartitionEnds } from '../../model/ports.js';
import { failed, type Result } from '../../model/result.js';
import type { Deadlines } from '../deadlines.js';
import type { Routing, Served } from '../routing.js';
import type { Tails } from '../tails.js';
import { Feed, type FeedPorts } from './feed.js';
import type { Flow, Outflow } from './outflow.js';
import type { SubscriberEvent, SubscriptionsPorts } from './ports.js';
import { type Subscribed, type SubscribeRequest, Subscription, type SubscriptionOwner } from './subscription.js';
import { Turns } from './turns.js';

export interface SubscriptionLimits {
  /** Of one connection. */
  readonly subscriptionsMax: number;
  /** In all subscriptions of one connection. */
  readonly partitionsMax: number;
  readonly creditMax: number;
  readonly readsMax: number;
}

export interface SubscriptionsOptions {
  readonly routing: Routing;
  readonly tails: Tails;
  readonly outflow: Outflow;
  readonly deadlines: Deadlines;
  readonly feeds: FeedPorts;
  readonly limits: SubscriptionLimits;
  readonly countCaughtUp: (size: number) => void;
}

/** All subscriptions of this gateway, and the feeds behind them. */
export class Subscriptions implements SubscriptionsPorts {
  readonly routing: Routing;
  readonly outflow: Outflow;
  readonly turns: Turns;
  readonly deadlines: Deadlines;
  readonly limits: SubscriptionLimits;
  readonly #options: SubscriptionsOptions;
  readonly #feeds = new Map<string, Feed>();
  readonly #byTopic = new Map<string, Set<Subscription>>();
  #channels = 0;
  #count = 0;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
    this.routing = options.routing;
    this.outflow = options.outflow;
    this.deadlines = options.deadlines;
    this.limits = options.limits;
    this.turns = new Turns(options.outflow, options.limits.readsMax);
  }

  get count(): number {
    return this.#count;
  }

  get feeds(): Iterable<Feed> {
    return this.#feeds.values();
  }

  get frameSizeMax(): number {
    return this.#options.feeds.frameSizeMax;
  }

  frame(served: Served, batches: Batches, ends: PartitionEnds): Uint8Array {
    return this.#options.feeds.frame(served, batches, ends);
  }

  countCaughtUp(size: number): void {
    this.#options.countCaughtUp(size);
  }

  acquire(served: Served): Feed {
    const key = keyOf(served);
    const known = this.#feeds.get(key);
    if (known !== undefined) return known;
    // Never used again, so that nothing published on it meets a follower of another feed.
    const feed = new Feed(served, `f${++this.#channels}`, this.#options.feeds);
    this.#feeds.set(key, feed);
    this.#options.tails.follow(served, feed);
    return feed;
  }

  release(feed: Feed): void {
    if (feed.membersCount > 0 || feed.isOver) return;
    feed.isOver = true;
    this.#feeds.delete(keyOf(feed.served));
    this.#options.tails.unfollow(feed.served, feed);
  }

  /** Called by the cluster's watch: some topics came, changed or went. */
  onTopicsChanged(names: Iterable<string>): void {
    for (const name of new Set(names)) {
      for (const subscription of [...(this.#byTopic.get(name) ?? [])]) subscription.onTopicChanged();
    }
  }

  add(subscription: Subscription): void {
    const same = this.#byTopic.get(subscription.name);
    if (same === undefined) this.#byTopic.set(subscription.name, new Set([subscription]));
    else same.add(subscription);
    this.#count += 1;
  }

  remove(subscription: Subscription): void {
    const same = this.#byTopic.get(subscription.name);
    if (same?.delete(subscription) !== true) return;
    this.#count -= 1;
    if (same.size === 0) this.#byTopic.delete(subscription.name);
  }
}

function keyOf({ topic, route }: Served): string {
  return `${topic.topicId}/${route.shard}/${route.handle}`;
}

/** Who hears of what happens to the subscriptions of a connection. */
export interface Subscriber {
  onEvent(event: SubscriberEvent): void;
}

const none: readonly Subscription[] = [];

/** Those of one connection. */
export class ConnectionSubscriptions implements SubscriptionOwner {
  readonly flow: Flow;
  readonly #all: Subscriptions;
  readonly #subscriber: Subscriber;
  // One, mostly, and never many.
  #own = none;

  constructor(all: Subscriptions, flow: Flow, subscriber: Subscriber) {
    this.flow = flow;
    this.#all = all;
    this.#subscriber = subscriber;
  }

  get routing(): Routing {
    return this.#all.routing;
  }

  get ports(): SubscriptionsPorts {
    return this.#all;
  }

  get creditMax(): number {
    return this.#all.limits.creditMax;
  }

  tell(event: SubscriberEvent): void {
    this.#subscriber.onEvent(event);
  }

  onOver(subscription: Subscription): void {
    this.#forget(subscription);
  }

  subscribe(request: SubscribeRequest, done: (result: Result<Subscribed, Failure>) => void): void {
    const topic = this.#all.routing.topic(request.topic);
    if (topic === undefined) {
      done(failed({ error: 'unknown-topic' }));
      return;
    }
    const refusal = this.#refusal(request, request.partitions.length || topic.partitions.length);
    if (refusal !== undefined) {
      done(failed(refusal));
      return;
    }
    const subscription = new Subscription(request, topic, this);
    this.#own = [...this.#own, subscription];
    this.#all.add(subscription);
    subscription.begin(request, topic, done);
  }

  nameOf(id: number): string | undefined {
    return this.#find(id)?.name;
  }

  /** False: there is none of this id. */
  unsubscribe(id: number): boolean {
    const subscription = this.#find(id);
    if (subscription === undefined) return false;
    subscription.end();
    this.#forget(subscription);
    return true;
  }

  /** For one that is over the credit comes too late, and means nothing. */
  addCredit(id: number, size: number): void {
    this.#find(id)?.addCredit(size);
  }

  /** The socket takes bytes again. */
  onWritable(): void {
    for (const subscription of this.#own) subscription.advance();
  }

  close(): void {
    for (const subscription of this.#own) {
      subscription.end();
      this.#forget(subscription);
    }
  }

  #find(id: number): Subscription | undefined {
    return this.#own.find((each) => each.id === id);
  }

  #forget(subscription: Subscription): void {
    this.#own = this.#own.filter((each) => each !== subscription);
    this.#all.remove(subscription);
  }

  #refusal(request: SubscribeRequest, partitions: number): Failure | undefined {
    const own = this.#own;
    const { subscriptionsMax, partitionsMax } = this.#all.limits;
    if (request.id === 0) return { error: 'invalid-request', message: 'a subscription id is above 0' };
    if (this.#find(request.id) !== undefined) return { error: 'invalid-request', message: `subscription ${request.id} exists` };
    const held = own.reduce((sum, { readers }) => sum + readers.length, 0);
    if (own.length >= subscriptionsMax || held + partitions > partitionsMax) return { error: 'limit-exceeded' };
    const wanted = new Set(request.partitions.map(({ partition }) => partition));
    const overlaps = own.some(
      ({ name, readers }) =>
        name === request.topic && (wanted.size === 0 || readers.some(({ partition }) => wanted.has(partition))),
    );
    return overlaps ? { error: 'invalid-request', message: 'this connection has a subscription of such a partition' } : undefined;
  }
}
