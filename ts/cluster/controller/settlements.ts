import type { Failure } from '../../model/errors.js';
import type { TopicId } from '../../model/ids.js';

interface Waiter {
  readonly about: TopicId | undefined;
  readonly done: (failure: Failure | undefined) => void;
}

/** What follows a committed change on this node: shards act on it, gateways route by it, then whoever asked is told. */
interface Settlement {
  readonly number: number;
  readonly touched: ReadonlySet<TopicId>;
  readonly shardsLeft: Set<number>;
  /** Of the view that gateways have to have; undefined while shards are at it. */
  version: number | undefined;
  /** Topics that some shard could not take. */
  readonly failures: Map<TopicId, Failure>;
  readonly waiters: Waiter[];
}

export interface SettlementEvents {
  /** All shards are done: the version of the view that tells of it. */
  publish(touched: ReadonlySet<TopicId>): number;
}

/** Changes on their way through shards and gateways. They may end in any order. */
export class Settlements {
  readonly #events: SettlementEvents;
  readonly #open = new Map<number, Settlement>();
  #lastNumber = 0;
  #versionSeen = 0;

  constructor(events: SettlementEvents) {
    this.#events = events;
  }

  get count(): number {
    return this.#open.size;
  }

  /** Its number, by which shards answer. */
  begin(touched: ReadonlySet<TopicId>, shards: Iterable<number>): number {
    this.#lastNumber += 1;
    const number = this.#lastNumber;
    this.#open.set(number, {
      number,
      touched,
      shardsLeft: new Set(shards),
      version: undefined,
      failures: new Map(),
      waiters: [],
    });
    return number;
  }

  /** Calls back once everybody is done with a change; `about`: the topic whose failures count. */
  wait(number: number, about: TopicId | undefined, done: (failure: Failure | undefined) => void): void {
    const settlement = this.#open.get(number);
    if (settlement === undefined) done(undefined);
    else settlement.waiters.push({ about, done });
  }

  shardDone(number: number, shard: number, failures: Iterable<readonly [TopicId, Failure]>): void {
    const settlement = this.#open.get(number);
    if (settlement === undefined || !settlement.shardsLeft.delete(shard)) return;
    for (const [topicId, failure] of failures) settlement.failures.set(topicId, failure);
    this.advance(number);
  }

  /** To the gateways, if no shard is left; to the end, if no gateway is. */
  advance(number: number): void {
    const settlement = this.#open.get(number);
    if (settlement === undefined || settlement.shardsLeft.size > 0) return;
    settlement.version ??= this.#events.publish(settlement.touched);
    if (settlement.version > this.#versionSeen) return;
    this.#open.delete(number);
    for (const { about, done } of settlement.waiters.splice(0)) {
      done(about === undefined ? undefined : settlement.failures.get(about));
    }
  }

  /** Every gateway routes by this version. */
  viewed(version: number): void {
    this.#versionSeen = Math.max(this.#versionSeen, version);
    for (const { number, version: own } of [...this.#open.values()]) {
      if (own !== undefined) this.advance(number);
    }
  }

  /** Nobody will be done any more. */
  refuseAll(failure: Failure): void {
    const waiters = [...this.#open.values()].flatMap((settlement) => settlement.waiters.splice(0));
    this.#open.clear();
    for (const { done } of waiters) done(failure);
  }
}
