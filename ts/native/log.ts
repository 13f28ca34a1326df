import { randomBytes } from 'node:crypto';
import { assert } from '../model/assert.js';
import { failed, ok, type Result } from '../model/result.js';
import type { TopicSettings } from '../model/topic-settings.js';
import { type Failure, resultOf } from './failure.js';
import { loadAddon } from './load.js';
import type {
  BindingDataDirectory,
  BindingStore,
  ControlOperation,
  EpochEnd,
  IoName,
  NewPartition,
  PageCacheUse,
  PartitionState,
  RecoveryReport,
  StoreCounters,
  Topic,
} from './log-binding.js';
import { deliverEvents, eventWords, headerWords, type LogEvents, type StoreFailure, storeFailureOf } from './log-events.js';
import { Consensus } from './raft.js';
import type { BindingDoorbell, BindingWakeup } from './ring-binding.js';
import { type HotSlice, type LentSlice, lentIn, sliceIn, sliceWords } from './slices.js';
import { TailReader, type ToldTail, type WantedTail } from './tails.js';
import type { IoTrace } from './trace.js';
import { started } from './wakeup.js';

export type { TopicSettings } from '../model/topic-settings.js';
export type {
  ControlOperation,
  EpochEnd,
  IoName,
  NewPartition,
  PartitionState,
  RecoveryReport,
  StoreCounters,
  Topic,
} from './log-binding.js';
export type { Ack, FileRead, Found, LogEvents, Refusal, StoreFailure } from './log-events.js';
export type { HotSlice, LentSlice } from './slices.js';
export type { Tail, ToldTail, WantedTail } from './tails.js';

/** Times are given, so that a simulator can stand behind them. */
export interface LogClock {
  /** For ages and delays. */
  monotonicMs(): number;
  /** Wall clock at start plus monotonic time since, so that a jump of the wall clock deletes nothing early. */
  wallMs(): number;
}

export interface DataDirectoryOptions {
  /** Made if it is not there. */
  readonly data: string;
  /** Where journals are made; default: in the data directory. */
  readonly journals?: string;
  readonly shards: number;
  readonly journalSize: number;
  readonly batchSizeMax: number;
  readonly clock: LogClock;
  readonly io?: IoName;
  readonly pageCache?: PageCacheUse;
  readonly sync?: 'linked' | 'dsync';
  readonly setAsideCorrupt?: boolean;
  /** The node that opens it: a directory that none had before becomes its own. Absent: whoever owns it. */
  readonly nodeId?: number;
  readonly trace?: IoTrace;
}

// Native code has only the addresses of ring memory, and a store that nobody remembers would be a crash at the whim of the
// garbage collector. So what is open is remembered here until it is closed.
const open = new Set<DataDirectory | LogStore>();

/**
 * A data directory that this process owns, recovered. Blocks while it opens. The lock ends with the last of the directory and
 * its stores.
 *
 * Lives on: the thread that opened it. Its `id` may cross: any thread opens a store by it.
 */
export class DataDirectory {
  readonly id: number;
  readonly report: RecoveryReport;
  readonly #native: BindingDataDirectory;

  private constructor(native: BindingDataDirectory) {
    this.#native = native;
    this.id = native.id;
    this.report = native.report();
    open.add(this);
  }

  static open(options: DataDirectoryOptions): Result<DataDirectory, Failure> {
    const { trace, clock, io = 'auto', pageCache = 'auto', sync = 'linked', setAsideCorrupt = false, ...rest } = options;
    const complete = { ...rest, io, pageCache, sync, setAsideCorrupt, nonce: randomBytes(16), wallMs: clock.wallMs() };
    const opened = resultOf(loadAddon().openDataDirectory(complete, trace?.native));
    return opened.ok ? ok(new DataDirectory(opened.value)) : opened;
  }

  topics(): readonly Topic[] {
    return this.#native.topics();
  }

