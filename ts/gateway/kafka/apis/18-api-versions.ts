import { apiVersions } from '../../../wire/kafka/schema/18-api-versions.js';
import { type Row, row } from './row.js';

/** What can be asked for: the rows that are served, and this one. */
export function apiVersionsRow(others: readonly Row[]): Row {
  const own: Row = row(apiVersions, (_exchange, _request, answer) => answer({ errorCode: 0, apiKeys }));
  const apiKeys = [...others, own]
    .map(
      ({
        api: {
          key: apiKey,
          advertised: [minVersion, maxVersion],
        },
      }) => ({ apiKey, minVersion, maxVersion }),
    )
    .sort((a, b) => a.apiKey - b.apiKey);
  return own;
}
