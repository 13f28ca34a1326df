import type { Durability, TopicSettings } from '../model/topic-settings.js';
import type { Failure } from './failure.js';
import type { BindingConsensus } from './raft-binding.js';
import type { BindingDoorbell, BindingWakeup } from './ring-binding.js';

/** What native/src/binding/data_directory.rs, store.rs, trace.rs, inspection.rs, codec.rs and event_words.rs export. */
export interface LogBinding {
  openDataDirectory(options: BindingOpenOptions, trace?: BindingTrace): BindingDataDirectory | Failure;
  openStore(directory: number, shard: number, monotonicMs: number, wallMs: number): BindingStore | Failure;
  createTrace(path: string): BindingTrace | Failure;
  inspectLog(options: BindingInspectOptions): BindingInspection;
  describeLogCodes(): string;
  crc32c(bytes: Uint8Array): number;
  copyInto(target: Uint8Array, at: number, source: Uint8Array): boolean;
  firstKeylessRecord(batch: Uint8Array, sizeMax: number): number | Failure;
  decompressRecords(batch: Uint8Array, sizeMax: number): Uint8Array | Failure;
}

export type IoName = 'auto' | 'uring' | 'fallback';
/** Of large writes to segments: `auto` lets them pass where kernel and filesystem can. */
export type PageCacheUse = 'auto' | 'direct' | 'pass' | 'keep';

export interface BindingOpenOptions {
  readonly data: string;
  readonly journals?: string;
  readonly shards: number;
  readonly journalSize: number;
  readonly sync: 'linked' | 'dsync';
  readonly batchSizeMax: number;
  readonly setAsideCorrupt: boolean;
  readonly nodeId?: number;
  readonly io: IoName;
  readonly pageCache: PageCacheUse;
  readonly nonce: Uint8Array;
  readonly wallMs: number;
}

export interface Topic {
  /** 32 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  readonly partitions: number;
  /** All of them: what its partitions are made with. */
  readonly settings: Required<TopicSettings>;
}

export interface RecoveryReport {
  readonly isFresh: boolean;
  readonly commits: number;
  readonly entries: number;
  readonly size: number;
  readonly cutSize: number;
  readonly setAside: readonly string[];
  readonly damaged: readonly string[];
  /** The start count of the directory. */
  readonly incarnation: number;
  readonly io: 'uring' | 'fallback';
  /** Empty, or why "auto" did not choose io_uring. */
  readonly whyNotUring: string;
  /** What large writes to segments do: where they can, they go around the page cache, or leave it when they are on the disk. */
  readonly pageCache: 'direct' | 'pass' | 'keep';
}

export interface BindingDataDirectory {
  readonly id: number;
  report(): RecoveryReport;
  topics(): readonly Topic[];
  ensureTopic(name: string, partitions: number, settings: TopicSettings, freshId: Uint8Array): Topic | Failure;
  takeConsensus(): BindingConsensus | Failure;
  shardOf(topic: string, index: number): number | Failure;
  close(): void;
}

export interface NewPartition {
  /** 32 hexadecimal digits. */
  readonly topic: string;
  readonly index: number;
  readonly leaderEpoch: number;
  readonly config: TopicSettings;
}

export interface PartitionState {
  readonly handle: number;
  readonly topic: string;
  readonly index: number;
  /** Under which this node leads it; after a start and before `lead`, the largest that may have written there. -1: none. */
  readonly leaderEpoch: number;
  readonly logStart: number;
  readonly end: number;
  /** Below it a reader may be served. */
  readonly stableEnd: number;
  readonly durability: Durability;
  readonly isDamaged: boolean;
  /** Of its segments, in bytes. */
  readonly size: number;
  readonly segmentsCount: number;
}

export interface EpochEnd {
  /** The one found: the largest that is not above the one asked for. */
  readonly leaderEpoch: number;
  readonly end: number;
}

export interface StoreCounters {
  /** Calls from JavaScript into the store. */
  readonly crossings: number;
  readonly systemCalls: number;
  readonly turns: number;
  readonly appendedBatches: number;
  readonly appendedSize: number;
  readonly segmentWrites: number;
  readonly segmentSize: number;
  /** Of them: copied into aligned memory, to go around the page cache. */
  readonly stagedSize: number;
  readonly checkpoints: number;
  readonly fileSyncs: number;
  readonly commits: number;
  readonly journalEntries: number;
  readonly journalSize: number;
  /** Bytes read from files that were copied to whoever sends them. */
  readonly takenSize: number;
}

export type ControlOperation = 'truncate' | 'log-start' | 'reset' | 'delete' | Durability;

export interface BindingStore {
  attachRing(memory: Uint8Array, producer?: BindingDoorbell): number | Failure;
  beforeSleep(): boolean;
  awake(): void;
  partitions(): readonly PartitionState[];
  partition(handle: number): PartitionState | null;
  createPartitions(ticket: number, partitions: readonly NewPartition[]): readonly number[] | Failure;
  append(partition: number, ticket: number, origin: number, batch: Uint8Array): Failure | null;
  control(partition: number, ticket: number, operation: ControlOperation, to: number): Failure | null;
  configure(partition: number, config: TopicSettings): Failure | null;
  lead(partition: number, leaderEpoch: number): Failure | null;
  epochEnd(partition: number, leaderEpoch: number): EpochEnd | null;
  producers(partition: number, words: Float64Array): number;
  applyRetention(): number;
  turn(monotonicMs: number, wallMs: number, words: Float64Array): void;
  wait(monotonicMs: number, wallMs: number, words: Float64Array): void;
  takeEvents(words: Float64Array): void;
  extent(partition: number, words: Float64Array): boolean;
  read(
    partition: number,
    ticket: number,
    offset: number,
    limit: number,
    sizeMax: number,
    mayLend: boolean,
    words: Float64Array,
  ): number;
  giveBack(lease: number): void;
  readTails(wanted: Float64Array, count: number, words: Float64Array): number;
  takeRead(partition: number, ticket: number, target: Uint8Array): number | null;
  find(partition: number, ticket: number, timestamp: number): Failure | null;
  wakeupDescriptor(): number;
  watch(callback: () => void): BindingWakeup | string;
  isIdle(): boolean;
  counters(): StoreCounters | null;
  close(monotonicMs: number, wallMs: number): Failure | null;
  release(): void;
}

export interface BindingTrace {
  note(kind: number, bytes: Uint8Array): void;
  flush(): Failure | null;
}

export interface BindingInspectOptions {
  readonly path: string;
  readonly isSegment: boolean;
  readonly journals?: string;
  readonly io: IoName;
}

export interface Finding {
  readonly kind: 'torn-tail' | 'torn-commit' | 'torn-metadata' | 'corrupt-batch' | 'corrupt' | 'damaged-copy' | 'unknown';
  readonly message: string;
  /** Its name; empty where the finding is not about one partition. */
  readonly topic: string;
  readonly partition: number;
}

export interface BindingInspection {
  isRunning(): boolean;
  readSize(): number;
  cancel(): void;
  /** Once it has ended; null: there is something to be asked. */
  failure(): Failure | null;
  outcome(): 'clean' | 'torn-tail' | 'corrupt';
  findings(): readonly Finding[];
  topics(): readonly BindingTopicName[];
  nextBatches(words: Float64Array): number;
  batchBytes(number: number): Uint8Array | Failure;
  close(): void;
}

export interface BindingTopicName {
  /** 32 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
}
