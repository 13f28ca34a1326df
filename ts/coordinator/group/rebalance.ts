import { assert } from '../../model/assert.js';
import type { Joined } from '../../model/group-requests.js';
import type { Group, Ticket } from './group.js';
import { type Member, metadataOf } from './members.js';
import type { Turn } from './turn.js';

// How a group gets from one generation to the next:
//
//   Empty ──first member──┐
//                         ▼            all are there, or time is up            leader's assignment
//   Stable ──change──► PreparingRebalance ──────────► CompletingRebalance ──────────► Stable
//                         ▲    │ nobody is left             │ change, or time is up
//                         │    └──► Empty                   │
//                         └─────────────────────────────────┘

const nothing = new Uint8Array(0);

/** Everybody has to join anew; whoever waits for an assignment of the generation that ends now gets none. */
export function prepareRebalance(turn: Turn, reason: string): void {
  const { group, settings } = turn;
  const { state, members } = group;
  assert(state.name !== 'Dead' && state.name !== 'PreparingRebalance', 'a rebalance begins twice');
  if (state.name === 'CompletingRebalance') withholdAssignments(turn, state.syncing);
  const rebalanceTimeoutMs = members.rebalanceTimeoutMs;
  const isInitial = state.name === 'Empty' && settings.initialRebalanceDelayMs > 0;
  const delayMs = isInitial ? settings.initialRebalanceDelayMs : rebalanceTimeoutMs;
  const initial = isInitial ? { delayMs, leftMs: Math.max(rebalanceTimeoutMs - delayMs, 0), hasGrown: false } : undefined;
  turn.enter({ name: 'PreparingRebalance', joining: new Map(), deadlineMs: turn.deadline(delayMs), initial });
  turn.notes.push(`generation ${group.generationId} ends: ${reason}`);
}

function withholdAssignments(turn: Turn, syncing: ReadonlyMap<string, Ticket>): void {
  for (const member of turn.group.members) {
    turn.group.members.assign(member, nothing);
    const ticket = syncing.get(member.memberId);
    if (ticket === undefined) continue;
    turn.refuse(ticket, 'rebalance-in-progress');
    turn.renew(member);
  }
}

/** Joins the rebalance, which begins with this if there is none. */
export function waitForOthers(turn: Turn, ticket: Ticket, memberId: string, reason: string): void {
  if (turn.group.state.name !== 'PreparingRebalance') prepareRebalance(turn, reason);
  const { state } = turn.group;
  if (state.name !== 'PreparingRebalance') return;
  const before = state.joining.get(memberId);
  // It asks again, on another connection as a rule: whoever still waits on the first is told to come again.
  if (before !== undefined) turn.refuse(before, 'rebalance-in-progress', memberId);
  state.joining.set(memberId, ticket);
  completeIfAllJoined(turn);
}

/** A rebalance that waits for nobody any more is over. The initial one waits for those that it does not know of, too. */
export function completeIfAllJoined(turn: Turn): void {
  const { state, members, pending } = turn.group;
  if (state.name !== 'PreparingRebalance' || state.initial !== undefined) return;
  if (state.joining.size === members.count && pending.size === 0) completeJoin(turn);
}

/** After members have gone: the others share the work out anew. */
export function rebalanceWithout(turn: Turn, reason: string): void {
  const { name } = turn.group.state;
  if (name === 'Stable' || name === 'CompletingRebalance') prepareRebalance(turn, reason);
  completeIfAllJoined(turn);
}

/** The deadline has come: the initial delay may begin anew while members still come, all else goes on with who is there. */
export function expireJoin(turn: Turn): void {
  const { group, now, settings } = turn;
  const { state } = group;
  if (state.name !== 'PreparingRebalance' || state.deadlineMs > now.monotonicMs) return;
  const { initial } = state;
  if (initial?.hasGrown === true && initial.leftMs > 0) {
    const delayMs = Math.min(settings.initialRebalanceDelayMs, initial.leftMs);
    state.initial = { delayMs, leftMs: Math.max(initial.leftMs - initial.delayMs, 0), hasGrown: false };
    state.deadlineMs = turn.deadline(delayMs);
    return;
  }
  completeJoin(turn);
}