  /** The topic of this name, with at least so many partitions and these settings: durable when this returns. */
  ensureTopic(name: string, partitions: number, settings: TopicSettings): Result<Topic, Failure> {
    return resultOf(this.#native.ensureTopic(name, partitions, settings, randomBytes(16)));
  }

  /** The metadata log, once: topics change there from now on, and `ensureTopic` fails. */
  takeConsensus(): Result<Consensus, Failure> {
    const taken = resultOf(this.#native.takeConsensus());
    return taken.ok ? ok(new Consensus(taken.value)) : taken;
  }

  /** The shard that a partition belongs to. */
  shardOf(topic: string, index: number): Result<number, Failure> {
    return resultOf(this.#native.shardOf(topic, index));
  }

  close(): void {
    open.delete(this);
    this.#native.close();
  }
}

/** `pending`: the bytes come as an event with the ticket. `empty`: nothing between the offset and the limit yet. */
export type ReadOutcome = 'pending' | 'empty' | readonly HotSlice[];

export interface ReadAnswer<Outcome> {
  /** Retention moves it without a word. */
  readonly logStart: number;
  readonly found: Outcome;
}

export interface Extent {
  readonly logStart: number;
  /** Of its segments, in bytes. */
  readonly size: number;
  readonly segmentsCount: number;
}

/** What native/src/binding/store.rs answers when a part of a file was lent. */
const lentAnswer = -100;

/** id · epoch · last sequence · timestamp */
const producerWords = 4;
const eventsPerCall = 512;
const slicesMax = 256;

/**
 * One shard's store. Errors are values; what happens comes as events, in one crossing per wake-up.
 *
 * Lives on: the thread that opened it. Ends when: `close` (drained, nothing to replay) or `release` (a crash, and as safe).
 */
export class LogStore {
  readonly #native: BindingStore;
  readonly #clock: LogClock;
  readonly #words = new Float64Array(headerWords + eventsPerCall * eventWords);
  readonly #readWords = new Float64Array(1 + slicesMax * sliceWords);
  readonly #tails: TailReader;
  #isTelling = false;
  /** Memory of attached rings, which native code uses until the release. */
  readonly #memory: Uint8Array[] = [];
  /** When `turn` wants to be called again though nothing completes; undefined: never. */
  deadlineMs: number | undefined;

  private constructor(native: BindingStore, clock: LogClock) {
    this.#native = native;
    this.#tails = new TailReader(native);
    this.#clock = clock;
    open.add(this);
  }

  /** `directory` is the id of an open data directory. Each shard is opened once. */
  static open(directory: number, shard: number, clock: LogClock): Result<LogStore, Failure> {
    const opened = resultOf(loadAddon().openStore(directory, shard, clock.monotonicMs(), clock.wallMs()));
    return opened.ok ? ok(new LogStore(opened.value, clock)) : opened;
  }

  /** The ring's number, by which slices name it. `memory` begins where the ring begins. */
  attachRing(memory: Uint8Array, producer?: BindingDoorbell): Result<number, Failure> {
    this.#memory.push(memory);
    return resultOf(this.#native.attachRing(memory, producer));
  }

  partitions(): readonly PartitionState[] {
    return this.#native.partitions();
  }

  partition(handle: number): PartitionState | undefined {
    return this.#native.partition(handle) ?? undefined;
  }

  /** Of what `partition` tells, what moves: for those who ask often. */
  extent(handle: number): Extent | undefined {
    const words = this.#readWords;
    if (!this.#native.extent(handle, words)) return undefined;
    const [logStart = 0, size = 0, segmentsCount = 0] = words;
    return { logStart, size, segmentsCount };
  }

  /** Their handles. Appends are taken at once; `done` is told for each when its directory is durable. */
  createPartitions(ticket: number, partitions: readonly NewPartition[]): Result<readonly number[], Failure> {
    return resultOf(this.#native.createPartitions(exact(ticket), partitions));
  }

  /** Appends a batch that is too large for a ring. Copied: the bytes are the caller's again on return. */
  appendLarge(partition: number, ticket: number, batch: Uint8Array): Failure | undefined {
    return this.#native.append(partition, exact(ticket), 0, batch) ?? undefined;
  }

  /** As `appendLarge`, by a coordinator of this shard, who may write what clients may not. */
  appendInternal(partition: number, ticket: number, batch: Uint8Array): Failure | undefined {
    return this.#native.append(partition, exact(ticket), 1, batch) ?? undefined;
  }

  /** Begins an operation; `to` is the offset of those that have one. Ends with `done` or `controlFailed`. */
  control(partition: number, ticket: number, operation: ControlOperation, to = 0): Failure | undefined {
    return this.#native.control(partition, exact(ticket), operation, exact(to)) ?? undefined;
  }

  /** What its topic asks for, from now on; what is absent stays as it is. Durability changes by `control` alone. */
  configure(partition: number, settings: TopicSettings): Failure | undefined {
    return this.#native.configure(partition, settings) ?? undefined;
  }

  /**
   * This node leads the partition under the epoch from now on. Refused if it is not above all that may have written there. A
   * recovered partition waits for it: what is appended before is stamped with the directory's start count.
   */
  lead(partition: number, leaderEpoch: number): Failure | undefined {
    return this.#native.lead(partition, leaderEpoch) ?? undefined;
  }

  /** The largest leader epoch not above the one asked for, and where it ends. Undefined: newer than any known here. */
  epochEnd(partition: number, leaderEpoch: number): EpochEnd | undefined {
    return this.#native.epochEnd(partition, leaderEpoch) ?? undefined;
  }

  /** Those that a partition knows, whoever wrote last first, at most so many: id, epoch, last sequence and timestamp of each. */
  producers(partition: number, countMax: number): Float64Array {
    const words = new Float64Array(Math.max(1, countMax) * producerWords);
    return words.subarray(0, this.#native.producers(partition, words) * producerWords);
  }

  /** Raises the log start of each partition whose oldest segments have outlived their retention; how many. Now and then. */
  applyRetention(): number {
    return this.#native.applyRetention();
  }

  /** One round of work. True: there is more to do at once. */
  turn(events: LogEvents): boolean {
    this.#assertNotTelling();
    this.#native.turn(this.#clock.monotonicMs(), this.#clock.wallMs(), this.#words);
    return this.#tell(events);
  }

  /** As `turn`, but blocks the thread until something completes, if anything is in flight. */
  wait(events: LogEvents): void {
    this.#assertNotTelling();
    this.#native.wait(this.#clock.monotonicMs(), this.#clock.wallMs(), this.#words);
    this.#tell(events);
  }

  /** Hands on what the words say, and what had no room in them. */
  #tell(events: LogEvents): boolean {
    const words = this.#words;
    const hasMore = words[1] === 1;
    const deadline = words[2] ?? -1;
    this.deadlineMs = deadline < 0 ? undefined : deadline;
    this.#isTelling = true;
    try {
      deliverEvents(words, events);
      while (words[3] === 1) {
        this.#native.takeEvents(words);
        deliverEvents(words, events);
      }
    } finally {
      this.#isTelling = false;
    }
    return hasMore;
  }

  // The words are read while listeners run: a listener may append and ask, but not turn.
  #assertNotTelling(): void {
    assert(!this.#isTelling, 'a listener of a turn begins another one');
  }

  /** Whole batches from the one that holds `offset` on, below `limit`: at most `sizeMax` bytes, but at least one batch. */
  read(
    partition: number,
    ticket: number,
    offset: number,
    limit: number,
    sizeMax: number,
  ): Result<ReadAnswer<ReadOutcome>, StoreFailure> {
    const words = this.#readWords;
    const answer = this.#native.read(partition, exact(ticket), exact(offset), exact(limit), sizeMax, false, words);
    return this.#answerOf(answer);
  }

  /** As `read`, for somebody who can send from files: what was checked before may come as a place in one. */
  readInPlace(
    partition: number,
    ticket: number,
    offset: number,
    limit: number,
    sizeMax: number,
  ): Result<ReadAnswer<ReadOutcome | LentSlice>, StoreFailure> {
    const words = this.#readWords;
    const answer = this.#native.read(partition, exact(ticket), exact(offset), exact(limit), sizeMax, true, words);
    if (answer !== lentAnswer) return this.#answerOf(answer);
    return ok({ logStart: words[0] ?? 0, found: lentIn(words, 1) });
  }

  /** Nobody sends from what was lent any more. */
  giveBack(lease: number): void {
    this.#native.giveBack(lease);
  }

  #answerOf(answer: number): Result<ReadAnswer<ReadOutcome>, StoreFailure> {
    const words = this.#readWords;
    if (answer < -1) return failed(storeFailureOf(-1 - answer, words[1] ?? 0, words[2] ?? 0, words[3] ?? 0));
    return ok({ logStart: words[0] ?? 0, found: this.#found(answer) });
  }

  #found(answer: number): ReadOutcome {
    if (answer === -1) return 'pending';
    return answer === 0 ? 'empty' : this.#slices(answer);
  }

  #slices(count: number): readonly HotSlice[] {
    assert(count <= slicesMax, 'more slices than had room');
    const slices: HotSlice[] = [];
    for (let index = 0; index < count; index++) slices.push(sliceIn(this.#readWords, 1 + index * sliceWords));
    return slices;
  }

  /** What became stable of many partitions and is still in ring memory: one crossing per turn, whatever their number. */
  readTails(wanted: readonly WantedTail[], told: ToldTail): void {
    this.#tails.read(wanted, told);
  }

  /** Copies what a read event announced, once. False: the target is too small, or nothing waits. */
  takeRead(partition: number, ticket: number, target: Uint8Array): boolean {
    return this.#native.takeRead(partition, exact(ticket), target) !== null;
  }

  /** The first record at or above a timestamp: `found` tells. */
  find(partition: number, ticket: number, timestamp: number): Failure | undefined {
    return this.#native.find(partition, exact(ticket), timestamp) ?? undefined;
  }

  /** Every ring agrees that this thread may sleep. */
  beforeSleep(): boolean {
    return this.#native.beforeSleep();
  }

  /** After every wake, before the turn: producers need not ring any more. */
  awake(): void {
    this.#native.awake();
  }

  /**
   * Calls back on this thread when a turn has something to do, until closed; keeps its event loop alive meanwhile. What follows from
   * completions without JavaScript does not wait for it. For those whose rings have doorbells.
   */
  watch(callback: () => void): BindingWakeup {
    return started(this.#native.watch(callback));
  }

  /** The eventfd of completions, for `watchEvent`, which then calls back for each of them. */
  wakeupDescriptor(): number {
    return this.#native.wakeupDescriptor();
  }

  isIdle(): boolean {
    return this.#native.isIdle();
  }

  counters(): StoreCounters {
    const counters = this.#native.counters();
    assert(counters !== null, 'the store was released');
    return counters;
  }

  /** Drains, checkpoints and releases; blocks meanwhile. The next start has nothing to replay unless this fails. */
  close(events: LogEvents): Failure | undefined {
    this.#assertNotTelling();
    const failure = this.#native.close(this.#clock.monotonicMs(), this.#clock.wallMs()) ?? undefined;
    this.#native.takeEvents(this.#words);
    this.#tell(events);
    this.release();
    return failure;
  }

  /** Frees everything, after what the kernel still does with our memory. Safe at any time, and again. */
  release(): void {
    this.#native.release();
    this.#memory.length = 0;
    open.delete(this);
  }
}

function exact(value: number): number {
  assert(Number.isSafeInteger(value) && value >= 0, () => `${value} is neither an offset nor a ticket`);
  return value;
}
