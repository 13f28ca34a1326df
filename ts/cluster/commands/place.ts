import type { Failure } from '../../model/errors.js';
import { failed, ok, type Result } from '../../model/result.js';
import type { Image } from '../metadata/image.js';
import type { Placement } from '../metadata/records/partitions-placed.js';
import type { ClusterDefaults } from './decision.js';

/**
 * Placements of a topic's partitions from `present` up to `wanted`, all on the node that decides. They begin with the leader epoch
 * that this life of the node gives to all it leads.
 */
export function placeHere(
  image: Image,
  present: number,
  wanted: number,
  defaults: ClusterDefaults,
): Result<readonly Placement[], Failure> {
  const { nodeId, partitionsMax } = defaults;
  const no = (message: string) => failed({ error: 'invalid-partitions', message } as const);
  if (!Number.isInteger(wanted) || wanted < 1) return no(`a topic has at least one partition, not ${wanted}`);
  if (wanted <= present) return no(`the topic has ${present} partitions already, and none can be taken away`);
  const added = wanted - present;
  if (image.partitionsCount + added > partitionsMax) {
    return no(
      `${added} more partitions beside ${image.partitionsCount}: the node’s setting partitions-max allows ${partitionsMax}`,
    );
  }
  const leaderEpoch = image.nodes.get(nodeId) ?? 0;
  return ok(Array.from({ length: added }, () => ({ leader: nodeId, leaderEpoch })));
}
