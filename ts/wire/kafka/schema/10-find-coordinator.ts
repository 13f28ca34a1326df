import { api } from '../api.js';
import { int8, int16, int32, list, rows, string } from '../field.js';

// Which broker keeps a group (key type 0), a transaction (1) or a share group's partition (2).
//
//   1  key types, throttling, an error in words
//   2  a quota delays what comes after the answer
//   3  flexible
//   4  several keys
//   5  may be answered with "abort the transaction"
//   6  share groups

export const findCoordinator = api({
  key: 10,
  name: 'FindCoordinator',
  served: [0, 6],
  flexibleFrom: 3,
  request: { key: string.upTo(3), keyType: int8.since(1), coordinatorKeys: list(string).since(4) },
  response: {
    throttleTimeMs: int32.since(1).ignorable(),
    errorCode: int16.upTo(3),
    errorMessage: string.since(1).upTo(3).nullable().ignorable(),
    nodeId: int32.upTo(3),
    host: string.upTo(3),
    port: int32.upTo(3),
    coordinators: rows({
      key: string,
      nodeId: int32,
      host: string,
      port: int32,
      errorCode: int16,
      errorMessage: string.nullable().ignorable(),
    }).since(4),
  },
});
