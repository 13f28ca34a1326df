import type { TopicId } from './ids.js';
import type { TopicSettings } from './topic-settings.js';

/** A partition that a shard must lead from now on, as the metadata log has it. */
export interface PartitionAssignment {
  readonly topicId: TopicId;
  readonly partition: number;
  readonly leaderEpoch: number;
  readonly settings: Required<TopicSettings>;
}

export interface PartitionName {
  readonly topicId: TopicId;
  readonly partition: number;
}

/** A change of what a shard hosts. */
export interface ShardAssignment {
  /** New ones, and known ones whose settings or leader epoch are others now. */
  readonly lead: readonly PartitionAssignment[];
  /** Deleted, for good. */
  readonly remove: readonly PartitionName[];
}

/** A partition that is led, by the shard's name for it. */
export interface PartitionHandle extends PartitionName {
  readonly handle: number;
}
