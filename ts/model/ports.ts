import type { Failure } from './errors.js';
import type { TopicId } from './ids.js';
import type { LogLevel } from './log-level.js';
import type { NodeSetting } from './node-settings.js';
import type { Offset } from './offset.js';
import type { ProduceRules } from './produce-rules.js';
import type { Result } from './result.js';
import type { Assignments, ConfigChange } from './topic-changes.js';
import type { TopicConfigs } from './topic-config.js';
import type { Durability } from './topic-settings.js';

// What the islands are given by ts/broker, and what a simulator stands behind. Callbacks are called once, never before the call
// that took them has returned, and on the caller's thread.

export interface Clock {
  /** For ages, delays and deadlines. */
  monotonicMs(): number;
  /** Whole: the wall clock at start plus monotonic time since, so that a jump of the wall clock changes nothing early. */
  wallMs(): number;
  /** Calls back after a delay, once; the answer takes the call back. */
  after(delayMs: number, callback: () => void): () => void;
}

export interface CivilClock extends Clock {
  /** The wall clock as it stands, jumps included: by it times are judged that others claim, whose clocks were put right as this one was. */
  civilMs(): number;
}

export interface Random {
  bytes(size: number): Uint8Array;
}

export type { Failure } from './errors.js';
export type { Assignments, ConfigChange } from './topic-changes.js';
export type { Durability } from './topic-settings.js';

// The data plane, as a gateway sees it.

/** Where a partition is served on this node. A new object when anything of it changes. */
export interface PartitionRoute {
  readonly topicId: TopicId;
  readonly partition: number;
  readonly shard: number;
  /** The shard's name for it, good for this life of the node; below zero: the shard could not open it. */
  readonly handle: number;
  readonly leaderEpoch: number;
  /** Why it could not. */
  readonly unserved?: Failure;
}

export interface TopicRoute {
  readonly topicId: TopicId;
  readonly name: string;
  readonly durability: Durability;
  /** Of a batch, in bytes. */
  readonly batchSizeMax: number;
  readonly isLogAppendTime: boolean;
  readonly rules: ProduceRules;
  readonly partitions: readonly PartitionRoute[];
}

export interface Appended {
  readonly base: Offset;
  readonly next: Offset;
  readonly leaderEpoch: number;
  readonly logStart: Offset;
  /** Of the batch: what its topic stamped, or its largest. */
  readonly timestampMs: number;
  readonly durability: Durability;
  readonly isDuplicate: boolean;
}

/** Whole batches, one behind the other. The bytes belong to the callback: they may change once it has returned. */
export interface Batches {
  readonly parts: readonly Uint8Array[];
  readonly size: number;
  readonly base: Offset;
  readonly next: Offset;
  /** Of the last batch. */
  readonly leaderEpoch: number;
}

export interface PartitionEnds {
  readonly logStart: Offset;
  readonly highWatermark: Offset;
}

export interface ReadResult extends PartitionEnds {
  /** Absent: nothing between the offset and the high watermark. */
  readonly batches?: Batches | undefined;
}

/** Bytes of a file that any thread may send from, by a number that no other file ever gets. */
export interface FilePlace {
  readonly file: number;
  readonly position: number;
}

/** A batch, or several, that lie where they were found until they are sent: ts/ring/link/held.ts. */
export interface HeldPiece {
  readonly size: number;
  /** In memory that whoever asked has reserved. */
  readonly isOwn: boolean;
  /** Undefined: they have left memory meanwhile, and are read again by offset; or `place` tells where they are. */
  bytes(): Uint8Array | undefined;
  /** In a file, under a lease. Undefined: not, or not any more. */
  readonly place?: FilePlace | undefined;
  /** Whatever held it where it is ends. Once, and by all that were asked for. */
  letGo?(): void;
}

/** Whole batches, one behind the other. */
export interface HeldBatches {
  readonly size: number;
  readonly base: Offset;
  readonly next: Offset;
  readonly pieces: readonly HeldPiece[];
}

