import { api } from '../api.js';
import { int16, int32, list, rows, string } from '../field.js';

// The groups that this broker keeps.
//
//   1  throttling
//   2  a quota delays what comes after the answer
//   3  flexible
//   4  states, to choose by and in answers
//   5  types, likewise

export const listGroups = api({
  key: 16,
  name: 'ListGroups',
  served: [0, 5],
  flexibleFrom: 3,
  request: { statesFilter: list(string).since(4), typesFilter: list(string).since(5) },
  response: {
    throttleTimeMs: int32.since(1).ignorable(),
    errorCode: int16,
    groups: rows({
      groupId: string,
      protocolType: string,
      groupState: string.since(4).ignorable(),
      groupType: string.since(5).ignorable(),
    }),
  },
});
