import { counter, gauge } from '../metrics/probe.js';

/** What the coordinators of a shard count. */
export const coordinatorProbe = {
  groups: gauge('coordinator_groups', 'none', 'Groups that are coordinated here, as of some seconds ago.'),
  members: gauge('coordinator_members', 'none', 'Members of these groups.'),
  commits: counter('coordinator_commits', 'none', 'Offsets that were committed, each partition counted.'),
  rebalances: counter('coordinator_rebalances', 'none', 'Generations of groups that began.'),
  loads: counter('coordinator_loads', 'none', 'Partitions of groups whose log was read.'),
  failures: counter('coordinator_failures', 'none', 'Times that a partition of groups failed, and was read again.'),
  rewrites: counter('coordinator_rewrites', 'none', 'Times that the log of a partition was made short again.'),
} as const;
