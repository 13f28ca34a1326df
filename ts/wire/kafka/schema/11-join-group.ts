import { api } from '../api.js';
import { boolean, bytes, int16, int32, rows, string } from '../field.js';

// Enters a group of the classic protocol and waits for the others. Metadata is the assignor's, opaque here.
//
//   0  the session timeout is that of a rebalance too; librdkafka looks for this version before it balances
//   1  a rebalance timeout of its own
//   2  throttling
//   3  a quota delays what comes after the answer
//   4  who comes without an id is given one and joins again with it
//   5  static members
//   6  flexible
//   7  the protocol type in answers
//   8  why the member joins
//   9  a leader that came back may be told to keep the assignment

export const joinGroup = api({
  key: 11,
  name: 'JoinGroup',
  served: [0, 9],
  flexibleFrom: 6,
  request: {
    groupId: string,
    sessionTimeoutMs: int32,
    rebalanceTimeoutMs: int32.since(1).default(-1).ignorable(),
    memberId: string,
    groupInstanceId: string.since(5).nullable().default(null),
    protocolType: string,
    protocols: rows({ name: string, metadata: bytes }),
    reason: string.since(8).nullable().default(null).ignorable(),
  },
  response: {
    throttleTimeMs: int32.since(2).ignorable(),
    errorCode: int16,
    generationId: int32.default(-1),
    protocolType: string.since(7).nullable().default(null).ignorable(),
    protocolName: string.nullable(7),
    leader: string,
    skipAssignment: boolean.since(9),
    memberId: string,
    members: rows({
      memberId: string,
      groupInstanceId: string.since(5).nullable().default(null).ignorable(),
      metadata: bytes,
    }),
  },
});
