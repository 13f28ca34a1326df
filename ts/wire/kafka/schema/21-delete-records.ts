import { api } from '../api.js';
import { int16, int32, int64, rows, string } from '../field.js';

// Moves the beginning of logs: to an offset, or with -1 to the high watermark.
//
//   1  a quota delays what comes after the answer
//   2  flexible

export const deleteRecords = api({
  key: 21,
  name: 'DeleteRecords',
  served: [0, 2],
  flexibleFrom: 2,
  request: {
    topics: rows({
      name: string,
      partitions: rows({ partitionIndex: int32, offset: int64 }),
    }),
    timeoutMs: int32,
  },
  response: {
    throttleTimeMs: int32.default(0),
    topics: rows({
      name: string,
      partitions: rows({ partitionIndex: int32, lowWatermark: int64, errorCode: int16 }),
    }),
  },
});
