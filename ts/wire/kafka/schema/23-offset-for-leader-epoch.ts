import { api } from '../api.js';
import { int16, int32, int64, rows, string } from '../field.js';

// Where an epoch's records end: how a reader finds out that its history was cut.
//
//   2  the oldest served: the epoch that the reader knows fences it
//   3  who asks; -2 is a consumer that may see all
//   4  flexible

export const offsetForLeaderEpoch = api({
  key: 23,
  name: 'OffsetForLeaderEpoch',
  served: [2, 4],
  flexibleFrom: 4,
  request: {
    replicaId: int32.since(3).default(-2).ignorable(),
    topics: rows({
      topic: string,
      partitions: rows({ partition: int32, currentLeaderEpoch: int32.default(-1), leaderEpoch: int32 }),
    }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    topics: rows({
      topic: string,
      partitions: rows({
        errorCode: int16,
        partition: int32,
        leaderEpoch: int32.default(-1),
        endOffset: int64.default(-1),
      }),
    }),
  },
});
