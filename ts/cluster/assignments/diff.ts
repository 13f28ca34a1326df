// What an image asks of each shard of one node. Pure; the same deltas make the same assignments.

import type { HostedPartition, PartitionName, ShardAssignment } from '../../model/assignment.js';
import type { TopicId } from '../../model/ids.js';
import { areSameSettings } from '../../model/topic-settings.js';
import type { Image, TopicImage } from '../metadata/image.js';
import type { Placement } from '../metadata/records/partitions-placed.js';
import { shardOf } from './shard-of.js';

export interface NodePlace {
  readonly nodeId: number;
  readonly shardsCount: number;
}

/** Everything the node hosts: what a start of it begins with. */
export function assignAll(image: Image, place: NodePlace): readonly ShardAssignment[] {
  const draft = new Draft(place);
  for (const topic of image.topics.values()) draft.diff(topic.topicId, undefined, topic);
  return draft.finish();
}

export function assignChanges(
  before: Image,
  after: Image,
  touched: Iterable<TopicId>,
  place: NodePlace,
): readonly ShardAssignment[] {
  const draft = new Draft(place);
  for (const topicId of touched) draft.diff(topicId, before.topics.get(topicId), after.topics.get(topicId));
  return draft.finish();
}

/** These once more, as they are by now; what is gone meanwhile is left out. */
export function assignThese(image: Image, names: Iterable<PartitionName>, shardsCount: number): readonly ShardAssignment[] {
  const shards = new Map<number, HostedPartition[]>();
  for (const { topicId, partition } of names) {
    const topic = image.topics.get(topicId);
    const placement = topic?.partitions[partition];
    if (topic === undefined || placement === undefined) continue;
    const shard = shardOf(topicId, partition, shardsCount);
    const host = shards.get(shard) ?? [];
    host.push({ topicId, partition, leaderEpoch: placement.leaderEpoch, settings: topic.settings });
    shards.set(shard, host);
  }
  return [...shards].map(([shard, host]) => ({ shard, host, remove: [] }));
}

interface Lists {
  readonly host: HostedPartition[];
  readonly remove: PartitionName[];
}

class Draft {
  readonly #place: NodePlace;
  readonly #shards = new Map<number, Lists>();

  constructor(place: NodePlace) {
    this.#place = place;
  }

  finish(): readonly ShardAssignment[] {
    return [...this.#shards].sort(([a], [b]) => a - b).map(([shard, lists]) => ({ shard, ...lists }));
  }

  diff(topicId: TopicId, before: TopicImage | undefined, after: TopicImage | undefined): void {
    const isReconfigured = before !== undefined && after !== undefined && !areSameSettings(before.settings, after.settings);
    const count = Math.max(before?.partitions.length ?? 0, after?.partitions.length ?? 0);
    for (let partition = 0; partition < count; partition++) {
      const was = this.#own(before?.partitions[partition]);
      const is = this.#own(after?.partitions[partition]);
      if (after !== undefined && is !== undefined) {
        if (isReconfigured || was?.leaderEpoch !== is.leaderEpoch) {
          const { leaderEpoch } = is;
          this.#of(topicId, partition).host.push({ topicId, partition, leaderEpoch, settings: after.settings });
        }
      } else if (was !== undefined) {
        this.#of(topicId, partition).remove.push({ topicId, partition });
      }
    }
  }

  #own(placement: Placement | undefined): Placement | undefined {
    return placement?.leader === this.#place.nodeId ? placement : undefined;
  }

  #of(topicId: TopicId, partition: number): Lists {
    const shard = shardOf(topicId, partition, this.#place.shardsCount);
    const known = this.#shards.get(shard);
    if (known !== undefined) return known;
    const lists: Lists = { host: [], remove: [] };
    this.#shards.set(shard, lists);
    return lists;
  }
}
