import { type Group, sessionDeadlineOf } from './group.js';
import { completeIfAllJoined, dropMember, expireJoin, prepareRebalance, rebalanceWithout } from './rebalance.js';
import type { Turn } from './turn.js';

/** Tells the group the time: everything whose deadline has come, and when the next one comes. */
export function tick(turn: Turn): void {
  expirePending(turn);
  expireSessions(turn);
  expireJoin(turn);
  expireSync(turn);
  turn.group.wakeAtMs = earliestDeadline(turn.group);
}

/** Ids that nobody came with. */
function expirePending(turn: Turn): void {
  const { pending } = turn.group;
  const before = pending.size;
  for (const [memberId, deadlineMs] of pending) if (deadlineMs <= turn.now.monotonicMs) pending.delete(memberId);
  if (pending.size < before) completeIfAllJoined(turn);
}

function expireSessions(turn: Turn): void {
  const { group, now } = turn;
  const silent = [...group.members].filter((member) => (sessionDeadlineOf(group, member) ?? Infinity) <= now.monotonicMs);
  for (const member of silent) dropMember(turn, member);
  if (silent.length > 0) rebalanceWithout(turn, `not heard of in time: ${namesOf(silent)}`);
}

/** Who joined the generation and does not ask what it has to do would keep its share for itself. */
function expireSync(turn: Turn): void {
  const { group, now } = turn;
  const { state } = group;
  if (!('unsynced' in state) || state.unsynced.size === 0 || state.syncDeadlineMs > now.monotonicMs) return;
  const late = [...group.members].filter(({ memberId }) => state.unsynced.has(memberId));
  for (const member of late) dropMember(turn, member);
  prepareRebalance(turn, `did not ask for an assignment in time: ${namesOf(late)}`);
  completeIfAllJoined(turn);
}

const namesOf = (members: readonly { readonly memberId: string }[]) => members.map(({ memberId }) => memberId).join(', ');

function earliestDeadline(group: Group): number {
  const { state } = group;
  let earliest = Infinity;
  for (const deadlineMs of group.pending.values()) earliest = Math.min(earliest, deadlineMs);
  for (const member of group.members) earliest = Math.min(earliest, sessionDeadlineOf(group, member) ?? Infinity);
  if (state.name === 'PreparingRebalance') earliest = Math.min(earliest, state.deadlineMs);
  if ('unsynced' in state && state.unsynced.size > 0) earliest = Math.min(earliest, state.syncDeadlineMs);
  return earliest;
}
