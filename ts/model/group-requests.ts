import type { GroupError } from './group-errors.js';
import type { TopicId } from './ids.js';
import type { Offset } from './offset.js';
import type { Result } from './result.js';

// What is asked of a group's coordinator, whichever door it came through. What differs between versions of Kafka's requests is
// said here by what the client can do, never by a number.

/** One of the assignors, or the like, that a member can live with. The broker never looks into it, but for topics in `consumer`. */
export interface GroupProtocol {
  readonly name: string;
  readonly metadata: Uint8Array;
}

export interface JoinRequest {
  readonly groupId: string;
  /** Empty: a member that has no id yet. */
  readonly memberId: string;
  readonly instanceId?: string | undefined;
  readonly clientId: string;
  readonly clientHost: string;
  readonly sessionTimeoutMs: number;
  /** Absent in the oldest version: the session timeout. */
  readonly rebalanceTimeoutMs?: number | undefined;
  readonly protocolType: string;
  /** The one it likes best first. */
  readonly protocols: readonly GroupProtocol[];
  /** From version 4 on a member without an id is given one and comes again with it: a lost answer leaves no ghost behind. */
  readonly comesAgainWithId: boolean;
  /** From version 9 on: a leader that came back can be told that nobody waits for an assignment. */
  readonly canSkipAssignment: boolean;
  readonly reason?: string | undefined;
}

export interface JoinedMember {
  readonly memberId: string;
  readonly instanceId: string | undefined;
  readonly metadata: Uint8Array;
}

export interface Joined {
  readonly memberId: string;
  readonly generationId: number;
  readonly protocolType: string;
  readonly protocolName: string;
  readonly leaderId: string;
  readonly skipAssignment: boolean;
  /** All of them, for the leader; none for others. */
  readonly members: readonly JoinedMember[];
}

/** Who speaks, and for which generation it believes to speak. */
export interface MemberClaim {
  readonly groupId: string;
  readonly memberId: string;
  readonly instanceId?: string | undefined;
  readonly generationId: number;
}

export interface SyncRequest extends MemberClaim {
  /** From version 5 on. */
  readonly protocolType?: string | undefined;
  readonly protocolName?: string | undefined;
  /** The leader's alone count. */
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Uint8Array }[];
}

export interface Synced {
  readonly protocolType: string;
  readonly protocolName: string;
  readonly assignment: Uint8Array;
}

export interface LeavingMember {
  /** Empty: found by its instance id, for those who administer static members. */
  readonly memberId: string;
  readonly instanceId?: string | undefined;
  readonly reason?: string | undefined;
}

export interface LeaveRequest {
  readonly groupId: string;
  readonly members: readonly LeavingMember[];
}

export interface LeftMember {
  readonly memberId: string;
  readonly instanceId: string | undefined;
  readonly error: GroupError | undefined;
}

export interface CommittedOffset {
  readonly offset: Offset;
  /** Of the last record read: with it a reader notices that the log was cut below the committed offset. */
  readonly leaderEpoch: number | undefined;
  readonly metadata: string;
  readonly topicId: TopicId | undefined;
  readonly committedAtMs: number;
  /** Asked for by the oldest clients alone. */
  readonly expiresAtMs: number | undefined;
}

export interface PartitionCommit {
  readonly partition: number;
  readonly offset: number;
  readonly leaderEpoch?: number | undefined;
  readonly metadata: string;
}

export interface CommitRequest extends MemberClaim {
  /** By versions 2 to 4; else the node's setting rules. */
  readonly retentionMs?: number | undefined;
  /** From version 9 on: it understands `group-id-not-found`. */
  readonly knowsMissingGroups: boolean;
  readonly topics: readonly {
    readonly topic: string;
    readonly topicId?: TopicId | undefined;
    readonly partitions: readonly PartitionCommit[];
  }[];
}

/** What became of each partition that was named. */
export interface PartitionOutcomes {
  readonly topics: readonly {
    readonly topic: string;
    readonly topicId: TopicId | undefined;
    readonly partitions: readonly { readonly partition: number; readonly error: GroupError | undefined }[];
  }[];
}

/**
 * There are no transactional commits here, so every committed offset is stable and nothing is said of whether that is required.
 */
export interface FetchOffsetsRequest {
  readonly groupId: string;
  /** Undefined: all there are. */
  readonly topics:
    | readonly { readonly topic: string; readonly topicId?: TopicId | undefined; readonly partitions: readonly number[] }[]
    | undefined;
}

export interface FetchedOffsets {
  readonly topics: readonly {
    readonly topic: string;
    readonly topicId: TopicId | undefined;
    readonly partitions: readonly { readonly partition: number; readonly committed: CommittedOffset | undefined }[];
  }[];
}

export interface DeleteOffsetsRequest {
  readonly groupId: string;
  readonly topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[];
}

export type GroupStateName = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead';

export interface ListRequest {
  /** In any case; empty: all. */
  readonly states: readonly string[];
  readonly types: readonly string[];
}

export interface ListedGroup {
  readonly groupId: string;
  readonly protocolType: string;
  readonly state: GroupStateName;
  readonly type: 'classic';
}

export interface DescribedGroup {
  readonly groupId: string;
  /** `Dead`: there is no such group. */
  readonly state: GroupStateName;
  readonly protocolType: string;
  /** Empty unless stable, and so are the members' metadata. */
  readonly protocolName: string;
  readonly members: readonly {
    readonly memberId: string;
    readonly instanceId: string | undefined;
    readonly clientId: string;
    readonly clientHost: string;
    readonly metadata: Uint8Array;
    readonly assignment: Uint8Array;
  }[];
}

/** Every verb, once: what is asked and what is answered. */
export interface GroupVerbs {
  readonly join: { readonly request: JoinRequest; readonly answer: Joined };
  readonly sync: { readonly request: SyncRequest; readonly answer: Synced };
  readonly heartbeat: { readonly request: MemberClaim; readonly answer: undefined };
  readonly leave: { readonly request: LeaveRequest; readonly answer: { readonly members: readonly LeftMember[] } };
  readonly commit: { readonly request: CommitRequest; readonly answer: PartitionOutcomes };
  readonly fetchOffsets: { readonly request: FetchOffsetsRequest; readonly answer: FetchedOffsets };
  readonly deleteOffsets: { readonly request: DeleteOffsetsRequest; readonly answer: PartitionOutcomes };
  readonly describe: { readonly request: { readonly groupId: string }; readonly answer: DescribedGroup };
  readonly deleteGroup: { readonly request: { readonly groupId: string }; readonly answer: undefined };
}

export type GroupVerb = keyof GroupVerbs;

/** A request with its verb, of any kind. */
export type GroupRequest = { readonly [V in GroupVerb]: { readonly verb: V } & GroupVerbs[V]['request'] }[GroupVerb];

export interface GroupRefusal {
  readonly error: GroupError;
  /** What a joining member goes by from now on, or what it came with. */
  readonly memberId?: string;
}

export type GroupAnswer<V extends GroupVerb = GroupVerb> = Result<GroupVerbs[V]['answer'], GroupRefusal>;
