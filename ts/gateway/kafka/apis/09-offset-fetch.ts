import type { GroupRefusal } from '../../../model/group-requests.js';
import type { TopicId } from '../../../model/ids.js';
import type { Result } from '../../../model/result.js';
import { offsetFetch } from '../../../wire/kafka/schema/09-offset-fetch.js';
import { askEach } from '../../verbs/ask-each.js';
import { type FetchedTopic, type FetchOffsets, fetchOffsets } from '../../verbs/fetch-offsets.js';
import { groupCode, namedIn, nameOut } from './group-codes.js';
import { row } from './row.js';

// Without transactions every committed offset is stable, so `requireStable` asks for nothing more. Who asks, and in which epoch, says
// the newer group protocol; of classic groups anybody may ask.

const groupErrorFrom = 2;
const groupsFrom = 8;
const topicIdsFrom = 10;

type Fetched = Result<readonly FetchedTopic[], GroupRefusal>;

export const offsetFetchRow = row(offsetFetch, ({ verbs }, request, answer, version) => {
  if (version >= groupsFrom) {
    const asked = request.groups.map(({ groupId, topics }) => ({ groupId, topics: topicsIn(topics, version) }));
    askEach<FetchOffsets, Fetched>(
      asked,
      (each, done) => fetchOffsets(verbs, each, done),
      (fetched) =>
        answer({ groups: fetched.map((each, index) => ({ groupId: asked[index]?.groupId ?? '', ...groupOut(each) })) }),
    );
    return;
  }
  // Version 0 and 1 have no null, and nothing asks for all there.
  const named = request.topics?.map(({ name, partitionIndexes }) => ({ name, topicId: undefined, partitions: partitionIndexes }));
  const asked = { groupId: request.groupId, topics: named };
  fetchOffsets(verbs, asked, (fetched) => {
    const { topics, errorCode } = groupOut(fetched);
    const isTold = errorCode === 0 || version >= groupErrorFrom;
    answer({ errorCode, topics: isTold ? topics : refusedTopics(named ?? [], errorCode) });
  });
});

function topicsIn(
  topics: readonly { readonly name: string; readonly topicId: TopicId; readonly partitionIndexes: readonly number[] }[] | null,
  version: number,
): FetchOffsets['topics'] {
  return topics?.map((topic) => ({ ...namedIn(topic, version, topicIdsFrom), partitions: topic.partitionIndexes }));
}

function groupOut(fetched: Fetched) {
  if (!fetched.ok) return { topics: [], errorCode: groupCode(fetched.error.error) };
  const topics = fetched.value.map((topic) => ({ ...nameOut(topic), partitions: topic.partitions.map(partitionOut) }));
  return { topics, errorCode: 0 };
}

const nothing = { committedOffset: -1, committedLeaderEpoch: -1, metadata: '' } as const;

function partitionOut({ partition, committed, error }: FetchedTopic['partitions'][number]) {
  const found =
    committed === undefined
      ? nothing
      : { committedOffset: committed.offset, committedLeaderEpoch: committed.leaderEpoch ?? -1, metadata: committed.metadata };
  return { partitionIndex: partition, ...found, errorCode: groupCode(error) };
}

/** The oldest versions have no other place for it. */
function refusedTopics(topics: NonNullable<FetchOffsets['topics']>, errorCode: number) {
  return topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map((partitionIndex) => ({ partitionIndex, ...nothing, errorCode })),
  }));
}
