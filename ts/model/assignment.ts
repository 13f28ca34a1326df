import type { Failure } from './errors.js';
import type { TopicId } from './ids.js';
import type { CompleteSettings } from './topic-settings.js';

export interface PartitionName {
  readonly topicId: TopicId;
  readonly partition: number;
}

/** Host it like this from now on: make it if it is not there, else take over what differs. */
export interface HostedPartition extends PartitionName {
  readonly leaderEpoch: number;
  readonly settings: CompleteSettings;
}

/** For one shard. What stands in no list stays as it is. */
export interface ShardAssignment {
  readonly shard: number;
  readonly host: readonly HostedPartition[];
  /** Their topic is deleted, durably: no more appends, and a tombstone before it is answered. */
  readonly remove: readonly PartitionName[];
}

/** A shard's answer for a partition that it was to host or to remove. */
export type HostAnswer =
  | (PartitionName & { readonly handle: number })
  /** It cannot: the partition has no route until the next start of the node. */
  | (PartitionName & { readonly failure: Failure; readonly isRemoval?: undefined })
  /** Its topic is deleted, its files are still there. */
  | (PartitionName & { readonly failure: Failure; readonly isRemoval: true });
