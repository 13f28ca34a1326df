import type { Offset } from '../../ts/model/offset.js';
import type {
  Appended,
  AppendTaken,
  Batches,
  Durability,
  Failure,
  FoundOffset,
  HeldBatches,
  HeldRange,
  HeldRead,
  KnownProducer,
  LargerBatch,
  PartitionDescription,
  PartitionEnds,
  ReadResult,
  ShardPort,
  Tail,
  Taken,
} from '../../ts/model/ports.js';
import { failed, ok, type Result } from '../../ts/model/result.js';
import { layout } from '../../ts/wire/records/layout.js';

// A shard in memory, for tests: answers come when the test lets them, in any order it likes.

export interface StoredBatch {
  readonly base: number;
  readonly next: number;
  readonly leaderEpoch: number;
  readonly timestampMs: number;
  readonly bytes: Uint8Array;
}

export class MemoryPartition {
  batches: StoredBatch[] = [];
  logStart = 0;
  leaderEpoch = 1;
  durability: Durability = 'fsync';
  /** False: the next tail comes without its batches, as if they had left memory. */
  remembersTail = true;
  watcher: ((tail: Tail) => void) | undefined;
  /** Up to where the watcher has been told. */
  told = 0;

  get end(): number {
    return this.batches.at(-1)?.next ?? this.logStart;
  }

  get ends(): PartitionEnds {
    return { logStart: this.logStart as Offset, highWatermark: this.end as Offset };
  }
}

function batchesOf(stored: readonly StoredBatch[]): Batches {
  const [first] = stored;
  const last = stored.at(-1);
  if (first === undefined || last === undefined) throw new Error('no batches');
  return {
    parts: stored.map(({ bytes }) => bytes.slice()),
    size: stored.reduce((sum, { bytes }) => sum + bytes.length, 0),
    base: first.base as Offset,
    next: last.next as Offset,
    leaderEpoch: last.leaderEpoch,
  };
}

export interface Pending {
  readonly kind: string;
  run(): void;
}

export class MemoryShard implements ShardPort {
  readonly partitions = new Map<number, MemoryPartition>();
  readonly pending: Pending[] = [];
  /** Called when something was added to `pending`. */
  onPending: () => void = () => undefined;
  isFull = false;
  /** Whose appends wait for one of their own. */
  readonly held = new Set<number>();
  isClosed = false;
  /** Refuses appends of partitions with this failure. */
  appendFailure: Failure | undefined;
  /** Every read fails so. */
  readFailure: Failure | undefined;
  #spaces: (() => void)[] = [];

  partition(handle: number): MemoryPartition {
    let partition = this.partitions.get(handle);
    if (partition === undefined) {
      partition = new MemoryPartition();
      this.partitions.set(handle, partition);
    }
    return partition;
  }

  setFull(isFull: boolean): void {
    if (isFull) this.isFull = true;
    else this.free();
  }

  /** Makes room: whoever waited tries again. */
  free(): void {
    this.isFull = false;
    const spaces = this.#spaces;
    this.#spaces = [];
    for (const callback of spaces) callback();
  }

  /** A batch behind the last one, as if it had been appended by somebody else. */
  store(handle: number, records: number, bytes: Uint8Array, timestampMs = 0): StoredBatch {
    const partition = this.partition(handle);
    const base = partition.end;
    const { leaderEpoch } = partition;
    const batch = { base, next: base + records, leaderEpoch, timestampMs, bytes };
    partition.batches.push(batch);
    this.tellTail(handle);
    return batch;
  }

