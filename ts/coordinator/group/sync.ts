import { assert } from '../../model/assert.js';
import type { GroupError } from '../../model/group-errors.js';
import type { SyncRequest } from '../../model/group-requests.js';
import type { Group, GroupState, Ticket } from './group.js';
import type { Member } from './members.js';
import type { Turn } from './turn.js';

type Completing = Extract<GroupState, { readonly name: 'CompletingRebalance' }>;

const nothing = new Uint8Array(0);

/** A member asks for its assignment; the leader brings everybody's along. A generation gets one, and only one. */
export function sync(turn: Turn, ticket: Ticket, request: SyncRequest): void {
  const { group } = turn;
  const member = claimOf(group, request);
  if (typeof member === 'string') {
    turn.refuse(ticket, member);
    return;
  }
  const { state } = group;
  if (state.name === 'CompletingRebalance') syncCompleting(turn, ticket, request, { state, member });
  else if (state.name === 'Stable') {
    state.unsynced.delete(member.memberId);
    answer(turn, ticket, member);
  } else turn.refuse(ticket, 'rebalance-in-progress');
}

function claimOf(group: Group, request: SyncRequest): Member | GroupError {
  if (group.state.name === 'Dead') return 'coordinator-not-available';
  const member = group.members.claimed(request.memberId, request.instanceId);
  if (typeof member === 'string') return member;
  if (request.generationId !== group.generationId) return 'illegal-generation';
  const { protocolType = group.protocolType, protocolName = group.protocolName } = request;
  return protocolType === group.protocolType && protocolName === group.protocolName ? member : 'inconsistent-group-protocol';
}

function syncCompleting(
  turn: Turn,
  ticket: Ticket,
  request: SyncRequest,
  { state, member }: { readonly state: Completing; readonly member: Member },
): void {
  const { group } = turn;
  const isLeader = group.leaderId === member.memberId;
  const assignments = isLeader ? new Map(request.assignments.map((each) => [each.memberId, each.assignment])) : undefined;
  if (assignments !== undefined && !fits(turn, assignments)) {
    turn.refuse(ticket, 'unknown-server-error');
    return;
  }
  const before = state.syncing.get(member.memberId);
  if (before !== undefined) turn.refuse(before, 'rebalance-in-progress');
  state.syncing.set(member.memberId, ticket);
  state.unsynced.delete(member.memberId);
  if (assignments !== undefined) stabilize(turn, state, assignments);
}

/** All of it becomes one record. */
function fits({ group, settings }: Turn, assignments: ReadonlyMap<string, Uint8Array>): boolean {
  let size = group.members.size;
  for (const { memberId, assignment } of group.members) size += (assignments.get(memberId)?.length ?? 0) - assignment.length;
  return size <= settings.groupSizeMax;
}

/** Whoever the leader forgot has nothing to do in this generation. */
function stabilize(turn: Turn, state: Completing, assignments: ReadonlyMap<string, Uint8Array>): void {
  const { group } = turn;
  for (const member of group.members) group.members.assign(member, assignments.get(member.memberId) ?? nothing);
  turn.enter({ name: 'Stable', unsynced: state.unsynced, syncDeadlineMs: state.syncDeadlineMs });
  turn.recordGroup();
  for (const [memberId, ticket] of state.syncing) {
    const member = group.members.get(memberId);
    assert(member !== undefined, 'somebody waits who is not a member');
    turn.renew(member);
    answer(turn, ticket, member);
  }
}

function answer(turn: Turn, ticket: Ticket, { assignment }: Member): void {
  const { protocolType = '', protocolName = '' } = turn.group;
  turn.answer('sync', ticket, { protocolType, protocolName, assignment });
}
