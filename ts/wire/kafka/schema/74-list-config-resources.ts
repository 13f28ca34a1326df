import { api } from '../api.js';
import { int8, int16, int32, list, rows, string } from '../field.js';

// What has configs at all.
//
//   0  metrics subscriptions of clients only
//   1  of the types asked for, or of all

export const listConfigResources = api({
  key: 74,
  name: 'ListConfigResources',
  served: [0, 1],
  flexibleFrom: 0,
  request: { resourceTypes: list(int8).since(1) },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    configResources: rows({ resourceName: string, resourceType: int8.since(1).default(16).ignorable() }),
  },
});
