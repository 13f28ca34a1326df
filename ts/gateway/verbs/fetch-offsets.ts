import type { CommittedOffset, FetchedOffsets, GroupRefusal } from '../../model/group-requests.js';
import type { TopicId } from '../../model/ids.js';
import { ok, type Result } from '../../model/result.js';
import type { Routing } from '../routing.js';
import type { Groups } from './groups.js';
import { absence, type NamedTopic, topicNamed } from './named-topic.js';
import type { PartitionError } from './partition-requests.js';

export interface FetchOffsets {
  readonly groupId: string;
  /** Undefined: all there are. */
  readonly topics: readonly (NamedTopic & { readonly partitions: readonly number[] })[] | undefined;
}

export interface FetchedTopic {
  readonly name: string;
  readonly topicId: TopicId | undefined;
  readonly partitions: readonly {
    readonly partition: number;
    /** Undefined: nothing was committed. */
    readonly committed: CommittedOffset | undefined;
    readonly error: PartitionError;
  }[];
}

/**
 * How far a group has read. What was committed of a topic that was deleted since says nothing about one of the same name: the
 * coordinator knows the ids, if it is told which one is meant.
 */
export function fetchOffsets(
  { routing, groups }: { readonly routing: Routing; readonly groups: Groups },
  { groupId, topics }: FetchOffsets,
  done: (result: Result<readonly FetchedTopic[], GroupRefusal>) => void,
): void {
  if (topics === undefined) {
    groups.ask('fetchOffsets', { groupId, topics }, (answer) => done(answer.ok ? ok(present(routing, answer.value)) : answer));
    return;
  }
  const known = topics.map((each) => topicNamed(routing, each));
  const isLost = (index: number) => topics[index]?.topicId !== undefined && known[index] === undefined;
  const asked = topics.flatMap(({ name, partitions }, index) =>
    isLost(index) ? [] : [{ topic: known[index]?.name ?? name, topicId: known[index]?.topicId, partitions }],
  );
  groups.ask('fetchOffsets', { groupId, topics: asked }, (answer) => {
    if (!answer.ok) {
      done(answer);
      return;
    }
    let next = 0;
    done(ok(topics.map((each, index) => (isLost(index) ? lost(each) : found(each, answer.value.topics[next++])))));
  });
}

function lost(asked: NamedTopic & { readonly partitions: readonly number[] }): FetchedTopic {
  const partitions = asked.partitions.map((partition) => {
    return { partition, committed: undefined, error: absence(undefined, asked, partition) };
  });
  return { name: asked.name, topicId: asked.topicId, partitions };
}

function found({ name, topicId }: NamedTopic, fetched: FetchedOffsets['topics'][number] | undefined): FetchedTopic {
  return { name, topicId, partitions: (fetched?.partitions ?? []).map((each) => ({ ...each, error: undefined })) };
}

/** Of all that is stored, what is there to be read; a topic that was deleted just now may still have offsets. */
function present({ view }: Routing, { topics }: FetchedOffsets): readonly FetchedTopic[] {
  return topics.flatMap(({ topic: name, partitions }) => {
    const topic = view.topic(name);
    if (topic === undefined) return [];
    const own = partitions.filter(({ committed }) => committed?.topicId === undefined || committed.topicId === topic.topicId);
    const kept = own.map((each) => ({ ...each, error: undefined }));
    return kept.length === 0 ? [] : [{ name, topicId: topic.topicId, partitions: kept }];
  });
}
