import { api } from '../api.js';
import { int16, int32, int64, rows, string, topicId } from '../field.js';

// Stores how far a group has read.
//
//   2   the oldest served: kept in the log, with a retention of its own
//   3   throttling
//   4   a quota delays what comes after the answer
//   5   how long offsets are kept is the broker's affair
//   6   the leader epoch of what was read
//   7   static members
//   8   flexible
//   9   the newer group protocol: the generation may be a member epoch
//   10  topic ids instead of names

export const offsetCommit = api({
  key: 8,
  name: 'OffsetCommit',
  served: [2, 10],
  flexibleFrom: 8,
  request: {
    groupId: string,
    generationIdOrMemberEpoch: int32.default(-1),
    memberId: string,
    groupInstanceId: string.since(7).nullable().default(null),
    retentionTimeMs: int64.upTo(4).default(-1).ignorable(),
    topics: rows({
      name: string.upTo(9).ignorable(),
      topicId: topicId.since(10).ignorable(),
      partitions: rows({
        partitionIndex: int32,
        committedOffset: int64,
        committedLeaderEpoch: int32.since(6).default(-1).ignorable(),
        committedMetadata: string.nullable(),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32.since(3).ignorable(),
    topics: rows({
      name: string.upTo(9).ignorable(),
      topicId: topicId.since(10).ignorable(),
      partitions: rows({ partitionIndex: int32, errorCode: int16 }),
    }),
  },
});
