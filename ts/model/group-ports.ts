import type { Failure } from './errors.js';
import type { GroupAnswer, GroupRefusal, GroupVerb, GroupVerbs, ListedGroup, ListRequest } from './group-requests.js';
import type { Offset } from './offset.js';
import type { Result } from './result.js';

// Callbacks as in ports.ts: once, never before the call that took them has returned, on the caller's thread.

/** The groups of one partition of `__consumer_offsets`, as a gateway sees them. */
export interface GroupCoordinator {
  ask<V extends GroupVerb>(verb: V, request: GroupVerbs[V]['request'], done: (answer: GroupAnswer<V>) => void): void;
  list(request: ListRequest, done: (answer: Result<readonly ListedGroup[], GroupRefusal>) => void): void;
}

/** A record as it lies in the partition. */
export interface LogRecord {
  readonly key: Uint8Array;
  /** Undefined: a tombstone. */
  readonly value: Uint8Array | undefined;
  readonly timestampMs: number;
}

/** The partition of `__consumer_offsets`, as its coordinator sees it. */
export interface CoordinatorLog {
  /**
   * One batch, behind all that came before it. Answers with the offset of its first record when it is as durable as the topic
   * promises, in the order of the calls. Once one has failed, all that were called before the next `load` fail too.
   */
  append(records: readonly LogRecord[], done: (result: Result<Offset, Failure>) => void): void;
  /**
   * Everything from the log start to the end, in order and in pieces; appends that are still under way have come to their end
   * before the first piece. `done` with the log start, or why it could not be read to the end.
   */
  load(piece: (records: readonly LogRecord[]) => void, done: (result: Result<Offset, Failure>) => void): void;
  /** Moves the log start: all that is below will not be asked for again. */
  trim(to: Offset, done: (result: Result<void, Failure>) => void): void;
}
