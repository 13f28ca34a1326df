import { assert } from '../../model/assert.js';
import type { ExitReason } from '../../model/exit-codes.js';
import { ok, type Result } from '../../model/result.js';
import { crc32c } from '../../native/codec.js';
import type { Failure } from '../../native/failure.js';
import {
  type Ack,
  type DataDirectory,
  type LogClock,
  type LogEvents,
  LogStore,
  type Refusal,
  type StoreFailure,
  type Topic,
} from '../../native/log.js';
import { initialiseRing } from '../../native/ring.js';
import { allocateRing, ringBytes } from '../../ring/memory.js';
import { noDoorbell } from '../../ring/wakeup.js';
import { RingWriter, refusal } from '../../ring/writer.js';
import { BatchPlan } from '../../wire/records/build.js';

/** Batches in buffers of their own that are not acknowledged yet: above this, none is added. */
const largeSizeMax = 64 << 20;

/** Why appending ended before the input did. */
export interface Stop {
  readonly reason: ExitReason;
  readonly message: string;
}

/** Whom a feed tells. */
export interface FeedOwner {
  acked(partition: number, ack: Ack): void;
  /** Appending can't go on. */
  stopped(stop: Stop): void;
}

export interface FeedOptions {
  readonly ringCapacity: number;
  readonly clock: LogClock;
  readonly owner: FeedOwner;
}

/**
 * One shard of the log and the ring that leads to it, both on this thread.
 *
 * Lives on: the thread that runs the command. Ends when: `close`, or `release` where the disk failed.
 */
export class ShardFeed implements LogEvents {
  readonly store: LogStore;
  readonly #writer: RingWriter;
  readonly #clock: LogClock;
  readonly #owner: FeedOwner;
  /** Partition numbers by handle. */
  readonly #partitions = new Map<number, number>();
  readonly #handles: ReadonlyMap<string, number>;
  /** Sizes of batches in buffers of their own, by ticket, until they are settled. */
  readonly #large = new Map<number, number>();
  #largeSize = 0;
  #ticket = 0;
  /** Tickets that are not settled yet. */
  #pending = 0;

  private constructor(store: LogStore, writer: RingWriter, { clock, owner }: FeedOptions) {
    this.store = store;
    this.#writer = writer;
    this.#clock = clock;
    this.#owner = owner;
    this.#handles = new Map(store.partitions().map(({ topic, index, handle }) => [`${topic}-${index}`, handle]));
  }

  static open(directory: DataDirectory, shard: number, options: FeedOptions): Result<ShardFeed, Failure> {
    const opened = LogStore.open(directory.id, shard, options.clock);
    if (!opened.ok) return opened;
    const memory = allocateRing(initialiseRing, { capacity: options.ringCapacity });
    const attached = opened.value.attachRing(ringBytes(memory));
    if (attached.ok) return ok(new ShardFeed(opened.value, new RingWriter(memory, noDoorbell), options));
    opened.value.release();
    return attached;
  }

  /** Batches, new partitions and changes of durability under way. */
  get pending(): number {
    return this.#pending;
  }

  /** The handle of a partition: as it is, changed to the durability of its topic, or made. */
  addPartition(topic: Topic, index: number, leaderEpoch: number): Result<number, Failure> {
    const known = this.#handles.get(`${topic.id}-${index}`);
    const handle = known === undefined ? this.#create(topic, index, leaderEpoch) : ok(known);
    if (!handle.ok) return handle;
    this.#partitions.set(handle.value, index);
    const isOther = known !== undefined && this.store.partition(known)?.durability !== topic.settings.durability;
    if (isOther) this.store.control(handle.value, this.#nextTicket(), topic.settings.durability);
    return handle;
  }

  #create(topic: Topic, index: number, leaderEpoch: number): Result<number, Failure> {
    const config = topic.settings;
    const created = this.store.createPartitions(this.#nextTicket(), [{ topic: topic.id, index, leaderEpoch, config }]);
    return created.ok ? ok(created.value[0] ?? 0) : created;
  }

  #nextTicket(): number {
    this.#pending += 1;
    return this.#ticket++;
  }

  /** Lines as a batch, one record each. Its size is known before there is room for it. */
  plan(lines: readonly Uint8Array[]): BatchPlan {
    const timestamp = Math.floor(this.#clock.wallMs());
    return new BatchPlan(lines.map((value) => ({ timestamp, key: null, value })));
  }

  /** False: no room now; offer it again after a turn. */
  offer(handle: number, plan: BatchPlan): boolean {
    const claim = this.#writer.claim(plan.size);
    if (claim === refusal.wouldBlock) return false;
    if (claim === refusal.tooLarge) return this.#offerLarge(handle, plan);
    assert(claim >= 0, 'a ring that nobody closed refuses no claim');
    plan.write(this.#writer.data.subarray(claim, claim + plan.size), crc32c);
    this.#writer.publish(claim, handle, 0, this.#nextTicket());
    return true;
  }

  #offerLarge(handle: number, plan: BatchPlan): boolean {
    if (this.#largeSize > 0 && this.#largeSize + plan.size > largeSizeMax) return false;
    // What lies in the ring came first: it gets its offsets first.
    while (this.turn());
    const batch = new Uint8Array(plan.size);
    plan.write(batch, crc32c);
    const ticket = this.#nextTicket();
    const failure = this.store.appendLarge(handle, ticket, batch);
    assert(failure === undefined, 'a feed offers to an open store');
    this.#large.set(ticket, plan.size);
    this.#largeSize += plan.size;
    return true;
  }

  /** True: there is more to do at once. */
  turn(): boolean {
    return this.store.turn(this);
  }

  #settle(ticket: number): void {
    this.#pending -= 1;
    const size = this.#large.get(ticket);
    if (size === undefined) return;
    this.#large.delete(ticket);
    this.#largeSize -= size;
  }

  appended(ack: Ack): void {
    this.#settle(ack.ticket);
    this.#owner.acked(this.#partitions.get(ack.partition) ?? 0, ack);
  }

  refused({ partition, ticket, code, details }: Refusal): void {
    this.#settle(ticket);
    // The event that tells of the fence says why, and comes first.
    if (code === 'fenced' || code === 'unconfirmed') return;
    const index = this.#partitions.get(partition);
    const message = code === 'no-space' ? 'no space left on the device' : `${code} (${details.join(', ')})`;
    this.#owner.stopped({ reason: 'failed', message: `partition ${index} takes no more: ${message}` });
  }

  done(_partition: number, ticket: number): void {
    this.#settle(ticket);
  }

  controlFailed(partition: number, ticket: number, { message }: StoreFailure): void {
    this.#settle(ticket);
    this.#owner.stopped({ reason: 'failed', message: `partition ${this.#partitions.get(partition)}: ${message}` });
  }

  read(): void {
    assert(false, 'a feed reads nothing');
  }

  found(): void {
    assert(false, 'a feed searches nothing');
  }

  fenced(by: 'journal' | 'segment' | 'checkpoint', reason: string): void {
    this.#owner.stopped({
      reason: 'diskFenced',
      message: `the disk failed a ${by} write or sync (${reason}); nothing more is taken`,
    });
  }

  /** Drains and checkpoints; blocks meanwhile. */
  close(): Failure | undefined {
    return this.store.close(this);
  }
}
