import type { Batches, Failure, PartitionEnds } from '../../model/ports.js';
import { failed, type Result } from '../../model/result.js';
import type { Deadlines } from '../deadlines.js';
import type { Routing, Served } from '../routing.js';
import type { Tails } from '../tails.js';
import { Feed, type FeedPorts } from './feed.js';
import type { Flow, Outflow } from './outflow.js';
import type { SubscriberEvent, SubscriptionsPorts } from './ports.js';
import { type Subscribed, type SubscribeRequest, Subscription } from './subscription.js';
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

/** Those of one connection. */
export class ConnectionSubscriptions {
  readonly #all: Subscriptions;
  readonly #flow: Flow;
  readonly #tell: (event: SubscriberEvent) => void;
  // Most connections that only produce never have one.
  #own: Map<number, Subscription> | undefined;
  #partitions = 0;

  constructor(all: Subscriptions, flow: Flow, tell: (event: SubscriberEvent) => void) {
    this.#all = all;
    this.#flow = flow;
    this.#tell = tell;
  }

  get count(): number {
    return this.#own?.size ?? 0;
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
    const subscription = new Subscription(request, topic, {
      flow: this.#flow,
      routing: this.#all.routing,
      ports: this.#all,
      creditMax: this.#all.limits.creditMax,
      tell: this.#tell,
      onOver: (over) => this.#forget(over),
    });
    this.#own ??= new Map();
    this.#own.set(request.id, subscription);
    this.#all.add(subscription);
    subscription.begin(request, topic, done);
  }

  nameOf(id: number): string | undefined {
    return this.#own?.get(id)?.name;
  }

  /** False: there is none of this id. */
  unsubscribe(id: number): boolean {
    const subscription = this.#own?.get(id);
    if (subscription === undefined) return false;
    subscription.end();
    this.#forget(subscription);
    return true;
  }

  /** For one that is over the credit comes too late, and means nothing. */
  addCredit(id: number, size: number): void {
    this.#own?.get(id)?.addCredit(size);
  }

  /** The socket takes bytes again. */
  onWritable(): void {
    for (const subscription of this.#own?.values() ?? []) subscription.advance();
  }

  close(): void {
    for (const subscription of [...(this.#own?.values() ?? [])]) {
      subscription.end();
      this.#forget(subscription);
    }
  }

  #forget(subscription: Subscription): void {
    this.#own?.delete(subscription.id);
    this.#all.remove(subscription);
  }

  #refusal(request: SubscribeRequest, partitions: number): Failure | undefined {
    const own = [...(this.#own?.values() ?? [])];
    const { subscriptionsMax, partitionsMax } = this.#all.limits;
    if (request.id === 0) return { error: 'invalid-request', message: 'a subscription id is above 0' };
    if (this.#own?.has(request.id) === true) return { error: 'invalid-request', message: `subscription ${request.id} exists` };
    this.#partitions = own.reduce((sum, { readers }) => sum + readers.size, 0);
    if (own.length >= subscriptionsMax || this.#partitions + partitions > partitionsMax) return { error: 'limit-exceeded' };
    const wanted = new Set(request.partitions.map(({ partition }) => partition));
    const overlaps = own.some(
      ({ name, readers }) =>
        name === request.topic && (wanted.size === 0 || [...readers.keys()].some((each) => wanted.has(each))),
    );
    return overlaps ? { error: 'invalid-request', message: 'this connection has a subscription of such a partition' } : undefined;
  }
}
