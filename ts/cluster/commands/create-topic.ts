import { assert } from '../../model/assert.js';
import type { TopicId } from '../../model/ids.js';
import { isInternalTopic } from '../../model/internal-topics.js';
import { failed, ok } from '../../model/result.js';
import type { Assignments } from '../../model/topic-changes.js';
import { checkTopicConfigs, topicConfigsConflict } from '../../model/topic-config.js';
import { nameFault } from '../../model/topic-name.js';
import { settingsOf } from '../../model/topic-settings.js';
import { type Image, likenessOf } from '../metadata/image.js';
import { assignmentsFault } from './assignments.js';
import type { ClusterDefaults, Decision } from './decision.js';
import { placeHere } from './place.js';

export interface CreateTopic {
  readonly name: string;
  /** Absent: the node's default, as is the replication factor. */
  readonly partitions?: number;
  readonly replicationFactor?: number;
  /** Instead of the two. */
  readonly assignments?: Assignments;
  readonly configs: Readonly<Record<string, string>>;
  /** Fresh: 16 random bytes that were no topic's before. */
  readonly topicId: TopicId;
}

export function createTopic(
  image: Image,
  request: CreateTopic,
  defaults: ClusterDefaults,
): Decision<{ readonly topicId: TopicId }> {
  const fault = nameFault(request.name);
  return fault === undefined ? makeTopic(image, request, defaults) : failed({ error: 'invalid-topic', message: fault });
}

/** One of the cluster's own, whose names no client may take. */
export function createInternalTopic(
  image: Image,
  request: CreateTopic,
  defaults: ClusterDefaults,
): Decision<{ readonly topicId: TopicId }> {
  assert(isInternalTopic(request.name), () => `${request.name} is a topic of clients`);
  return makeTopic(image, request, defaults);
}

function makeTopic(image: Image, request: CreateTopic, defaults: ClusterDefaults): Decision<{ readonly topicId: TopicId }> {
  const { name, topicId, assignments } = request;
  const partitions = assignments?.length ?? request.partitions ?? defaults.partitions;
  const replicationFactor = assignments?.[0]?.length ?? request.replicationFactor ?? defaults.replicationFactor;
  if (image.byName.has(name)) return failed({ error: 'topic-exists', message: `topic ${name} exists` });
  const [like] = image.alike.get(likenessOf(name) ?? '') ?? [];
  if (like !== undefined) {
    return failed({ error: 'invalid-topic', message: `topic ${name} is too like topic ${like}: "." and "_" count as the same` });
  }
  const misplaced = assignments === undefined ? undefined : assignmentsFault(assignments, defaults);
  if (misplaced !== undefined) return failed(misplaced);
  const placed = placeHere(image, 0, partitions, defaults);
  if (!placed.ok) return placed;
  if (!Number.isInteger(replicationFactor) || replicationFactor < 1) {
    return failed({ error: 'invalid-replication-factor', message: 'a topic has at least one replica' });
  }
  // The node that decides counts even before its own start is in the image.
  const nodesCount = Math.max(1, image.nodes.size);
  if (replicationFactor > nodesCount) {
    return failed({ error: 'invalid-replication-factor', message: `${replicationFactor} replicas on ${nodesCount} node(s)` });
  }
  const configs = checkTopicConfigs(request.configs, defaults.configs);
  if (!configs.ok) return failed({ error: 'invalid-config', message: configs.error });
  const conflict = topicConfigsConflict(configs.value);
  if (conflict !== undefined) return failed({ error: 'invalid-config', message: conflict });
  if (image.topics.has(topicId) || image.deleted.has(topicId))
    return failed({ error: 'internal', message: `topic id ${topicId} is taken` });
  return ok({
    records: [
      { type: 'topic-created', topicId, name, partitions, settings: settingsOf(configs.value) },
      { type: 'topic-configs-set', topicId, configs: configs.value },
      { type: 'partitions-placed', topicId, first: 0, placements: placed.value },
    ],
    answer: { topicId },
  });
}
