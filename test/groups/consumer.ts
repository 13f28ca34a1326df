import type { TopicId } from '../../ts/model/ids.js';
import { noTopicId } from '../../ts/wire/kafka/field.js';
import { offsetCommit } from '../../ts/wire/kafka/schema/08-offset-commit.js';
import { offsetFetch } from '../../ts/wire/kafka/schema/09-offset-fetch.js';
import { joinGroup } from '../../ts/wire/kafka/schema/11-join-group.js';
import { heartbeat } from '../../ts/wire/kafka/schema/12-heartbeat.js';
import { leaveGroup } from '../../ts/wire/kafka/schema/13-leave-group.js';
import { syncGroup } from '../../ts/wire/kafka/schema/14-sync-group.js';
import { type Asking, ask, type Peer } from '../kafka/ask.js';
import { Broker } from './broker.mjs';

/** Which version of each API a client speaks. */
export interface Spoken {
  readonly find: number;
  readonly join: number;
  readonly sync: number;
  readonly heartbeat: number;
  readonly leave: number;
  readonly commit: number;
  readonly fetch: number;
}

export const oldest: Spoken = { find: 0, join: 0, sync: 0, heartbeat: 0, leave: 0, commit: 2, fetch: 1 };
export const newest: Spoken = { find: 6, join: 9, sync: 5, heartbeat: 4, leave: 5, commit: 10, fetch: 10 };

const topicIdsFrom = 10;
const groupsFrom = 8;
const memberIdRequired = 79;

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (some: Uint8Array): string => new TextDecoder().decode(some);

/** A client of a node would ask for metadata. */
export function topicIdOf(peer: Peer, topic: string, thread = 0): TopicId {
  return (peer instanceof Broker ? peer.verbs(thread).routing.view.topic(topic)?.topicId : undefined) ?? noTopicId;
}

/** Asks until the coordinator has read its log. */
export async function whenLoaded<T>(answer: () => Promise<T>, codeOf: (answer: T) => number): Promise<T> {
  for (let count = 0; count < 1000; count++) {
    const answered = await answer();
    if (codeOf(answered) !== 14) return answered;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw new Error('its log is never read');
}

/** A consumer as a client library plays it. */
export class Consumer {
  readonly peer: Peer;
  readonly groupId: string;
  readonly spoken: Spoken;
  readonly asking: Asking;
  memberId = '';
  generationId = -1;

  constructor(peer: Peer, groupId: string, spoken: Spoken, asking: Asking = {}) {
    this.peer = peer;
    this.groupId = groupId;
    this.spoken = spoken;
    this.asking = asking;
  }

  async join(terms: { readonly groupInstanceId?: string } = {}) {
    const joining = () =>
      ask(
        this.peer,
        joinGroup,
        this.spoken.join,
        {
          groupId: this.groupId,
          sessionTimeoutMs: 10_000,
          rebalanceTimeoutMs: this.spoken.join === 0 ? -1 : 20_000,
          memberId: this.memberId,
          protocolType: 'consumer',
          protocols: [
            { name: 'sticky', metadata: bytes(`of ${this.asking.clientId ?? 'client-1'}`) },
            { name: 'range', metadata: bytes('r') },
          ],
          ...terms,
        },
        this.asking,
      );
    let joined = await whenLoaded(joining, ({ errorCode }) => errorCode);
    if (joined.errorCode === memberIdRequired) {
      this.memberId = joined.memberId;
      joined = await joining();
    }
    this.memberId = joined.memberId;
    this.generationId = joined.generationId;
    return joined;
  }

  get #claim() {
    return { groupId: this.groupId, generationId: this.generationId, memberId: this.memberId };
  }

  sync(assignments: readonly (readonly [Consumer, string])[] = []) {
    const shared = assignments.map(([member, part]) => ({ memberId: member.memberId, assignment: bytes(part) }));
    return ask(this.peer, syncGroup, this.spoken.sync, { ...this.#claim, assignments: shared }, this.asking);
  }

  async heartbeat() {
    return (await ask(this.peer, heartbeat, this.spoken.heartbeat, this.#claim, this.asking)).errorCode;
  }

  leave() {
    const { groupId, memberId } = this;
    const one = this.spoken.leave < 3 ? { memberId } : { members: [{ memberId, reason: 'the test ends' }] };
    const reasoned = this.spoken.leave < 5 ? { ...one, members: one.members?.map(({ reason: _, ...rest }) => rest) } : one;
    return ask(this.peer, leaveGroup, this.spoken.leave, { groupId, ...reasoned }, this.asking);
  }

  /** Codes by partition. */
  async commit(
    topic: string,
    offsets: readonly number[],
    metadata = 'm',
    topicId = topicIdOf(this.peer, topic, this.asking.thread),
  ) {
    const { commit } = this.spoken;
    const { groupId, generationId, memberId } = this.#claim;
    const named = commit < topicIdsFrom ? { name: topic } : { topicId };
    const partitions = offsets.map((committedOffset, partitionIndex) => {
      return { partitionIndex, committedOffset, committedMetadata: metadata, ...(commit < 6 ? {} : { committedLeaderEpoch: 1 }) };
    });
    const request = { groupId, generationIdOrMemberEpoch: generationId, memberId, topics: [{ ...named, partitions }] };
    const answered = await whenLoaded(
      () => ask(this.peer, offsetCommit, commit, request, this.asking),
      ({ topics }) => topics[0]?.partitions[0]?.errorCode ?? 0,
    );
    return answered.topics.flatMap((each) => each.partitions.map(({ errorCode }) => errorCode));
  }

  /** Rows of partition, offset, leader epoch, metadata, code; or the code of the group. */
  async fetch(topic: string, partitionIndexes: readonly number[], topicId = topicIdOf(this.peer, topic, this.asking.thread)) {
    const version = this.spoken.fetch;
    const { groupId } = this;
    const named = version < topicIdsFrom ? { name: topic } : { topicId };
    const request =
      version < groupsFrom
        ? { groupId, topics: [{ name: topic, partitionIndexes }] }
        : { groups: [{ groupId, topics: [{ ...named, partitionIndexes }] }], requireStable: true };
    const answered = await whenLoaded(
      () => ask(this.peer, offsetFetch, version, request, this.asking),
      (answer) => answer.groups[0]?.errorCode || answer.errorCode || (answer.topics[0]?.partitions[0]?.errorCode ?? 0),
    );
    const { errorCode, topics } = version < groupsFrom ? answered : (answered.groups[0] ?? answered);
    if (errorCode !== 0) return errorCode;
    return topics.flatMap(({ partitions }) =>
      partitions.map((each) => [
        each.partitionIndex,
        each.committedOffset,
        each.committedLeaderEpoch,
        each.metadata,
        each.errorCode,
      ]),
    );
  }
}
