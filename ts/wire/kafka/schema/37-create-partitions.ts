import { api } from '../api.js';
import { boolean, int16, int32, list, rows, string } from '../field.js';

// Adds partitions to topics: the count is that of all, afterwards.
//
//   1  a quota delays what comes after the answer
//   2  flexible
//   3  may be answered with "too many changes"

export const createPartitions = api({
  key: 37,
  name: 'CreatePartitions',
  served: [0, 3],
  flexibleFrom: 2,
  request: {
    topics: rows({
      name: string,
      count: int32,
      assignments: rows({ brokerIds: list(int32) }).nullable(),
    }),
    timeoutMs: int32,
    validateOnly: boolean,
  },
  response: {
    throttleTimeMs: int32.default(0),
    results: rows({ name: string, errorCode: int16, errorMessage: string.nullable().default(null) }),
  },
});
