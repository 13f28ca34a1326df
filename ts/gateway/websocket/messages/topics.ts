import { topicIdBytes } from '../../../model/ids.js';
import type { TopicRoute } from '../../../model/ports.js';
import { durabilities } from '../../../wire/proto/enums.js';
import type { TopicDescription } from '../../../wire/proto/generated/messages.js';
import type { Draft } from '../../../wire/proto/messages.js';

/** The routes are those of this node, so it leads what they name. */
export function wireTopic({ name, topicId, durability, partitions }: TopicRoute, nodeId: number): Draft<TopicDescription> {
  return {
    name,
    topicId: topicIdBytes(topicId),
    durability: durabilities[durability],
    partitions: partitions.map(({ partition, leaderEpoch }) => ({
      partition,
      leaderId: nodeId,
      leaderEpoch,
      replicas: [nodeId],
      inSyncReplicas: [nodeId],
    })),
  };
}
