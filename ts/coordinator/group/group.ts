import { type Member, Members, metadataOf } from './members.js';
import { StoredGroup } from './stored-group.js';

/** Names a request that waits for its answer. */
export type Ticket = number;

/** An empty group has got its first member and waits for more. */
export interface InitialDelay {
  /** Of the delay that runs now. */
  readonly delayMs: number;
  /** So much more may be waited after it. */
  readonly leftMs: number;
  hasGrown: boolean;
}

/** Members that have joined the generation and not asked for their assignment: they have until the deadline. */
interface Unsynced {
  readonly unsynced: Set<string>;
  readonly syncDeadlineMs: number;
}

export type GroupState =
  | { readonly name: 'Empty' }
  | {
      readonly name: 'PreparingRebalance';
      readonly joining: Map<string, Ticket>;
      deadlineMs: number;
      initial: InitialDelay | undefined;
    }
  | ({ readonly name: 'CompletingRebalance'; readonly syncing: Map<string, Ticket> } & Unsynced)
  | ({ readonly name: 'Stable' } & Unsynced)
  | { readonly name: 'Dead' };

/**
 * A group that is coordinated by its members: they join, one of them leads and shares the work out, and the coordinator sees to it
 * that all of them mean the same generation.
 *
 * Lives on: the shard thread that leads its partition. Owned by: the runtime. Changed by `step` alone.
 */
export interface Group {
  readonly groupId: string;
  readonly stored: StoredGroup;
  readonly members: Members;
  /** Ids that were given out, and until when somebody may come with them. */
  readonly pending: Map<string, number>;
  state: GroupState;
  /** Undefined: nobody ever joined. */
  protocolType: string | undefined;
  protocolName: string | undefined;
  generationId: number;
  leaderId: string | undefined;
  /** By the wall clock: of the last change of state. */
  changedAtMs: number | undefined;
  /** No deadline of this group lies before it. */
  wakeAtMs: number;
}

export function newGroup(groupId: string, stored: StoredGroup = new StoredGroup(groupId)): Group {
  return {
    groupId,
    stored,
    members: new Members(),
    pending: new Map(),
    state: { name: 'Empty' },
    protocolType: undefined,
    protocolName: undefined,
    generationId: 0,
    leaderId: undefined,
    changedAtMs: undefined,
    wakeAtMs: Number.POSITIVE_INFINITY,
  };
}

/** When it has to be told the time, at the earliest; it may find nothing to do then. */
export function nextDeadline(group: Group): number {
  return group.wakeAtMs;
}

/** It was deleted, or there is nothing to it: whoever keeps it may let it go. */
export function isOver(group: Group): boolean {
  if (group.state.name === 'Dead') return true;
  return group.state.name === 'Empty' && group.pending.size === 0 && group.stored.isEmpty;
}

/** As a replay leaves it: the generation goes on, members are given their whole session again. */
export function restoreGroup(stored: StoredGroup, monotonicMs: number): Group {
  const group = newGroup(stored.groupId, stored);
  const { metadata } = stored;
  if (metadata === undefined) return group;
  group.protocolType = metadata.protocolType === '' ? undefined : metadata.protocolType;
  group.protocolName = metadata.protocolName;
  group.generationId = metadata.generationId;
  group.leaderId = metadata.leaderId;
  group.changedAtMs = metadata.changedAtMs;
  for (const { subscription, ...member } of metadata.members) {
    const sessionDeadlineMs = monotonicMs + member.sessionTimeoutMs;
    const protocols = [{ name: metadata.protocolName ?? '', metadata: subscription }];
    group.members.add({ ...member, protocols, sessionDeadlineMs, isNew: false });
    group.wakeAtMs = Math.min(group.wakeAtMs, sessionDeadlineMs);
  }
  if (group.members.count > 0) group.state = { name: 'Stable', unsynced: new Set(), syncDeadlineMs: Number.POSITIVE_INFINITY };
  return group;
}

/** Undefined: it waits for us, so its silence says nothing about it. */
export function sessionDeadlineOf({ state }: Group, member: Member): number | undefined {
  if (member.isNew) return member.sessionDeadlineMs;
  if (state.name === 'PreparingRebalance' && state.joining.has(member.memberId)) return undefined;
  if (state.name === 'CompletingRebalance' && state.syncing.has(member.memberId)) return undefined;
  return member.sessionDeadlineMs;
}

/** What a replay has to find of the group as it is now. */
export function metadataFor(group: Group): NonNullable<StoredGroup['metadata']> {
  const { protocolType = '', generationId, protocolName, leaderId, changedAtMs } = group;
  const members = Array.from(group.members, (member) => ({
    memberId: member.memberId,
    instanceId: member.instanceId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    rebalanceTimeoutMs: member.rebalanceTimeoutMs,
    sessionTimeoutMs: member.sessionTimeoutMs,
    subscription: metadataOf(member, protocolName),
    assignment: member.assignment,
  }));
  return { protocolType, generationId, protocolName, leaderId, changedAtMs, members };
}
