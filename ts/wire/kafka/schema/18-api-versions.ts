import { api } from '../api.js';
import { boolean, int16, int32, int64, rows, string } from '../field.js';

// What is spoken here. Its answer has the oldest header in every version, since the client does not know yet what is understood.
//
//   1  throttling
//   2  a quota delays what comes after the answer
//   3  flexible; which client it is, which features the cluster has
//   4  a feature may begin at version 0

export const apiVersions = api({
  key: 18,
  name: 'ApiVersions',
  served: [0, 4],
  flexibleFrom: 3,
  request: { clientSoftwareName: string.since(3).ignorable(), clientSoftwareVersion: string.since(3).ignorable() },
  response: {
    errorCode: int16,
    apiKeys: rows({ apiKey: int16, minVersion: int16, maxVersion: int16 }),
    throttleTimeMs: int32.since(1).ignorable(),
    supportedFeatures: rows({ name: string, minVersion: int16, maxVersion: int16 }).since(3).tagged(0).ignorable(),
    finalizedFeaturesEpoch: int64.since(3).tagged(1).default(-1).ignorable(),
    finalizedFeatures: rows({ name: string, maxVersionLevel: int16, minVersionLevel: int16 }).since(3).tagged(2).ignorable(),
    zkMigrationReady: boolean.since(3).tagged(3).ignorable(),
  },
});
