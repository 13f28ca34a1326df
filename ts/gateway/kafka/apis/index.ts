import { produceRow } from './00-produce.js';
import { fetchRow } from './01-fetch.js';
import { listOffsetsRow } from './02-list-offsets.js';
import { metadataRow } from './03-metadata.js';
import { offsetCommitRow } from './08-offset-commit.js';
import { offsetFetchRow } from './09-offset-fetch.js';
import { findCoordinatorRow } from './10-find-coordinator.js';
import { joinGroupRow } from './11-join-group.js';
import { heartbeatRow } from './12-heartbeat.js';
import { leaveGroupRow } from './13-leave-group.js';
import { syncGroupRow } from './14-sync-group.js';
import { describeGroupsRow } from './15-describe-groups.js';
import { listGroupsRow } from './16-list-groups.js';
import { apiVersionsRow } from './18-api-versions.js';
import { deleteGroupsRow } from './42-delete-groups.js';
import { offsetDeleteRow } from './47-offset-delete.js';
import type { Row } from './row.js';

const others: readonly Row[] = [
  produceRow,
  fetchRow,
  listOffsetsRow,
  metadataRow,
  offsetCommitRow,
  offsetFetchRow,
  findCoordinatorRow,
  joinGroupRow,
  heartbeatRow,
  leaveGroupRow,
  syncGroupRow,
  describeGroupsRow,
  listGroupsRow,
  deleteGroupsRow,
  offsetDeleteRow,
];

/** Everything that this door serves, by key. */
export const rows: ReadonlyMap<number, Row> = new Map(
  [...others, apiVersionsRow(others)].map((each) => [each.api.key, each] as const),
);
