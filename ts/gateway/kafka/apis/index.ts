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
import { saslHandshakeRow } from './17-sasl-handshake.js';
import { apiVersionsRow } from './18-api-versions.js';
import { createTopicsRow } from './19-create-topics.js';
import { deleteTopicsRow } from './20-delete-topics.js';
import { deleteRecordsRow } from './21-delete-records.js';
import { initProducerIdRow } from './22-init-producer-id.js';
import { offsetForLeaderEpochRow } from './23-offset-for-leader-epoch.js';
import { describeConfigsRow } from './32-describe-configs.js';
import { alterConfigsRow } from './33-alter-configs.js';
import { describeLogDirsRow } from './35-describe-log-dirs.js';
import { saslAuthenticateRow } from './36-sasl-authenticate.js';
import { createPartitionsRow } from './37-create-partitions.js';
import { deleteGroupsRow } from './42-delete-groups.js';
import { incrementalAlterConfigsRow } from './44-incremental-alter-configs.js';
import { offsetDeleteRow } from './47-offset-delete.js';
import { describeClusterRow } from './60-describe-cluster.js';
import { describeProducersRow } from './61-describe-producers.js';
import { listConfigResourcesRow } from './74-list-config-resources.js';
import { describeTopicPartitionsRow } from './75-describe-topic-partitions.js';
import type { Row } from './row.js';

const others: readonly Row[] = [
  produceRow,
  fetchRow,
  listOffsetsRow,
  metadataRow,
  saslHandshakeRow,
  createTopicsRow,
  deleteTopicsRow,
  deleteRecordsRow,
  initProducerIdRow,
  offsetForLeaderEpochRow,
  describeConfigsRow,
  alterConfigsRow,
  describeLogDirsRow,
  saslAuthenticateRow,
  createPartitionsRow,
  incrementalAlterConfigsRow,
  describeClusterRow,
  describeProducersRow,
  listConfigResourcesRow,
  describeTopicPartitionsRow,
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
