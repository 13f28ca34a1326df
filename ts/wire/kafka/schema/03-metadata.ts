import { api } from '../api.js';
import { boolean, int16, int32, list, rows, string, topicId } from '../field.js';

// Who leads what, and where the brokers are. An empty list asks for all topics in version 0; from 1 on null does.
//
//   1   racks, the controller, which topics are internal
//   2   the cluster's id
//   3   throttling
//   4   whether asking may create a topic
//   5   replicas that are offline
//   6   a quota delays what comes after the answer
//   7   leader epochs
//   8   what the client is allowed to do, if it asks
//   9   flexible
//   10  topic ids in answers (in requests from 12 on)
//   11  what is allowed on the cluster has moved to DescribeCluster
//   12  topics may be asked for by id, with a null name
//   13  an error of the whole answer

export const metadata = api({
  key: 3,
  name: 'Metadata',
  served: [0, 13],
  flexibleFrom: 9,
  request: {
    topics: rows({ topicId: topicId.since(10).ignorable(), name: string.nullable(10) }).nullable(1),
    allowAutoTopicCreation: boolean.since(4).default(true),
    includeClusterAuthorizedOperations: boolean.since(8).upTo(10),
    includeTopicAuthorizedOperations: boolean.since(8),
  },
  response: {
    throttleTimeMs: int32.since(3).ignorable(),
    brokers: rows({
      nodeId: int32,
      host: string,
      port: int32,
      rack: string.since(1).nullable().default(null).ignorable(),
    }),
    clusterId: string.since(2).nullable().default(null).ignorable(),
    controllerId: int32.since(1).default(-1).ignorable(),
    topics: rows({
      errorCode: int16,
      name: string.nullable(12),
      topicId: topicId.since(10).ignorable(),
      isInternal: boolean.since(1).ignorable(),
      partitions: rows({
        errorCode: int16,
        partitionIndex: int32,
        leaderId: int32,
        leaderEpoch: int32.since(7).default(-1).ignorable(),
        replicaNodes: list(int32),
        isrNodes: list(int32),
        offlineReplicas: list(int32).since(5).ignorable(),
      }),
      topicAuthorizedOperations: int32.since(8).default(-0x80000000),
    }),
    clusterAuthorizedOperations: int32.since(8).upTo(10).default(-0x80000000),
    errorCode: int16.since(13).ignorable(),
  },
});
