import type { TopicId } from '../../model/ids.js';
import type { Offset } from '../../model/offset.js';
import type { Failure, FoundOffset, PartitionEnds } from '../../model/ports.js';
import { failed, ok, type Result } from '../../model/result.js';
import type { Served } from '../routing.js';

/** Where a reader was before: it wants `offset` next. */
export interface Position {
  readonly topicId: TopicId | undefined;
  readonly offset: Offset;
  /** Of the batch before `offset`; undefined if nothing was read. */
  readonly leaderEpoch: number | undefined;
}

export type Start =
  | { readonly at: 'beginning' | 'end' }
  | { readonly at: 'offset'; readonly offset: Offset }
  | { readonly at: 'timestamp'; readonly timestampMs: number }
  | { readonly at: 'position'; readonly position: Position };

/** Why a reader cannot go on where it wanted, and where it goes on instead. */
export interface Divergence {
  readonly kind: 'history-lost' | 'truncated' | 'recreated';
  readonly wanted: Offset;
  readonly offset: Offset;
}

export interface Begin {
  readonly offset: Offset;
  readonly divergence?: Divergence;
}

type Done = (result: Result<Begin, Failure>) => void;

const beginAt = (offset: Offset): Result<Begin, Failure> => ok({ offset });

function diverged(kind: Divergence['kind'], wanted: Offset, offset: Offset): Result<Begin, Failure> {
  return ok({ offset, divergence: { kind, wanted, offset } });
}

/** Finds where a reader begins in a partition that has these ends. `done` may be called before this returns. */
export function findStart(served: Served, ends: PartitionEnds, start: Start, done: Done): void {
  switch (start.at) {
    case 'beginning': {
      done(beginAt(ends.logStart));
      return;
    }
    case 'end': {
      done(beginAt(ends.highWatermark));
      return;
    }
    case 'offset': {
      done(withinLog(ends, start.offset));
      return;
    }
    case 'timestamp': {
      served.calls.call<FoundOffset | undefined>(
        (port, answer) => port.find(served.route.handle, start.timestampMs, answer),
        (found) => done(found.ok ? beginAt(found.value?.offset ?? ends.highWatermark) : found),
      );
      return;
    }
    case 'position': {
      resume(served, ends, start.position, done);
      return;
    }
  }
}

function withinLog(ends: PartitionEnds, wanted: Offset): Result<Begin, Failure> {
  if (wanted < ends.logStart) return diverged('history-lost', wanted, ends.logStart);
  if (wanted <= ends.highWatermark) return beginAt(wanted);
  return failed({ error: 'offset-out-of-range', message: `offset ${wanted} is above the end, ${ends.highWatermark}` });
}

function resume(served: Served, ends: PartitionEnds, position: Position, done: Done): void {
  const { offset, topicId, leaderEpoch } = position;
  if (topicId !== undefined && topicId !== served.topic.topicId) {
    done(diverged('recreated', offset, ends.logStart));
    return;
  }
  const finish = (known: Offset) => {
    // A log that ends below what was read has lost what this reader knows.
    const common = Math.min(known, ends.highWatermark) as Offset;
    if (common < offset) return done(diverged('truncated', offset, Math.max(common, ends.logStart) as Offset));
    done(offset < ends.logStart ? diverged('history-lost', offset, ends.logStart) : beginAt(offset));
  };
  if (leaderEpoch === undefined) {
    finish(offset);
    return;
  }
  epochAgrees(served, offset, leaderEpoch, (result) => (result.ok ? finish(result.value) : done(result)));
}

/**
 * The offset up to which a reader and this log hold the same, as far as one can tell from an epoch. A log that has the epoch
 * holds the same up to where it ends; one that lacks it continues differently from the end of the epoch before.
 */
export function epochAgrees(
  served: Served,
  offset: Offset,
  leaderEpoch: number,
  done: (result: Result<Offset, Failure>) => void,
): void {
  // The leader's own epoch is the commonest answer, and no log ends it.
  if (leaderEpoch === served.route.leaderEpoch) {
    done(ok(offset));
    return;
  }
  served.calls.call<{ readonly leaderEpoch: number; readonly end: Offset }>(
    (port, answer) => port.epochEnd(served.route.handle, leaderEpoch, answer),
    (result) => done(result.ok ? ok(Math.min(offset, result.value.end) as Offset) : result),
  );
}
