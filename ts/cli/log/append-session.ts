import { ok, type Result } from '../../model/result.js';
import type { Failure } from '../../native/failure.js';
import type { Ack, DataDirectory, LogClock, StoreCounters, Topic } from '../../native/log.js';
import { watchEvent } from '../../native/wakeup.js';
import { Wakeup } from '../../ring/wakeup.js';
import type { AckLines } from './ack-lines.js';
import { type FeedOwner, ShardFeed, type Stop } from './shard-feed.js';

export interface SessionOptions {
  readonly topic: Topic;
  /** Batches go round robin over this many. */
  readonly partitions: number;
  readonly shards: number;
  readonly ringCapacity: number;
  readonly clock: LogClock;
  readonly acks: AckLines;
  /** Called once if appending can't go on. */
  readonly onStop: () => void;
}

interface Target {
  readonly feed: ShardFeed;
  readonly handle: number;
}

/**
 * Appends batches to one topic, with all shards on this thread: what is appended goes into rings, a turn of all stores follows
 * behind the event loop, and completions wake the next one.
 *
 * Ends when: `close` or `release`.
 */
export class AppendSession implements FeedOwner {
  readonly #options: SessionOptions;
  readonly #feeds: ShardFeed[] = [];
  readonly #targets: Target[] = [];
  readonly #wakeup = new Wakeup(() => this.#turn());
  readonly #watches: { close(): void }[] = [];
  #targetNext = 0;
  #timer: NodeJS.Timeout | undefined;
  #afterTurn: (() => void)[] = [];
  #stop: Stop | undefined;

  private constructor(options: SessionOptions) {
    this.#options = options;
  }

  static open(directory: DataDirectory, options: SessionOptions): Result<AppendSession, Failure> {
    const session = new AppendSession(options);
    const opened = session.#open(directory);
    if (opened.ok) return ok(session);
    session.release();
    return opened;
  }

  #open(directory: DataDirectory): Result<void, Failure> {
    const { shards, partitions, topic, ...rest } = this.#options;
    for (let shard = 0; shard < shards; shard++) {
      const feed = ShardFeed.open(directory, shard, { ...rest, owner: this });
      if (!feed.ok) return feed;
      this.#feeds.push(feed.value);
    }
    for (let index = 0; index < partitions; index++) {
      const target = this.#targetOf(directory, topic, index);
      if (!target.ok) return target;
      this.#targets.push(target.value);
    }
    for (const { store } of this.#feeds) {
      this.#watches.push(watchEvent(store.wakeupDescriptor(), () => this.#wakeup.wake()));
    }
    // What was asked for so far, such as new partitions, goes out with a turn, also if no line ever comes.
    this.#wakeup.wakeLater();
    return ok(undefined);
  }

  #targetOf(directory: DataDirectory, topic: Topic, index: number): Result<Target, Failure> {
    const shard = directory.shardOf(topic.id, index);
    if (!shard.ok) return shard;
    const feed = this.#feeds[shard.value] as ShardFeed;
    // Without a broker the directory's start count is the leader epoch (DURABILITY.md rule 15).
    const handle = feed.addPartition(topic, index, directory.report.incarnation);
    return handle.ok ? ok({ feed, handle: handle.value }) : handle;
  }

  /** Set when appending can't go on. */
  get stop(): Stop | undefined {
    return this.#stop;
  }

  /** The lines become one batch of the next partition; resolves as soon as there is room for it, or after a stop. */
  append(lines: readonly Uint8Array[]): Promise<void> | undefined {
    const { feed, handle } = this.#targets[this.#targetNext] as Target;
    this.#targetNext = (this.#targetNext + 1) % this.#targets.length;
    const plan = feed.plan(lines);
    const isTaken = feed.offer(handle, plan);
    this.#wakeup.wakeLater();
    return isTaken ? undefined : this.#offerUntilTaken(() => feed.offer(handle, plan));
  }

  async #offerUntilTaken(offer: () => boolean): Promise<void> {
    do {
      await this.#turned();
    } while (this.#stop === undefined && !offer());
    this.#wakeup.wakeLater();
  }

  /** Resolves when everything that was appended is acknowledged, or after a stop. */
  async drain(): Promise<void> {
    while (this.#stop === undefined && this.#feeds.some(({ pending }) => pending > 0)) await this.#turned();
  }

  /** Resolves behind the next turn: one is scheduled, or comes with a completion or a deadline. */
  #turned(): Promise<void> {
    return new Promise((resolve) => this.#afterTurn.push(resolve));
  }

  #turn(): boolean {
    let hasMore = false;
    for (const feed of this.#feeds) hasMore = feed.turn() || hasMore;
    this.#options.acks.write();
    this.#comeBackInTime();
    const waiting = this.#afterTurn;
    this.#afterTurn = [];
    for (const resolve of waiting) resolve();
    return hasMore;
  }

  #comeBackInTime(): void {
    const deadlines = this.#feeds.map(({ store }) => store.deadlineMs).filter((deadline) => deadline !== undefined);
    clearTimeout(this.#timer);
    if (deadlines.length === 0) return;
    const delayMs = Math.max(0, Math.min(...deadlines) - this.#options.clock.monotonicMs());
    this.#timer = setTimeout(() => this.#wakeup.wake(), Math.ceil(delayMs));
  }

  acked(partition: number, ack: Ack): void {
    this.#options.acks.add(partition, ack);
  }

  stopped(stop: Stop): void {
    if (this.#stop !== undefined) return;
    this.#stop = stop;
    this.#options.onStop();
  }

  counters(): readonly StoreCounters[] {
    return this.#feeds.map(({ store }) => store.counters());
  }

  /** Checkpoints all shards, so that the next start has nothing to replay; blocks meanwhile. */
  close(): Failure | undefined {
    const failures = this.#feeds.map((feed) => feed.close());
    this.#options.acks.write();
    this.release();
    return failures.find((failure) => failure !== undefined);
  }

  release(): void {
    this.#wakeup.stop();
    clearTimeout(this.#timer);
    for (const watch of this.#watches) watch.close();
    for (const { store } of this.#feeds) store.release();
  }
}
