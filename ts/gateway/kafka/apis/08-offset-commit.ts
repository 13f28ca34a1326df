import { offsetCommit } from '../../../wire/kafka/schema/08-offset-commit.js';
import { commitOffsets } from '../../verbs/commit-offsets.js';
import { groupCode, namedIn, nameOut, orUndefined } from './group-codes.js';
import { row } from './row.js';

/** The oldest versions may set a time for which offsets are kept; from 9 on a client understands that there is no such group. */
const retentionUpTo = 4;
const knowsMissingGroupsFrom = 9;
const topicIdsFrom = 10;

export const offsetCommitRow = row(offsetCommit, ({ verbs }, request, answer, version) => {
  const topics = request.topics.map((topic) => ({
    ...namedIn(topic, version, topicIdsFrom),
    partitions: topic.partitions.map(({ partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata }) => ({
      partition: partitionIndex,
      offset: committedOffset,
      leaderEpoch: committedLeaderEpoch < 0 ? undefined : committedLeaderEpoch,
      metadata: committedMetadata ?? '',
    })),
  }));
  const isTimed = version <= retentionUpTo && request.retentionTimeMs >= 0;
  const commit = {
    groupId: request.groupId,
    memberId: request.memberId,
    instanceId: orUndefined(request.groupInstanceId),
    generationId: request.generationIdOrMemberEpoch,
    retentionMs: isTimed ? request.retentionTimeMs : undefined,
    knowsMissingGroups: version >= knowsMissingGroupsFrom,
    topics,
  };
  commitOffsets(verbs, commit, (outcomes) =>
    answer({
      topics: topics.map((topic, at) => ({
        ...nameOut(topic),
        partitions: topic.partitions.map(({ partition }, index) => {
          return { partitionIndex: partition, errorCode: groupCode(outcomes[at]?.[index]) };
        }),
      })),
    }),
  );
});
