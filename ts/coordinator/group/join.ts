import type { GroupError } from '../../model/group-errors.js';
import type { GroupProtocol, JoinRequest } from '../../model/group-requests.js';
import type { Group, InitialDelay, Ticket } from './group.js';
import { type Member, metadataSize, termsOf } from './members.js';
import { joinedAs, waitForOthers } from './rebalance.js';
import { nameLengthMax } from './settings.js';
import { replaceStatic } from './static-join.js';
import type { Turn } from './turn.js';

const nothing = new Uint8Array(0);

/** `freshId` has never been used: for a member that comes without one. */
export function join(turn: Turn, ticket: Ticket, request: JoinRequest, freshId: string): void {
  const { group } = turn;
  const error = refusal(turn, request);
  if (error === 'group-max-size-reached') group.pending.delete(request.memberId);
  if (error !== undefined) turn.refuse(ticket, error, request.memberId);
  else if (request.memberId === '') joinNewcomer(turn, ticket, request, freshId);
  else joinKnown(turn, ticket, request);
}

function refusal(turn: Turn, request: JoinRequest): GroupError | undefined {
  const { group, settings } = turn;
  const { sessionTimeoutMs } = request;
  if (sessionTimeoutMs < settings.sessionTimeoutMsMin || sessionTimeoutMs > settings.sessionTimeoutMsMax)
    return 'invalid-session-timeout';
  if (group.state.name === 'Dead') return 'coordinator-not-available';
  if (namesOf(request).some((name) => name.length > nameLengthMax)) return 'policy-violation';
  if (!hasRoom(turn, request)) return 'group-max-size-reached';
  if (!isCompatible(group, request)) return 'inconsistent-group-protocol';
  return undefined;
}

function namesOf({ instanceId = '', clientId, clientHost, protocolType, protocols }: JoinRequest): readonly string[] {
  return [instanceId, clientId, clientHost, protocolType, ...protocols.map(({ name }) => name)];
}

/**
 * While a group rebalances it takes the first that come, so that one that has become too large (the limit was lowered) sheds
 * the rest; else whoever is in it may stay.
 */
function hasRoom({ group, settings }: Turn, request: JoinRequest): boolean {
  const { members, pending, state } = group;
  const member = members.get(request.memberId) ?? members.ofInstance(request.instanceId);
  const room = settings.groupSizeMax - members.size + (member === undefined ? 0 : metadataSize(member.protocols));
  if (metadataSize(request.protocols) > room) return false;
  if (request.memberId === '' && member === undefined && pending.size >= settings.membersMax) return false;
  if (state.name !== 'PreparingRebalance') return member !== undefined || members.count < settings.membersMax;
  return (member !== undefined && state.joining.has(member.memberId)) || state.joining.size < settings.membersMax;
}

function isCompatible(group: Group, { protocolType, protocols }: JoinRequest): boolean {
  if (protocolType === '' || protocols.length === 0) return false;
  if (group.state.name === 'Empty') return true;
  return group.protocolType === protocolType && group.members.canShare(protocols);
}

function joinNewcomer(turn: Turn, ticket: Ticket, request: JoinRequest, freshId: string): void {
  const { group } = turn;
  const predecessor = group.members.ofInstance(request.instanceId);
  if (predecessor !== undefined) replaceStatic(turn, ticket, request, { predecessor, freshId });
  else if (request.instanceId === undefined && request.comesAgainWithId) {
    group.pending.set(freshId, turn.deadline(request.sessionTimeoutMs));
    turn.refuse(ticket, 'member-id-required', freshId);
  } else enroll(turn, ticket, request, freshId);
}

function joinKnown(turn: Turn, ticket: Ticket, request: JoinRequest): void {
  const { group } = turn;
  if (request.instanceId === undefined && group.pending.delete(request.memberId)) {
    enroll(turn, ticket, request, request.memberId);
    return;
  }
  const member = group.members.claimed(request.memberId, request.instanceId);
  if (typeof member === 'string') turn.refuse(ticket, member, request.memberId);
  else if (changesGeneration(group, member, request)) rejoin(turn, ticket, request, member);
  else turn.answer('join', ticket, joinedAs(group, member.memberId));
}

/**
 * Who has only lost its answer gets it again. A leader that joins a stable group asks for a rebalance: it has seen that what there
 * is to share has changed. A cooperative member that gave partitions back does so by joining at once with another subscription.
 */
function changesGeneration({ state, leaderId }: Group, member: Member, { protocols }: JoinRequest): boolean {
  if (state.name === 'PreparingRebalance') return true;
  if (state.name === 'Stable' && leaderId === member.memberId) return true;
  return !areSame(member.protocols, protocols);
}

function areSame(some: readonly GroupProtocol[], others: readonly GroupProtocol[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ name, metadata }, index) => {
      const other = others[index];
      return other !== undefined && other.name === name && areEqual(other.metadata, metadata);
    })
  );
}

function areEqual(some: Uint8Array, others: Uint8Array): boolean {
  return some.length === others.length && some.every((byte, index) => byte === others[index]);
}

function enroll(turn: Turn, ticket: Ticket, request: JoinRequest, memberId: string): void {
  const { group, settings } = turn;
  const { instanceId, clientId, clientHost } = request;
  if (group.members.count === 0) group.protocolType = request.protocolType;
  const terms = termsOf(request);
  const sessionDeadlineMs = turn.deadline(settings.newMemberTimeoutMs);
  group.members.add({
    memberId,
    instanceId,
    clientId,
    clientHost,
    ...terms,
    assignment: nothing,
    sessionDeadlineMs,
    isNew: true,
  });
  group.leaderId ??= memberId;
  const delay = initialDelayOf(group);
  if (delay !== undefined) delay.hasGrown = true;
  waitForOthers(turn, ticket, memberId, `member ${memberId} joins: ${request.reason ?? 'no reason given'}`);
}

function initialDelayOf({ state }: Group): InitialDelay | undefined {
  return state.name === 'PreparingRebalance' ? state.initial : undefined;
}

function rejoin(turn: Turn, ticket: Ticket, request: JoinRequest, member: Member): void {
  turn.group.members.update(member, termsOf(request));
  waitForOthers(turn, ticket, member.memberId, `member ${member.memberId} joins again: ${request.reason ?? 'no reason given'}`);
}
