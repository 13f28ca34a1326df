import { api } from '../api.js';
import { boolean, int8, int16, int32, list, rows, string } from '../field.js';

// Configs of topics (resource type 2), brokers (4), loggers (8), groups (32).
//
//   1  the oldest served: where a value comes from, and what it hides
//   2  a quota delays what comes after the answer
//   3  types and documentation
//   4  flexible

export const describeConfigs = api({
  key: 32,
  name: 'DescribeConfigs',
  served: [1, 4],
  flexibleFrom: 4,
  request: {
    resources: rows({ resourceType: int8, resourceName: string, configurationKeys: list(string).nullable() }),
    includeSynonyms: boolean.default(false),
    includeDocumentation: boolean.since(3),
  },
  response: {
    throttleTimeMs: int32.default(0),
    results: rows({
      errorCode: int16,
      errorMessage: string.nullable(),
      resourceType: int8,
      resourceName: string,
      configs: rows({
        name: string,
        value: string.nullable(),
        readOnly: boolean,
        configSource: int8.default(-1),
        isSensitive: boolean,
        synonyms: rows({ name: string, value: string.nullable(), source: int8 }),
        configType: int8.since(3).ignorable(),
        documentation: string.since(3).nullable().ignorable(),
      }),
    }),
  },
});
