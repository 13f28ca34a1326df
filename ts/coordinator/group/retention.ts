import type { CommittedOffset } from '../../model/group-requests.js';
import { deleteGroup } from './deletion.js';
import type { Group } from './group.js';
import { forgetOffset } from './offsets.js';
import { isConsumerGroup, isSubscribed } from './subscription.js';
import type { Turn } from './turn.js';

/**
 * Lets go of offsets that nobody has needed for the time of retention, and then of the group. While a group has members, none
 * expires: not for a partition that is quiet for weeks, or its reader would begin at the end of the log as if it were new. Stable
 * consumers alone say what they read; what they no longer do counts from its last commit.
 */
export function sweep(turn: Turn): void {
  const { group, now, settings } = turn;
  const rest = restOf(group);
  if (rest === undefined) return;
  const isTaken = isSubscribed(group);
  for (const [topic, partitions] of [...group.stored.offsets]) {
    if (isTaken(topic)) continue;
    for (const [partition, committed] of [...partitions]) {
      const expiresAtMs = committed.expiresAtMs ?? rest(committed) + settings.offsetsRetentionMs;
      if (expiresAtMs <= now.wallMs) forgetOffset(turn, topic, partition);
    }
  }
  if (group.state.name === 'Empty' && group.stored.offsetsCount === 0 && group.pending.size === 0) deleteGroup(turn);
}

/** Since when an offset rests; undefined: none of this group does. */
function restOf(group: Group): ((committed: CommittedOffset) => number) | undefined {
  const { state, protocolType, changedAtMs = 0 } = group;
  const isStandalone = state.name === 'Empty' && protocolType === undefined;
  if (isStandalone || (state.name === 'Stable' && isConsumerGroup(group))) return ({ committedAtMs }) => committedAtMs;
  // Kafka counts from the moment when the group became empty even where somebody set the offset after that: gone in minutes.
  if (state.name === 'Empty') return ({ committedAtMs }) => Math.max(committedAtMs, changedAtMs);
  return undefined;
}
