import { api } from '../api.js';
import { int16, int32, rows, string } from '../field.js';

// Forgets a group's offsets of topics that it does not read any more.

export const offsetDelete = api({
  key: 47,
  name: 'OffsetDelete',
  served: [0, 0],
  request: {
    groupId: string,
    topics: rows({
      name: string,
      partitions: rows({ partitionIndex: int32 }),
    }),
  },
  response: {
    errorCode: int16,
    throttleTimeMs: int32.default(0),
    topics: rows({
      name: string,
      partitions: rows({ partitionIndex: int32, errorCode: int16 }),
    }),
  },
});
