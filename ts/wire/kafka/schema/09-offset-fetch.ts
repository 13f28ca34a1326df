import { api } from '../api.js';
import { boolean, int16, int32, int64, list, rows, string, topicId } from '../field.js';

// How far a group has read. From 8 on several groups in one request, in fields of their own.
//
//   1   offsets that are kept in the log
//   2   null asks for all topics; an error of the whole answer
//   3   throttling
//   4   a quota delays what comes after the answer
//   5   the leader epoch that was committed
//   6   flexible
//   7   whether to wait for offsets of open transactions
//   8   several groups
//   9   the newer group protocol: who asks, in which member epoch
//   10  topic ids instead of names

export const offsetFetch = api({
  key: 9,
  name: 'OffsetFetch',
  served: [1, 10],
  flexibleFrom: 6,
  request: {
    groupId: string.upTo(7),
    topics: rows({ name: string, partitionIndexes: list(int32) })
      .upTo(7)
      .nullable(2),
    groups: rows({
      groupId: string,
      memberId: string.since(9).nullable().default(null).ignorable(),
      memberEpoch: int32.since(9).default(-1).ignorable(),
      topics: rows({
        name: string.upTo(9).ignorable(),
        topicId: topicId.since(10).ignorable(),
        partitionIndexes: list(int32),
      }).nullable(),
    }).since(8),
    requireStable: boolean.since(7),
  },
  response: {
    throttleTimeMs: int32.since(3).ignorable(),
    topics: rows({
      name: string,
      partitions: rows({
        partitionIndex: int32,
        committedOffset: int64,
        committedLeaderEpoch: int32.since(5).default(-1).ignorable(),
        metadata: string.nullable(),
        errorCode: int16,
      }),
    }).upTo(7),
    errorCode: int16.since(2).upTo(7).ignorable(),
    groups: rows({
      groupId: string,
      topics: rows({
        name: string.upTo(9).ignorable(),
        topicId: topicId.since(10).ignorable(),
        partitions: rows({
          partitionIndex: int32,
          committedOffset: int64,
          committedLeaderEpoch: int32.default(-1).ignorable(),
          metadata: string.nullable(),
          errorCode: int16,
        }),
      }),
      errorCode: int16.default(0),
    }).since(8),
  },
});
