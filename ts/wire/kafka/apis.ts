import type { Api } from './api.js';
import { produce } from './schema/00-produce.js';
import { fetch } from './schema/01-fetch.js';
import { listOffsets } from './schema/02-list-offsets.js';
import { metadata } from './schema/03-metadata.js';
import { offsetCommit } from './schema/08-offset-commit.js';
import { offsetFetch } from './schema/09-offset-fetch.js';
import { findCoordinator } from './schema/10-find-coordinator.js';
import { joinGroup } from './schema/11-join-group.js';
import { heartbeat } from './schema/12-heartbeat.js';
import { leaveGroup } from './schema/13-leave-group.js';
import { syncGroup } from './schema/14-sync-group.js';
import { describeGroups } from './schema/15-describe-groups.js';
import { listGroups } from './schema/16-list-groups.js';
import { saslHandshake } from './schema/17-sasl-handshake.js';
import { apiVersions } from './schema/18-api-versions.js';
import { createTopics } from './schema/19-create-topics.js';
import { deleteTopics } from './schema/20-delete-topics.js';
import { deleteRecords } from './schema/21-delete-records.js';
import { initProducerId } from './schema/22-init-producer-id.js';
import { offsetForLeaderEpoch } from './schema/23-offset-for-leader-epoch.js';
import { describeConfigs } from './schema/32-describe-configs.js';
import { alterConfigs } from './schema/33-alter-configs.js';
import { describeLogDirs } from './schema/35-describe-log-dirs.js';
import { saslAuthenticate } from './schema/36-sasl-authenticate.js';
import { createPartitions } from './schema/37-create-partitions.js';
import { deleteGroups } from './schema/42-delete-groups.js';
import { incrementalAlterConfigs } from './schema/44-incremental-alter-configs.js';
import { offsetDelete } from './schema/47-offset-delete.js';
import { describeCluster } from './schema/60-describe-cluster.js';
import { describeProducers } from './schema/61-describe-producers.js';
import { listConfigResources } from './schema/74-list-config-resources.js';
import { describeTopicPartitions } from './schema/75-describe-topic-partitions.js';

/** All of the protocol that has a schema, by key: the type knows each, for tables that have to name all of them. */
export const apis = [
  produce,
  fetch,
  listOffsets,
  metadata,
  offsetCommit,
  offsetFetch,
  findCoordinator,
  joinGroup,
  heartbeat,
  leaveGroup,
  syncGroup,
  describeGroups,
  listGroups,
  saslHandshake,
  apiVersions,
  createTopics,
  deleteTopics,
  deleteRecords,
  initProducerId,
  offsetForLeaderEpoch,
  describeConfigs,
  alterConfigs,
  describeLogDirs,
  saslAuthenticate,
  createPartitions,
  deleteGroups,
  incrementalAlterConfigs,
  offsetDelete,
  describeCluster,
  describeProducers,
  listConfigResources,
  describeTopicPartitions,
] as const satisfies readonly Api[];

const byKey: ReadonlyMap<number, Api> = new Map<number, Api>(apis.map((api) => [api.key, api]));

export function apiOf(key: number): Api | undefined {
  return byKey.get(key);
}