  tellTail(handle: number): void {
    const partition = this.partition(handle);
    if (partition.watcher === undefined) return;
    this.#later('tail', () => {
      const { watcher, told, end } = partition;
      if (watcher === undefined || told === end) return;
      const news = partition.batches.filter(({ base }) => base >= told);
      partition.told = end;
      if (!partition.remembersTail || news.length === 0) return watcher(partition.ends);
      const batches = batchesOf(news);
      watcher({ ...partition.ends, batches, held: () => heldOf(batches) });
    });
  }

  append(handle: number, batch: Uint8Array, done: (result: Result<Appended, Failure>) => void): AppendTaken {
    if (this.isClosed) return 'closed';
    if (this.held.has(handle)) return 'held';
    if (this.isFull) return 'full';
    const bytes = batch.slice();
    this.#later('append', () => done(this.#append(handle, bytes)));
    return 'taken';
  }

  #append(handle: number, bytes: Uint8Array): Result<Appended, Failure> {
    if (this.appendFailure !== undefined) return failed(this.appendFailure);
    if (bytes.length < layout.headerSize || bytes[layout.magic] !== 2) return failed({ error: 'corrupt-batch' });
    const partition = this.partition(handle);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    view.setBigInt64(layout.baseOffset, BigInt(partition.end));
    view.setInt32(layout.leaderEpoch, partition.leaderEpoch);
    const timestampMs = Number(view.getBigInt64(layout.maxTimestamp));
    const stored = this.store(handle, view.getInt32(layout.lastOffsetDelta) + 1, bytes, timestampMs);
    return ok({
      base: stored.base as Offset,
      next: stored.next as Offset,
      leaderEpoch: stored.leaderEpoch,
      logStart: partition.logStart as Offset,
      timestampMs,
      durability: partition.durability,
      isDuplicate: false,
    });
  }

  read(handle: number, offset: Offset, sizeMax: number, done: (result: Result<ReadResult, Failure>) => void): Taken {
    return this.#call('read', () => done(this.#read(this.partition(handle), offset, sizeMax)));
  }

  hold(handle: number, { offset, sizeMax }: HeldRange, done: (result: Result<HeldRead | LargerBatch, Failure>) => void): Taken {
    return this.#call('hold', () => {
      const read = this.#read(this.partition(handle), offset, sizeMax);
      if (!read.ok) return done(read);
      const { logStart, highWatermark, batches } = read.value;
      if (batches !== undefined && batches.size > sizeMax) return done(ok({ sizeWanted: batches.size }));
      const held = batches === undefined ? undefined : heldOf(batches);
      done(ok({ logStart, highWatermark, batches: held }));
    });
  }

  #read(partition: MemoryPartition, offset: number, sizeMax: number): Result<ReadResult, Failure> {
    if (this.readFailure !== undefined) return failed(this.readFailure);
    if (offset < partition.logStart || offset > partition.end) return failed({ error: 'offset-out-of-range' });
    const taken: StoredBatch[] = [];
    let size = 0;
    for (const batch of partition.batches) {
      if (batch.next <= offset) continue;
      if (taken.length > 0 && size + batch.bytes.length > sizeMax) break;
      taken.push(batch);
      size += batch.bytes.length;
    }
    return ok(taken.length === 0 ? partition.ends : { ...partition.ends, batches: batchesOf(taken) });
  }

  find(handle: number, timestampMs: number, done: (result: Result<FoundOffset | undefined, Failure>) => void): Taken {
    return this.#call('find', () => {
      const found = this.partition(handle).batches.find((batch) => batch.timestampMs >= timestampMs);
      if (found === undefined) return done(ok(undefined));
      done(ok({ offset: found.base as Offset, timestampMs: found.timestampMs, leaderEpoch: found.leaderEpoch }));
    });
  }

  epochEnd(
    handle: number,
    leaderEpoch: number,
    done: (result: Result<{ readonly leaderEpoch: number; readonly end: Offset }, Failure>) => void,
  ): Taken {
    return this.#call('epochEnd', () => {
      const last = this.partition(handle).batches.findLast((batch) => batch.leaderEpoch <= leaderEpoch);
      done(ok({ leaderEpoch: last?.leaderEpoch ?? 0, end: (last?.next ?? this.partition(handle).logStart) as Offset }));
    });
  }

  describe(handle: number, done: (result: Result<PartitionDescription, Failure>) => void): Taken {
    return this.#call('describe', () => {
      const partition = this.partition(handle);
      const size = partition.batches.reduce((sum, { bytes }) => sum + bytes.length, 0);
      done(ok({ ...partition.ends, leaderEpoch: partition.leaderEpoch, size, segmentsCount: 1 }));
    });
  }

  raiseLogStart(handle: number, to: Offset | undefined, done: (result: Result<Offset, Failure>) => void): Taken {
    return this.#call('raiseLogStart', () => {
      const partition = this.partition(handle);
      const start = to ?? partition.end;
      if (start > partition.end) return done(failed({ error: 'offset-out-of-range' }));
      partition.logStart = Math.max(partition.logStart, start);
      done(ok(partition.logStart as Offset));
    });
  }

  producers(_handle: number, done: (result: Result<readonly KnownProducer[], Failure>) => void): Taken {
    return this.#call('producers', () => done(ok([])));
  }

  watch(handle: number, tail: (tail: Tail) => void, done: (result: Result<PartitionEnds, Failure>) => void): Taken {
    return this.#call('watch', () => {
      const partition = this.partition(handle);
      if (partition.watcher !== undefined) throw new Error('a partition is watched twice');
      partition.watcher = tail;
      partition.told = partition.end;
      done(ok(partition.ends));
    });
  }

  unwatch(handle: number): void {
    this.partition(handle).watcher = undefined;
  }

  space(callback: () => void): void {
    this.#spaces.push(callback);
  }

  #call(kind: string, run: () => void): Taken {
    if (this.isClosed) return 'closed';
    if (this.isFull) return 'full';
    this.#later(kind, run);
    return 'taken';
  }

  #later(kind: string, run: () => void): void {
    this.pending.push({ kind, run });
    this.onPending();
  }

  /** Answers one call: the one at this place, counted round. */
  runOne(at: number): void {
    const [next] = this.pending.splice(at % Math.max(1, this.pending.length), 1);
    next?.run();
  }

  runAll(): void {
    let count = 0;
    for (let next = this.pending.shift(); next !== undefined; next = this.pending.shift()) {
      count += 1;
      if (count > 10_000) throw new Error('calls without end');
      next.run();
    }
  }
}

function heldOf({ parts, size, base, next }: Batches): HeldBatches {
  return { size, base, next, pieces: parts.map((bytes) => ({ size: bytes.length, isOwn: true, bytes: () => bytes })) };
}