/** The next generation begins with those that joined, and with static members, whose process may be on its way back. */
function completeJoin(turn: Turn): void {
  const { group } = turn;
  const { state, members } = group;
  assert(state.name === 'PreparingRebalance', 'a join completes without a rebalance');
  for (const member of [...members])
    if (member.instanceId === undefined && !state.joining.has(member.memberId)) dropMember(turn, member);
  if (members.count > 0 && !electLeader(group, state.joining)) {
    // Static members alone, and none of them is there: nobody could lead.
    state.initial = undefined;
    state.deadlineMs = turn.deadline(members.rebalanceTimeoutMs);
    return;
  }
  group.generationId += 1;
  if (members.count === 0) becomeEmpty(turn);
  else beginGeneration(turn, state.joining);
}

function electLeader(group: Group, joining: ReadonlyMap<string, Ticket>): boolean {
  if (group.leaderId === undefined || !joining.has(group.leaderId)) {
    const [successor] = joining.keys();
    if (successor === undefined) return false;
    group.leaderId = successor;
  }
  return true;
}

function becomeEmpty(turn: Turn): void {
  const { group } = turn;
  turn.notes.push(`generation ${group.generationId} has no members`);
  group.protocolName = undefined;
  group.leaderId = undefined;
  turn.enter({ name: 'Empty' });
  turn.recordGroup();
}

function beginGeneration(turn: Turn, joining: ReadonlyMap<string, Ticket>): void {
  const { group } = turn;
  const { members } = group;
  group.protocolName = members.chooseProtocol();
  const unsynced = new Set(Array.from(members, ({ memberId }) => memberId));
  const syncDeadlineMs = turn.deadline(members.rebalanceTimeoutMs);
  turn.enter({ name: 'CompletingRebalance', syncing: new Map(), unsynced, syncDeadlineMs });
  turn.notes.push(`generation ${group.generationId} begins with ${members.count} members, ${group.leaderId} leads`);
  for (const member of members) {
    const ticket = joining.get(member.memberId);
    turn.renew(member);
    member.isNew = false;
    if (ticket !== undefined) turn.answer('join', ticket, joinedAs(group, member.memberId));
  }
}

/** Who is in the generation: the leader, who shares the work out, hears of all, the others of themselves. */
export function joinedAs(group: Group, memberId: string): Joined {
  const { generationId, protocolType = '', protocolName = '', leaderId = '' } = group;
  const members = memberId === leaderId ? membersFor(group) : [];
  return { memberId, generationId, protocolType, protocolName, leaderId, skipAssignment: false, members };
}

export function membersFor({ members, protocolName }: Group): Joined['members'] {
  return Array.from(members, (member) => ({
    memberId: member.memberId,
    instanceId: member.instanceId,
    metadata: metadataOf(member, protocolName),
  }));
}

/** Out of the group, with an answer if it waits for one. What becomes of the others is the caller's business. */
export function dropMember(turn: Turn, member: Member): void {
  const { group } = turn;
  const { state } = group;
  group.members.remove(member);
  if (group.leaderId === member.memberId) group.leaderId = [...group.members][0]?.memberId;
  if (state.name === 'PreparingRebalance') takeBack(turn, state.joining, member);
  if (state.name === 'CompletingRebalance') takeBack(turn, state.syncing, member);
  if (state.name === 'CompletingRebalance' || state.name === 'Stable') state.unsynced.delete(member.memberId);
}

function takeBack(turn: Turn, waiting: Map<string, Ticket>, { memberId }: Member): void {
  const ticket = waiting.get(memberId);
  if (ticket === undefined) return;
  waiting.delete(memberId);
  turn.refuse(ticket, 'unknown-member-id');
}
