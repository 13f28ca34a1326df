import { type GroupSettings, groupDefaults } from './group/settings.js';

/** What the coordinator of one partition is held to. */
export interface CoordinatorSettings {
  readonly group: GroupSettings;
  /** A commit or a join that would make one more is refused. */
  readonly groupsMax: number;
  /** What all groups keep, in bytes, roughly: beyond it no commit and no new member is taken. */
  readonly sizeMax: number;
  /** That wait for an answer: every member of a rebalance has one. What comes on top is told to come again. */
  readonly requestsMax: number;
  /** Of one append, unless a single record is larger: the group's own may be `groupSizeMax` and a little. */
  readonly appendSizeMax: number;
  /** So long it rests after a failure before it reads the log again: twice as long each time that it fails soon after. */
  readonly reloadDelayMs: number;
  readonly reloadDelayMsMax: number;
  /** `offsets.retention.check.interval.ms`. */
  readonly sweepIntervalMs: number;
  /** The log may hold twice what is alive, and so many records more, before it is rewritten. */
  readonly deadRecordsMax: number;
}

export const coordinatorDefaults: CoordinatorSettings = {
  group: groupDefaults,
  groupsMax: 100_000,
  sizeMax: 256 << 20,
  requestsMax: 50_000,
  appendSizeMax: 256 << 10,
  reloadDelayMs: 1_000,
  reloadDelayMsMax: 60_000,
  sweepIntervalMs: 600_000,
  deadRecordsMax: 10_000,
};
