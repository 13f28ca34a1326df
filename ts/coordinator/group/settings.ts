/** What a group is held to. Named behind each: Kafka's setting. */
export interface GroupSettings {
  /** `group.min.session.timeout.ms`, `group.max.session.timeout.ms`. */
  readonly sessionTimeoutMsMin: number;
  readonly sessionTimeoutMsMax: number;
  /**
   * `group.initial.rebalance.delay.ms`: so long an empty group waits for more members after the first. It costs every first
   * consumer of a group that long before it reads its first record, a console consumer too; it saves a service that starts many
   * consumers at once a rebalance for each of them.
   */
  readonly initialRebalanceDelayMs: number;
  /** A new member that waits for its first answer may be silent for so long: its own timeouts begin with the answer. */
  readonly newMemberTimeoutMs: number;
  /** `group.max.size`, and as many more that were given an id and have not come with it yet. */
  readonly membersMax: number;
  /** Of all members' metadata and assignments: they are one record, and one record has to fit into a batch. */
  readonly groupSizeMax: number;
  /** `offset.metadata.max.bytes`, which Kafka counts in characters too. */
  readonly offsetMetadataMax: number;
  /** Committed offsets of one group. */
  readonly offsetsMax: number;
  /** `offsets.retention.minutes`. */
  readonly offsetsRetentionMs: number;
}

export const groupDefaults: GroupSettings = {
  sessionTimeoutMsMin: 6_000,
  sessionTimeoutMsMax: 1_800_000,
  initialRebalanceDelayMs: 3_000,
  newMemberTimeoutMs: 300_000,
  membersMax: 5_000,
  groupSizeMax: 1 << 20,
  offsetMetadataMax: 4_096,
  offsetsMax: 100_000,
  offsetsRetentionMs: 7 * 24 * 3_600_000,
};

/** Of whatever names something: a stored name has 16 bits for its size in bytes, and an id is made of one and some more. */
export const nameLengthMax = 8_000;
