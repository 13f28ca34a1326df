import type { GroupError } from '../../model/group-errors.js';
import type {
  CommitRequest,
  CommittedOffset,
  DeleteOffsetsRequest,
  FetchedOffsets,
  FetchOffsetsRequest,
  PartitionCommit,
} from '../../model/group-requests.js';
import type { TopicId } from '../../model/ids.js';
import { isOffset } from '../../model/offset.js';
import type { Group, Ticket } from './group.js';
import type { Member } from './members.js';
import type { StoredGroup } from './stored-group.js';
import { isConsumerGroup, isSubscribed } from './subscription.js';
import type { Turn } from './turn.js';

/** Kafka's limit for the name of a topic. */
const topicLengthMax = 249;

export function commit(turn: Turn, ticket: Ticket, request: CommitRequest): void {
  const committer = committerOf(turn.group, request);
  if (typeof committer === 'string') {
    turn.refuse(ticket, committer);
    return;
  }
  // A commit keeps the session alive, as a heartbeat does.
  if (committer !== undefined) turn.renew(committer);
  const topics = request.topics.map(({ topic, topicId, partitions }) => ({
    topic,
    topicId,
    partitions: partitions.map((each) => ({
      partition: each.partition,
      error: commitOne(turn, topic, each, { topicId, retentionMs: request.retentionMs }),
    })),
  }));
  turn.answer('commit', ticket, { topics });
}

/** The member, or nobody: whoever is no member may set the offsets of a group that has none. */
function committerOf(group: Group, { memberId, instanceId, generationId }: CommitRequest): Member | undefined | GroupError {
  const { state } = group;
  if (state.name === 'Dead') return 'coordinator-not-available';
  if (generationId < 0 && state.name === 'Empty') return undefined;
  const member = group.members.claimed(memberId, instanceId);
  if (typeof member === 'string') return member;
  if (generationId !== group.generationId) return 'illegal-generation';
  // It has joined the next generation, and does not know yet what of this is still its own.
  return state.name === 'CompletingRebalance' ? 'rebalance-in-progress' : member;
}

interface CommitTerms {
  readonly topicId: TopicId | undefined;
  readonly retentionMs: number | undefined;
}

function commitOne(turn: Turn, topic: string, committed: PartitionCommit, terms: CommitTerms): GroupError | undefined {
  const { group, settings } = turn;
  const { partition, metadata, offset } = committed;
  if (metadata.length > settings.offsetMetadataMax) return 'offset-metadata-too-large';
  if (offset < 0) {
    // How clients take an offset back: kafkajs resets a group so, and every client reads a negative one as none.
    forgetOffset(turn, topic, partition);
    return undefined;
  }
  if (!isOffset(offset)) return 'offset-out-of-range';
  const isNew = group.stored.offset(topic, partition) === undefined;
  if (topic.length > topicLengthMax || (isNew && group.stored.offsetsCount >= settings.offsetsMax))
    return 'invalid-commit-offset-size';
  turn.record({
    kind: 'offset',
    groupId: group.groupId,
    topic,
    partition,
    committed: storable(turn, { ...committed, offset }, terms),
  });
  return undefined;
}

/** The stored form with an expiry is older than leader epochs and topic ids, and so are the clients that ask for one. */
function storable(
  { now }: Turn,
  { offset, metadata, leaderEpoch = -1 }: PartitionCommit & Pick<CommittedOffset, 'offset'>,
  { topicId, retentionMs = -1 }: CommitTerms,
): CommittedOffset {
  const committedAtMs = now.wallMs;
  if (retentionMs >= 0) {
    const expiresAtMs = committedAtMs + retentionMs;
    return { offset, metadata, committedAtMs, expiresAtMs, leaderEpoch: undefined, topicId: undefined };
  }
  return {
    offset,
    metadata,
    committedAtMs,
    expiresAtMs: undefined,
    leaderEpoch: leaderEpoch < 0 ? undefined : leaderEpoch,
    topicId,
  };
}

/** A group that is not there has no offsets, which is no error. */
export function fetchOffsets(stored: StoredGroup | undefined, { topics }: FetchOffsetsRequest): FetchedOffsets {
  const asked = topics ?? allOf(stored);
  return {
    topics: asked.map(({ topic, topicId, partitions }) => {
      const found = partitions.map((partition) => ({ partition, committed: known(stored?.offset(topic, partition), topicId) }));
      return { topic, topicId: topicId ?? found[0]?.committed?.topicId, partitions: found };
    }),
  };
}

function allOf(stored: StoredGroup | undefined): NonNullable<FetchOffsetsRequest['topics']> {
  return Array.from(stored?.offsets ?? [], ([topic, offsets]) => ({ topic, partitions: [...offsets.keys()] }));
}

/** What was committed of a topic of the same name that was deleted since says nothing about this one. */
function known(committed: CommittedOffset | undefined, topicId: TopicId | undefined): CommittedOffset | undefined {
  const isOther = topicId !== undefined && committed?.topicId !== undefined && committed.topicId !== topicId;
  return isOther ? undefined : committed;
}

export function deleteOffsets(turn: Turn, ticket: Ticket, { topics }: DeleteOffsetsRequest): void {
  const { group } = turn;
  const { name } = group.state;
  if (name === 'Dead') turn.refuse(ticket, 'group-id-not-found');
  else if (name !== 'Empty' && !isConsumerGroup(group)) turn.refuse(ticket, 'non-empty-group');
  else {
    const isTaken = isSubscribed(group);
    const outcomes = topics.map(({ topic, partitions }) => {
      const error: GroupError | undefined = isTaken(topic) ? 'group-subscribed-to-topic' : undefined;
      if (error === undefined) for (const partition of partitions) forgetOffset(turn, topic, partition);
      return { topic, topicId: undefined, partitions: partitions.map((partition) => ({ partition, error })) };
    });
    turn.answer('deleteOffsets', ticket, { topics: outcomes });
  }
}

export function forgetOffset(turn: Turn, topic: string, partition: number): void {
  const { groupId, stored } = turn.group;
  if (stored.offset(topic, partition) === undefined) return;
  turn.record({ kind: 'offset', groupId, topic, partition, committed: undefined });
}

/** A topic that is no more. */
export interface DeletedTopic {
  readonly topic: string;
  readonly topicId: TopicId;
  readonly deletedAtMs: number;
}

/**
 * A new topic of its name begins at its beginning. An offset knows by its id which one it belongs to; those of the oldest clients are
 * stored in a form without ids, and go by time.
 */
export function forgetTopic(turn: Turn, { topic, topicId, deletedAtMs }: DeletedTopic): void {
  for (const [partition, committed] of [...(turn.group.stored.offsets.get(topic) ?? [])]) {
    const isOfIt = committed.topicId === undefined ? committed.committedAtMs <= deletedAtMs : committed.topicId === topicId;
    if (isOfIt) forgetOffset(turn, topic, partition);
  }
}
