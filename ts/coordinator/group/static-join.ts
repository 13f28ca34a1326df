import type { JoinRequest } from '../../model/group-requests.js';
import type { Group, Ticket } from './group.js';
import { type Member, termsOf } from './members.js';
import { joinedAs, membersFor, waitForOthers } from './rebalance.js';
import type { Turn } from './turn.js';

/**
 * A static member comes without its id: its process was started again. It takes its predecessor's place under a fresh id, which
 * fences the predecessor, should that still live. A stable group goes on as it was, if the same protocol would be chosen with it:
 * that is what static members are for, so what it says of itself does not count (it owns nothing yet, its predecessor did).
 */
export function replaceStatic(
  turn: Turn,
  ticket: Ticket,
  request: JoinRequest,
  { predecessor, freshId }: { readonly predecessor: Member; readonly freshId: string },
): void {
  const { group } = turn;
  const leaderBefore = group.leaderId;
  const { clientId, clientHost } = request;
  const successor = { ...predecessor, memberId: freshId, clientId, clientHost, ...termsOf(request), isNew: false };
  fence(turn, predecessor);
  group.members.replace(predecessor, successor);
  if (group.leaderId === predecessor.memberId) group.leaderId = freshId;
  turn.renew(successor);
  if (group.state.name === 'Stable' && group.members.chooseProtocol() === group.protocolName) {
    turn.recordGroup();
    turn.answer('join', ticket, rejoinedAs(group, freshId, request.canSkipAssignment ? undefined : leaderBefore));
  } else waitForOthers(turn, ticket, freshId, `static member ${request.instanceId} comes back as ${freshId}`);
}

/** Whoever waits in the predecessor's name is told to stop. */
function fence(turn: Turn, { memberId }: Member): void {
  const { state } = turn.group;
  const waiting =
    state.name === 'PreparingRebalance' ? state.joining : state.name === 'CompletingRebalance' ? state.syncing : undefined;
  const ticket = waiting?.get(memberId);
  if (ticket !== undefined) turn.refuse(ticket, 'fenced-instance-id', memberId);
  waiting?.delete(memberId);
  if ('unsynced' in state) state.unsynced.delete(memberId);
}

/**
 * A leader that came back must not share the work out: nobody waits for it. It is told so where it understands that; else the
 * leader that it is told of is the one before, which it is not.
 */
function rejoinedAs(group: Group, memberId: string, leaderToName: string | undefined) {
  const joined = joinedAs(group, memberId);
  if (leaderToName !== undefined) return { ...joined, leaderId: leaderToName, members: [] };
  const isLeader = group.leaderId === memberId;
  return { ...joined, skipAssignment: isLeader, members: isLeader ? membersFor(group) : [] };
}
