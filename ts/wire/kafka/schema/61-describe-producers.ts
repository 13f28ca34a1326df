import { api } from '../api.js';
import { int16, int32, int64, list, rows, string } from '../field.js';

// The producers that a partition knows.

export const describeProducers = api({
  key: 61,
  name: 'DescribeProducers',
  served: [0, 0],
  flexibleFrom: 0,
  request: { topics: rows({ name: string, partitionIndexes: list(int32) }) },
  response: {
    throttleTimeMs: int32.default(0),
    topics: rows({
      name: string,
      partitions: rows({
        partitionIndex: int32,
        errorCode: int16,
        errorMessage: string.nullable().default(null),
        activeProducers: rows({
          producerId: int64,
          producerEpoch: int32,
          lastSequence: int32.default(-1),
          lastTimestamp: int64.default(-1),
          coordinatorEpoch: int32,
          currentTxnStartOffset: int64.default(-1),
        }),
      }),
    }),
  },
});
