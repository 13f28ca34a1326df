import type { TopicId } from '../../model/ids.js';
import type { Offset } from '../../model/offset.js';
import type { Failure, FoundOffset, PartitionDescription } from '../../model/ports.js';
import { failed, ok, type Result } from '../../model/result.js';
import type { Routing, Served } from '../routing.js';
import { findStart, type Start } from './start.js';

export interface ListedOffset {
  readonly offset: Offset;
  /** Of the record found by time. */
  readonly timestampMs: number | undefined;
  readonly leaderEpoch: number;
}

export interface Listed {
  readonly topicId: TopicId;
  readonly offsets: readonly { readonly partition: number; readonly result: Result<ListedOffset, Failure> }[];
}

/** Where something lies in each of a topic's partitions. `done` is called once, maybe before this returns. */
export function listOffsets(
  routing: Routing,
  request: { readonly topic: string; readonly partitions: readonly number[]; readonly at: Start },
  done: (result: Result<Listed, Failure>) => void,
): void {
  const topic = routing.topic(request.topic);
  if (topic === undefined) {
    done(failed({ error: 'unknown-topic' }));
    return;
  }
  const all = topic.partitions.map(({ partition }) => partition);
  const wanted = [...new Set(request.partitions.length === 0 ? all : request.partitions)];
  // Others do not exist, and each would be a row in the answer.
  if (wanted.length > all.length) {
    done(failed({ error: 'unknown-partition' }));
    return;
  }
  const offsets = new Array<Listed['offsets'][number]>(wanted.length);
  let missing = wanted.length;
  const answer = (index: number, partition: number, result: Result<ListedOffset, Failure>) => {
    offsets[index] = { partition, result };
    missing -= 1;
    if (missing === 0) done(ok({ topicId: topic.topicId, offsets }));
  };
  if (missing === 0) {
    done(ok({ topicId: topic.topicId, offsets }));
    return;
  }
  for (const [index, partition] of wanted.entries()) {
    const found = routing.in(topic, partition);
    if (!found.ok) answer(index, partition, found);
    else listOne(found.value, request.at, (result) => answer(index, partition, result));
  }
}

function listOne(served: Served, at: Start, done: (result: Result<ListedOffset, Failure>) => void): void {
  const { calls, route } = served;
  const describe = () =>
    calls.call<PartitionDescription>(
      (port, answer) => port.describe(route.handle, answer),
      (ends) => {
        if (!ends.ok) return done(ends);
        const { leaderEpoch } = ends.value;
        if (at.at === 'timestamp') return done(ok({ offset: ends.value.highWatermark, timestampMs: undefined, leaderEpoch }));
        findStart(served, ends.value, at, (start) =>
          done(start.ok ? ok({ offset: start.value.offset, timestampMs: undefined, leaderEpoch }) : start),
        );
      },
    );
  if (at.at !== 'timestamp') {
    describe();
    return;
  }
  calls.call<FoundOffset | undefined>(
    (port, answer) => port.find(route.handle, at.timestampMs, answer),
    (found) => {
      if (!found.ok) done(found);
      else if (found.value === undefined) describe();
      else done(ok(found.value));
    },
  );
}
