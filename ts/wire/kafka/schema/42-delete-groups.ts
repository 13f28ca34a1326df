import { api } from '../api.js';
import { int16, int32, list, rows, string } from '../field.js';

// Deletes groups without members.
//
//   1  a quota delays what comes after the answer
//   2  flexible

export const deleteGroups = api({
  key: 42,
  name: 'DeleteGroups',
  served: [0, 2],
  flexibleFrom: 2,
  request: { groupsNames: list(string) },
  response: { throttleTimeMs: int32.default(0), results: rows({ groupId: string, errorCode: int16 }) },
});
