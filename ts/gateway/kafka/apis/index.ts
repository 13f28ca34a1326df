import { produceRow } from './00-produce.js';
import { fetchRow } from './01-fetch.js';
import { listOffsetsRow } from './02-list-offsets.js';
import { metadataRow } from './03-metadata.js';
import { apiVersionsRow } from './18-api-versions.js';
import type { Row } from './row.js';

const others: readonly Row[] = [produceRow, fetchRow, listOffsetsRow, metadataRow];

/** Everything that this door serves, by key. */
export const rows: ReadonlyMap<number, Row> = new Map(
  [...others, apiVersionsRow(others)].map((each) => [each.api.key, each] as const),
);
