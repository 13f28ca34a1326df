import { api } from '../api.js';
import { boolean, int8, int16, int32, rows, string } from '../field.js';

// Replaces all configs of a resource. IncrementalAlterConfigs is what clients use since.
//
//   1  a quota delays what comes after the answer
//   2  flexible

export const alterConfigs = api({
  key: 33,
  name: 'AlterConfigs',
  served: [0, 2],
  flexibleFrom: 2,
  request: {
    resources: rows({
      resourceType: int8,
      resourceName: string,
      configs: rows({ name: string, value: string.nullable() }),
    }),
    validateOnly: boolean,
  },
  response: {
    throttleTimeMs: int32.default(0),
    responses: rows({ errorCode: int16, errorMessage: string.nullable(), resourceType: int8, resourceName: string }),
  },
});
