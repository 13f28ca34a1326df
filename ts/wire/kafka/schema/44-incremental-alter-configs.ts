import { api } from '../api.js';
import { boolean, int8, int16, int32, rows, string } from '../field.js';

// Changes single configs: operation 0 sets, 1 takes back, 2 appends to a list, 3 takes out of one.
//
//   1  flexible

export const incrementalAlterConfigs = api({
  key: 44,
  name: 'IncrementalAlterConfigs',
  served: [0, 1],
  flexibleFrom: 1,
  request: {
    resources: rows({
      resourceType: int8,
      resourceName: string,
      configs: rows({ name: string, configOperation: int8, value: string.nullable() }),
    }),
    validateOnly: boolean,
  },
  response: {
    throttleTimeMs: int32.default(0),
    responses: rows({ errorCode: int16, errorMessage: string.nullable(), resourceType: int8, resourceName: string }),
  },
});
