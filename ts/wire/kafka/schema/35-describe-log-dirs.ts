import { api } from '../api.js';
import { boolean, int16, int32, int64, list, rows, string } from '../field.js';

// Where logs lie and how large they are. Kafka's version 5 tells of cordoned directories, of which there are none here.
//
//   1  the oldest served: a quota delays what comes after the answer
//   2  flexible
//   3  an error of the whole answer
//   4  size and room of the disk

export const describeLogDirs = api({
  key: 35,
  name: 'DescribeLogDirs',
  served: [1, 4],
  flexibleFrom: 2,
  request: { topics: rows({ topic: string, partitions: list(int32) }).nullable() },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16.since(3).ignorable(),
    results: rows({
      errorCode: int16,
      logDir: string,
      topics: rows({
        name: string,
        partitions: rows({ partitionIndex: int32, partitionSize: int64, offsetLag: int64, isFutureKey: boolean }),
      }),
      totalBytes: int64.since(4).default(-1).ignorable(),
      usableBytes: int64.since(4).default(-1).ignorable(),
    }),
  },
});
