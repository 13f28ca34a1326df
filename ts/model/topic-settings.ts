export type Durability = 'fsync' | 'replicated';

/** A topic's configuration as the data plane reads it; what is absent stays as it is, or has its default in a new topic. */
export interface TopicSettings {
  readonly durability?: Durability;
  readonly batchSizeMax?: number;
  readonly segmentSizeMax?: number;
  readonly segmentAgeMaxMs?: number;
  readonly indexInterval?: number;
  readonly isLogAppendTime?: boolean;
  /** Below zero: keeps everything. */
  readonly retentionMs?: number;
  readonly retentionSize?: number;
}
