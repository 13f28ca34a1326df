import { api } from '../api.js';
import { int16, int32, rows, string } from '../field.js';

// Members leave a classic group: one up to 2, several from 3 on, which is how tools remove others.
//
//   1  throttling
//   2  a quota delays what comes after the answer
//   3  several members, static ones by instance id
//   4  flexible
//   5  why

export const leaveGroup = api({
  key: 13,
  name: 'LeaveGroup',
  served: [0, 5],
  flexibleFrom: 4,
  request: {
    groupId: string,
    memberId: string.upTo(2),
    members: rows({
      memberId: string,
      groupInstanceId: string.nullable().default(null),
      reason: string.since(5).nullable().default(null).ignorable(),
    }).since(3),
  },
  response: {
    throttleTimeMs: int32.since(1).ignorable(),
    errorCode: int16,
    members: rows({ memberId: string, groupInstanceId: string.nullable(), errorCode: int16 }).since(3),
  },
});
