import { api } from '../api.js';
import { boolean, int8, int16, int32, list, rows, string, topicId } from '../field.js';

// Creates topics, or only checks that it could.
//
//   2  the oldest served: throttling
//   3  a quota delays what comes after the answer
//   4  -1 partitions or replicas: the broker's defaults
//   5  flexible; answers tell what was created, with its configs
//   6  may be answered with "too many changes"
//   7  the topic's id

export const createTopics = api({
  key: 19,
  name: 'CreateTopics',
  served: [2, 7],
  flexibleFrom: 5,
  request: {
    topics: rows({
      name: string,
      numPartitions: int32,
      replicationFactor: int16,
      assignments: rows({ partitionIndex: int32, brokerIds: list(int32) }),
      configs: rows({ name: string, value: string.nullable() }),
    }),
    timeoutMs: int32.default(60000),
    validateOnly: boolean.default(false),
  },
  response: {
    throttleTimeMs: int32.default(0),
    topics: rows({
      name: string,
      topicId: topicId.since(7).ignorable(),
      errorCode: int16,
      errorMessage: string.nullable(),
      topicConfigErrorCode: int16.since(5).tagged(0).ignorable(),
      numPartitions: int32.since(5).default(-1).ignorable(),
      replicationFactor: int16.since(5).default(-1).ignorable(),
      configs: rows({
        name: string,
        value: string.nullable(),
        readOnly: boolean,
        configSource: int8.default(-1).ignorable(),
        isSensitive: boolean,
      })
        .since(5)
        .nullable()
        .ignorable(),
    }),
  },
});
