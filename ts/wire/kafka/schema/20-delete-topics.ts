import { api } from '../api.js';
import { int16, int32, list, rows, string, topicId } from '../field.js';

// Deletes topics.
//
//   1  the oldest served: throttling
//   2  a quota delays what comes after the answer
//   3  may be answered with "deletion is disabled"
//   4  flexible
//   5  errors in words; "too many changes"
//   6  by id or by name, in a field of its own

export const deleteTopics = api({
  key: 20,
  name: 'DeleteTopics',
  served: [1, 6],
  flexibleFrom: 4,
  request: {
    topics: rows({ name: string.nullable().default(null), topicId }).since(6),
    topicNames: list(string).upTo(5).ignorable(),
    timeoutMs: int32,
  },
  response: {
    throttleTimeMs: int32.default(0),
    responses: rows({
      name: string.nullable(6),
      topicId: topicId.since(6).ignorable(),
      errorCode: int16,
      errorMessage: string.since(5).nullable().default(null).ignorable(),
    }),
  },
});
