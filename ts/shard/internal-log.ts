import { assert } from '../model/assert.js';
import type { Failure } from '../model/errors.js';
import type { CoordinatorLog, LogRecord } from '../model/group-ports.js';
import { type Offset, offset } from '../model/offset.js';
import { failed, ok, type Result } from '../model/result.js';
import type { FileRead, LogStore, StoreFailure } from '../native/log.js';
import { failureOfStore } from './failures.js';
import { OpenBatch } from './internal-batches.js';
import { recordsFrom } from './internal-records.js';
import type { Partition } from './partition.js';

/** What a load reads at once, unless a batch is larger. */
const readSizeMax = 1 << 20;

interface Load {
  readonly from: Offset;
  readonly to: number;
  readonly piece: (records: readonly LogRecord[]) => void;
  readonly done: (result: Result<Offset, Failure>) => void;
  next: number;
}

/** What of the shard's log is needed here. */
export type InternalStore = Pick<LogStore, 'appendInternal' | 'read' | 'takeRead' | 'control' | 'extent'>;

export interface InternalLogPorts {
  readonly store: InternalStore;
  /** The shard's thread has work: a turn takes it along. */
  readonly wake: () => void;
  /** For an append of this log: its answer finds the way back by it. */
  readonly appendTicket: (log: InternalLog) => number;
  /** For anything else. */
  readonly ticket: (log: InternalLog) => number;
}

/**
 * A partition of an internal topic as its coordinator has it: what a turn brings together becomes one batch, written by this shard
 * itself, with no ring in which clients could be in the way.
 *
 * Lives on: the shard's thread. Owned by: `InternalLogs`. Bounded by its coordinator, which keeps few requests waiting.
 */
export class InternalLog implements CoordinatorLog {
  readonly #partition: Partition;
  readonly #ports: InternalLogPorts;
  /** Not given to the log yet. */
  #open: OpenBatch[] = [];
  readonly #inFlight = new Map<number, OpenBatch>();
  readonly #trims = new Map<number, (result: Result<void, Failure>) => void>();
  /** Whose answers are still to come, though nobody waits for them any more. */
  readonly #abandoned = new Set<number>();
  #failure: { readonly ok: false; readonly error: Failure } | undefined;
  #load: Load | undefined;

  constructor(partition: Partition, ports: InternalLogPorts) {
    this.#partition = partition;
    this.#ports = ports;
  }

  append(records: readonly LogRecord[], done: (result: Result<Offset, Failure>) => void): void {
    const failure = this.#failure;
    if (failure !== undefined) {
      queueMicrotask(() => done(failure));
      return;
    }
    let batch = this.#open.at(-1);
    if (batch?.hasRoom(records) !== true) {
      batch = new OpenBatch();
      this.#open.push(batch);
    }
    batch.add(records, done);
    this.#ports.wake();
  }

  /** Once a turn. */
  flush(): void {
    const { store, appendTicket } = this.#ports;
    for (const batch of this.#open.splice(0)) {
      if (this.#failure !== undefined) {
        batch.refused(this.#failure);
        continue;
      }
      const ticket = appendTicket(this);
      this.#inFlight.set(ticket, batch);
      const refused = store.appendInternal(this.#partition.handle, ticket, batch.encode());
      if (refused !== undefined) this.appendFailed(ticket, { error: 'internal', message: refused.message });
    }
  }

  appended(ticket: number, base: number): void {
    const batch = this.#inFlight.get(ticket);
    this.#inFlight.delete(ticket);
    batch?.stored(base);
    this.#ended(ticket);
  }

  /** Later ones may be stored all the same: the next load will say. */
  appendFailed(ticket: number, error: Failure): void {
    this.#fail(error);
    this.#ended(ticket);
  }

  #fail(error: Failure): void {
    const failure = failed(error);
    this.#failure ??= failure;
    const waiting = [...this.#inFlight.values(), ...this.#open];
    for (const ticket of this.#inFlight.keys()) this.#abandoned.add(ticket);
    this.#inFlight.clear();
    this.#open = [];
    for (const batch of waiting) batch.refused(failure);
  }

  #ended(ticket: number): void {
    if (this.#abandoned.delete(ticket)) this.#beginReading();
  }

  load(piece: Load['piece'], done: Load['done']): void {
    assert(this.#load === undefined, 'a log is loaded by one at a time');
    this.#fail({ error: 'not-leader', message: 'the log is read anew' });
    // From here on until the state that is read now has failed in its turn.
    this.#failure = undefined;
    this.#load = { from: offset(0), to: 0, next: -1, piece, done };
    queueMicrotask(() => this.#beginReading());
  }

  #beginReading(): void {
    const load = this.#load;
    if (load === undefined || load.next >= 0 || this.#abandoned.size > 0) return;
    const { handle, highWatermark } = this.#partition;
    const logStart = offset(this.#ports.store.extent(handle)?.logStart ?? 0);
    this.#load = { ...load, from: logStart, to: highWatermark, next: logStart };
    this.#read(readSizeMax);
  }

  #read(sizeMax: number): void {
    const load = this.#load;
    assert(load !== undefined, 'reads belong to a load');
    const { store, ticket: newTicket, wake } = this.#ports;
    if (load.next >= load.to) {
      this.#endLoad(ok(load.from));
      return;
    }
    const ticket = newTicket(this);
    const read = store.read(this.#partition.handle, ticket, load.next, load.to, sizeMax);
    if (!read.ok) {
      this.#endLoad(failed(failureOfStore(read.error)));
      return;
    }
    assert(read.value.found === 'pending', 'what coordinators write lies in no ring');
    wake();
  }

  read(ticket: number, result: Result<FileRead, StoreFailure>): void {
    const load = this.#load;
    assert(load !== undefined, 'reads belong to a load');
    if (!result.ok) {
      this.#endLoad(failed(failureOfStore(result.error)));
      return;
    }
    const { size, next, roomWanted } = result.value;
    if (roomWanted > 0) {
      this.#read(roomWanted);
      return;
    }
    const bytes = new Uint8Array(size);
    assert(this.#ports.store.takeRead(this.#partition.handle, ticket, bytes), 'what was read is there once');
    const records = recordsFrom(bytes, load.from);
    if (!records.ok) {
      this.#endLoad(records);
      return;
    }
    load.piece(records.value);
    // Nothing is left up to the limit, where compaction has taken the last of it.
    load.next = next > load.next ? next : load.to;
    this.#read(readSizeMax);
  }

  #endLoad(result: Result<Offset, Failure>): void {
    const load = this.#load;
    this.#load = undefined;
    load?.done(result);
  }

  trim(to: Offset, done: (result: Result<void, Failure>) => void): void {
    const { store, ticket: newTicket, wake } = this.#ports;
    const ticket = newTicket(this);
    this.#trims.set(ticket, done);
    const failure = store.control(this.#partition.handle, ticket, 'log-start', to);
    if (failure !== undefined) queueMicrotask(() => this.trimEnded(ticket, { error: 'internal', message: failure.message }));
    wake();
  }

  trimEnded(ticket: number, failure?: Failure): void {
    const done = this.#trims.get(ticket);
    this.#trims.delete(ticket);
    done?.(failure === undefined ? ok(undefined) : failed(failure));
  }
}
