import { api } from '../api.js';
import { int16, int32, string } from '../field.js';

// A member of a classic group is alive; the answer says whether it has to join again.
//
//   1  throttling
//   2  a quota delays what comes after the answer
//   3  static members
//   4  flexible

export const heartbeat = api({
  key: 12,
  name: 'Heartbeat',
  served: [0, 4],
  flexibleFrom: 4,
  request: { groupId: string, generationId: int32, memberId: string, groupInstanceId: string.since(3).nullable().default(null) },
  response: { throttleTimeMs: int32.since(1).ignorable(), errorCode: int16 },
});
