import { api } from '../api.js';
import { boolean, bytes, int16, int32, list, rows, string } from '../field.js';

// Classic groups with their members.
//
//   1  throttling
//   2  a quota delays what comes after the answer
//   3  what the client is allowed to do, if it asks
//   4  static members
//   5  flexible
//   6  a group that is not there is an error, with words

export const describeGroups = api({
  key: 15,
  name: 'DescribeGroups',
  served: [0, 6],
  flexibleFrom: 5,
  request: { groups: list(string), includeAuthorizedOperations: boolean.since(3) },
  response: {
    throttleTimeMs: int32.since(1).ignorable(),
    groups: rows({
      errorCode: int16,
      errorMessage: string.since(6).nullable().default(null),
      groupId: string,
      groupState: string,
      protocolType: string,
      protocolData: string,
      members: rows({
        memberId: string,
        groupInstanceId: string.since(4).nullable().default(null).ignorable(),
        clientId: string,
        clientHost: string,
        memberMetadata: bytes,
        memberAssignment: bytes,
      }),
      authorizedOperations: int32.since(3).default(-0x80000000),
    }),
  },
});
