import { api } from '../api.js';
import { int8, int16, int32, int64, rows, string } from '../field.js';

// The offset of a time, or of the beginning or the end of a log: negative times name those.
//
//   1   one offset for each partition, with its time
//   2   isolation level: the end is that of committed records
//   3   a quota delays the answer's successors, not the answer
//   4   leader epochs, both ways
//   5   may be answered with "not yet known" after an election
//   6   flexible
//   7   -3 asks for the largest time
//   8   -4 asks where the local log begins
//   9   -5 asks for the last offset in tiered storage
//   10  how long to wait for an answer from there
//   11  -6 asks for the first offset not yet uploaded

export const listOffsets = api({
  key: 2,
  name: 'ListOffsets',
  served: [1, 11],
  flexibleFrom: 6,
  request: {
    replicaId: int32,
    isolationLevel: int8.since(2),
    topics: rows({
      name: string,
      partitions: rows({
        partitionIndex: int32,
        currentLeaderEpoch: int32.since(4).default(-1).ignorable(),
        timestamp: int64,
      }),
    }),
    timeoutMs: int32.since(10).ignorable(),
  },
  response: {
    throttleTimeMs: int32.since(2).ignorable(),
    topics: rows({
      name: string,
      partitions: rows({
        partitionIndex: int32,
        errorCode: int16,
        timestamp: int64.default(-1),
        offset: int64.default(-1),
        leaderEpoch: int32.since(4).default(-1),
      }),
    }),
  },
});
