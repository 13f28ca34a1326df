import { Replay } from '../../ts/coordinator/replay.js';
import type { Failure } from '../../ts/model/errors.js';
import type { CoordinatorLog, LogRecord } from '../../ts/model/group-ports.js';
import { type Offset, offset } from '../../ts/model/offset.js';
import { failed, ok, type Result } from '../../ts/model/result.js';

interface Append {
  readonly records: readonly LogRecord[];
  readonly done: (result: Result<Offset, Failure>) => void;
}

const failure = failed<Failure>({ error: 'storage-failed', message: 'as the test wants' });

/** A log whose disk the test moves: what is appended is durable, answered or lost when it says so. */
export class MemoryLog implements CoordinatorLog {
  /** Durable, from the beginning of time. */
  readonly records: LogRecord[] = [];
  logStart = 0;
  appends = 0;
  isLoadHeld = false;
  #pending: Append[] = [];
  #held: (() => void)[] = [];
  #isBroken = false;

  append(records: readonly LogRecord[], done: Append['done']): void {
    this.appends += 1;
    if (this.#isBroken) queueMicrotask(() => done(failure));
    else this.#pending.push({ records, done });
  }

  load(piece: (records: readonly LogRecord[]) => void, done: (result: Result<Offset, Failure>) => void): void {
    const run = () => {
      this.#isBroken = false;
      for (let at = this.logStart; at < this.records.length; at += 7)
        piece(this.records.slice(at, Math.min(at + 7, this.records.length)));
      done(ok(offset(this.logStart)));
    };
    if (this.isLoadHeld) this.#held.push(run);
    else queueMicrotask(run);
  }

  trim(to: Offset, done: (result: Result<void, Failure>) => void): void {
    this.logStart = to;
    queueMicrotask(() => done(ok(undefined)));
  }

  releaseLoads(): void {
    this.isLoadHeld = false;
    for (const run of this.#held.splice(0)) run();
  }

  get pending(): number {
    return this.#pending.length;
  }

  /** The oldest of what waits becomes durable and is answered. */
  settle(count = Number.POSITIVE_INFINITY): void {
    for (let left = count; left > 0; left--) {
      const append = this.#pending.shift();
      if (append === undefined) return;
      const base = this.#store(append);
      append.done(ok(base));
    }
  }

  /** Everything that waits fails; of some nobody knows that they are there. */
  fail(storedCount: number): void {
    this.#isBroken = true;
    const pending = this.#pending.splice(0);
    for (const append of pending.slice(0, storedCount)) this.#store(append);
    for (const { done } of pending) done(failure);
  }

  /** Nobody is told anything. */
  cutPower(storedCount: number): void {
    for (const append of this.#pending.splice(0).slice(0, storedCount)) this.#store(append);
    this.#isBroken = false;
  }

  replay(from = this.logStart): Replay {
    const replay = new Replay();
    replay.take(this.records.slice(from));
    return replay;
  }

  #store({ records }: Append): Offset {
    const base = offset(this.records.length);
    this.records.push(...records);
    return base;
  }
}

/** What a replay found, as plain values. */
export function plain(replay: Replay): unknown {
  return Array.from(replay.groups, ({ groupId, metadata, offsets }) => ({
    groupId,
    metadata,
    offsets: [...offsets].map(([topic, partitions]) => [topic, [...partitions].sort(([a], [b]) => a - b)] as const).sort(byFirst),
  })).sort((a, b) => (a.groupId < b.groupId ? -1 : 1));
}

const byFirst = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) => (a < b ? -1 : 1);
