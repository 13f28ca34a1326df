import { api } from '../api.js';
import { boolean, int8, int16, int32, rows, string } from '../field.js';

// Brokers and controller, without topics.
//
//   1  asks for brokers (1) or controllers (2)
//   2  brokers that are fenced, too

export const describeCluster = api({
  key: 60,
  name: 'DescribeCluster',
  served: [0, 2],
  flexibleFrom: 0,
  request: {
    includeClusterAuthorizedOperations: boolean,
    endpointType: int8.since(1).default(1),
    includeFencedBrokers: boolean.since(2),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable().default(null),
    endpointType: int8.since(1).default(1),
    clusterId: string,
    controllerId: int32.default(-1),
    brokers: rows({
      brokerId: int32,
      host: string,
      port: int32,
      rack: string.nullable().default(null),
      isFenced: boolean.since(2),
    }),
    clusterAuthorizedOperations: int32.default(-0x80000000),
  },
});