/** What is asked for of them. */
export interface HeldRange {
  readonly offset: Offset;
  readonly sizeMax: number;
  /** Parts of files are welcome. */
  readonly mayLend: boolean;
}

export interface HeldRead extends PartitionEnds {
  /** Absent: nothing between the offset and the high watermark. */
  readonly batches: HeldBatches | undefined;
}

/** Nothing was read: the first batch is larger than what was asked for. */
export interface LargerBatch {
  readonly sizeWanted: number;
}

/** `target.set(source, at)`, by whatever does it best for the memory that rings share. */
export type CopyInto = (target: Uint8Array, at: number, source: Uint8Array) => void;

/** Of a batch: the index of the first record that has no key, if one has none; or why the records cannot be read. */
export type FindKeyless = (batch: Uint8Array) => Result<number | undefined, { readonly message: string }>;

/** The high watermark has moved. */
export interface Tail extends PartitionEnds {
  /** What lies below it since the last call, if it is still in memory; else it is read by offset. */
  readonly batches?: Batches | undefined;
  /** The same, to be used later as those of `hold` are; asked for within the call. */
  readonly held?: (() => HeldBatches | undefined) | undefined;
}

export interface FoundOffset {
  readonly offset: Offset;
  readonly timestampMs: number;
  readonly leaderEpoch: number;
}

/** A producer with an id, as it last wrote to a partition. */
export interface KnownProducer {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Negative: none under this epoch. */
  readonly lastSequence: number;
  readonly timestampMs: number;
}

export interface PartitionDescription extends PartitionEnds {
  readonly leaderEpoch: number;
  readonly size: number;
  readonly segmentsCount: number;
}

/** A call that found no room in a ring did nothing: the caller waits for `space` and calls again, in its old order. */
export type Taken = 'taken' | 'full' | 'closed';

/** Held: this partition's appends wait for one of theirs that is under way; those of others may go on. */
export type AppendTaken = Taken | 'held';

/** One gateway's way to one shard. Calls of one kind about one partition are begun in their order. */
export interface ShardPort {
  /** The batch is copied before this returns. */
  append(handle: number, batch: Uint8Array, done: (result: Result<Appended, Failure>) => void): AppendTaken;
  /** Whole batches from the one that holds `offset` on: at most `sizeMax` bytes, but at least one batch. */
  read(handle: number, offset: Offset, sizeMax: number, done: (result: Result<ReadResult, Failure>) => void): Taken;
  /**
   * As `read`, of bytes that are used later: what is in ring memory stays there, what is in files may where the caller says so, the rest
   * is memory that the caller has reserved, and never more than that.
   */
  hold(handle: number, range: HeldRange, done: (result: Result<HeldRead | LargerBatch, Failure>) => void): Taken;
  /** The first record of this time or later; undefined: there is none. */
  find(handle: number, timestampMs: number, done: (result: Result<FoundOffset | undefined, Failure>) => void): Taken;
  /** Where the records of a leader epoch end: the largest epoch not above the one asked for, and the offset behind it. */
  epochEnd(
    handle: number,
    leaderEpoch: number,
    done: (result: Result<{ readonly leaderEpoch: number; readonly end: Offset }, Failure>) => void,
  ): Taken;
  describe(handle: number, done: (result: Result<PartitionDescription, Failure>) => void): Taken;
  /**
   * Nothing below the offset, or below the high watermark where none is given, is there any more. Answers, once that is durable, where
   * the log starts: it never moves back.
   */
  raiseLogStart(handle: number, to: Offset | undefined, done: (result: Result<Offset, Failure>) => void): Taken;
  /** Those that the partition knows, whoever wrote last first; of very many the latest. */
  producers(handle: number, done: (result: Result<readonly KnownProducer[], Failure>) => void): Taken;
  /** Calls `tail` whenever the high watermark moves, until `unwatch`. One watcher per partition and gateway. */
  watch(handle: number, tail: (tail: Tail) => void, done: (result: Result<PartitionEnds, Failure>) => void): Taken;
  unwatch(handle: number): void;
  /** Calls back once, when a refused call is worth another try. */
  space(callback: () => void): void;
}

