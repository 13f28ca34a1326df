import { api } from '../api.js';
import { bytes, int16, int32, rows, string } from '../field.js';

// The leader of a classic group hands in the assignment, each member gets its part. Opaque here.
//
//   1  throttling
//   2  a quota delays what comes after the answer
//   3  static members
//   4  flexible
//   5  type and name of the protocol, which have to be the group's

export const syncGroup = api({
  key: 14,
  name: 'SyncGroup',
  served: [0, 5],
  flexibleFrom: 4,
  request: {
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: string.since(3).nullable().default(null),
    protocolType: string.since(5).nullable().default(null).ignorable(),
    protocolName: string.since(5).nullable().default(null).ignorable(),
    assignments: rows({ memberId: string, assignment: bytes }),
  },
  response: {
    throttleTimeMs: int32.since(1).ignorable(),
    errorCode: int16,
    protocolType: string.since(5).nullable().default(null).ignorable(),
    protocolName: string.since(5).nullable().default(null).ignorable(),
    assignment: bytes,
  },
});
