import { failed, ok } from '../../model/result.js';
import { areSameSettings, settingsOf } from '../../model/topic-settings.js';
import type { Image, TopicImage } from '../metadata/image.js';
import type { MetadataRecord } from '../metadata/records/record.js';
import type { Decision } from './decision.js';

export interface StartNode {
  readonly nodeId: number;
  /** As the superblock counts: larger than at any start before. */
  readonly startCount: number;
  /** Becomes the cluster's id if it has none. */
  readonly freshClusterId: string;
}

/** The first thing of a node's life; nothing is appended before it is committed. */
export function startNode(
  image: Image,
  { nodeId, startCount, freshClusterId }: StartNode,
): Decision<{ readonly clusterId: string }> {
  const known = image.nodes.get(nodeId) ?? 0;
  if (startCount <= known)
    return failed({ error: 'internal', message: `node ${nodeId} has started ${known} times, and now for the ${startCount}th` });
  const clusterId = image.clusterId ?? freshClusterId;
  const named: readonly MetadataRecord[] = image.clusterId === undefined ? [{ type: 'cluster-named', clusterId }] : [];
  const drifted = [...image.topics.values()].flatMap(settled);
  return ok({ records: [...named, { type: 'node-started', nodeId, startCount }, ...drifted], answer: { clusterId } });
}

/** Defaults may have changed since the topic was last configured, by another version or by `log append`. */
function settled({ topicId, configs, settings }: TopicImage): readonly MetadataRecord[] {
  const wanted = settingsOf(configs);
  if (areSameSettings(wanted, settings)) return [];
  return [
    { type: 'topic-configured', topicId, settings: wanted },
    { type: 'topic-configs-set', topicId, configs },
  ];
}