// The control plane, as a gateway sees it.

export interface NewTopic {
  readonly name: string;
  /** Absent: the node's default. */
  readonly partitions?: number;
  readonly replicationFactor?: number;
  /** Where each of its partitions lies, instead of the two. */
  readonly assignments?: Assignments;
  readonly configs: Readonly<Record<string, string>>;
}

/**
 * Asks the controller. An answer comes when the change is committed and every gateway of this node routes by it. All fail with a
 * row of the error table; a `validateOnly` request changes nothing and fails as the real one would.
 */
export interface ClusterCommands {
  createTopic(topic: NewTopic, validateOnly: boolean): Promise<Result<TopicRoute, Failure>>;
  /** The one of the cluster's own that groups need, as the node's settings want it. */
  createOffsetsTopic(): Promise<Result<TopicRoute, Failure>>;
  /** With an id: only the topic that has it. */
  deleteTopic(name: string, topicId?: TopicId): Promise<Result<TopicId, Failure>>;
  /** With assignments: one for each new partition. */
  addPartitions(
    name: string,
    partitions: number,
    validateOnly: boolean,
    assignments?: Assignments,
  ): Promise<Result<TopicRoute, Failure>>;
  alterTopic(name: string, change: ConfigChange, validateOnly: boolean): Promise<Result<void, Failure>>;
  /** An id that no producer has had. */
  allocateProducer(): Promise<Result<{ readonly producerId: number; readonly producerEpoch: number }, Failure>>;
}

/** What can be asked of the node that is asked, rather than of the cluster. */
export interface NodeCommands {
  /** Until the node is started again. Answered when its threads have been told. */
  setLogLevel(level: LogLevel): Promise<Result<void, Failure>>;
}

export interface DebugLog {
  /** For those who look closely: nothing is said, and little is done, where nobody does. */
  debug(fields: Readonly<Record<string, unknown>>, text: string): void;
  /** What somebody on call wants to see without asking for it. Of many in one second the rest is counted. */
  info(fields: Readonly<Record<string, unknown>>, text: string): void;
}

/** What this gateway knows of the cluster: replaced as a whole, never changed. */
export interface ClusterView {
  readonly clusterId: string;
  readonly nodeId: number;
  readonly nodes: readonly { readonly nodeId: number; readonly gateway: string }[];
  readonly autoCreateTopics: boolean;
  topic(name: string): TopicRoute | undefined;
  topicById(id: TopicId): TopicRoute | undefined;
  topics(): Iterable<TopicRoute>;
  /** What was set for the topic itself. */
  configsOf(name: string): TopicConfigs | undefined;
}

/** The view as it changes. */
export interface ClusterWatch {
  readonly view: ClusterView;
  /** Called after each change, with the names and ids of topics that came, changed or went. */
  onChange(callback: (changed: readonly { readonly name: string; readonly topicId: TopicId }[]) => void): void;
}

/** One setting of a topic as it is now. */
export interface ConfigDescription {
  readonly name: string;
  readonly value: string;
  readonly source: 'default' | 'node' | 'topic';
  readonly documentation: string;
  readonly isReadOnly: boolean;
}

/** What the node knows of itself, for whoever asks it over the network. */
export interface NodeView {
  readonly version: string;
  uptimeMs(): number;
  /** Why it does not serve, in sentences; empty: it is ready. */
  reasons(): readonly string[];
  /** Why no batch is taken at the moment: the disk is full, or has failed. Undefined: batches are taken. */
  produceRefusal(): Failure | undefined;
  dataSize(): number;
  diskFree(): number;
  /** Where the data lies; sizes as of some seconds ago. */
  disk(): { readonly path: string; readonly totalSize: number; readonly freeSize: number };
  /** As it was started. */
  readonly settings: readonly NodeSetting[];
  logLevel(): LogLevel;
  /** Every setting of a topic that exists. */
  configsOf(topic: string): readonly ConfigDescription[];
}
