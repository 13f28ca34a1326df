import { api } from '../api.js';
import { boolean, int16, int32, list, rows, string, struct, topicId } from '../field.js';

// Partitions of topics, by pages: what does not fit begins at the cursor of the next request.

export const describeTopicPartitions = api({
  key: 75,
  name: 'DescribeTopicPartitions',
  served: [0, 0],
  flexibleFrom: 0,
  request: {
    topics: rows({ name: string }),
    responsePartitionLimit: int32.default(2000),
    cursor: struct({ topicName: string, partitionIndex: int32 }).nullable().default(null),
  },
  response: {
    throttleTimeMs: int32.default(0),
    topics: rows({
      errorCode: int16,
      name: string.nullable(),
      topicId,
      isInternal: boolean.default(false),
      partitions: rows({
        errorCode: int16,
        partitionIndex: int32,
        leaderId: int32,
        leaderEpoch: int32.default(-1),
        replicaNodes: list(int32),
        isrNodes: list(int32),
        eligibleLeaderReplicas: list(int32).nullable().default(null),
        lastKnownElr: list(int32).nullable().default(null),
        offlineReplicas: list(int32),
      }),
      topicAuthorizedOperations: int32.default(-0x80000000),
    }),
    nextCursor: struct({ topicName: string, partitionIndex: int32 }).nullable().default(null),
  },
});
