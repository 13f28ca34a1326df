import { type Group, newGroup, nextDeadline, restoreGroup } from '../../ts/coordinator/group/group.js';
import { type GroupSettings, groupDefaults } from '../../ts/coordinator/group/settings.js';
import { type GroupEvent, step } from '../../ts/coordinator/group/step.js';
import { StoredGroup } from '../../ts/coordinator/group/stored-group.js';
import type { GroupRecord } from '../../ts/coordinator/records/record.js';
import type { GroupError } from '../../ts/model/group-errors.js';
import type { GroupAnswer, GroupRequest, GroupVerb, GroupVerbs, Joined, JoinRequest } from '../../ts/model/group-requests.js';

const groupId = 'g';

/** A request under way: its answer comes when the group gives it. */
export interface Asked<V extends GroupVerb> {
  answer: GroupAnswer<V> | undefined;
}

export function granted<V extends GroupVerb>({ answer }: Asked<V>): GroupVerbs[V]['answer'] {
  if (answer === undefined) throw new Error('not answered');
  if (!answer.ok) throw new Error(`refused: ${answer.error.error}`);
  return answer.value;
}

export function errorOf<V extends GroupVerb>({ answer }: Asked<V>): GroupError | 'waits' | 'none' {
  if (answer === undefined) return 'waits';
  return answer.ok ? 'none' : answer.error.error;
}

/** One group and its time, without a log: every record counts as durable. */
export class Story {
  nowMs = 1_000;
  readonly settings: GroupSettings;
  group: Group = newGroup(groupId);
  records: GroupRecord[] = [];
  readonly #asked = new Map<number, Asked<GroupVerb>>();
  #tickets = 0;

  constructor(settings: Partial<GroupSettings> = {}) {
    this.settings = { ...groupDefaults, initialRebalanceDelayMs: 0, ...settings };
  }

  get wallMs(): number {
    return 1_700_000_000_000 + this.nowMs;
  }

  get state(): string {
    return this.group.state.name;
  }

  ask<V extends GroupVerb>(verb: V, request: Omit<GroupVerbs[V]['request'], 'groupId'>): Asked<V> {
    this.#tickets += 1;
    const asked: Asked<V> = { answer: undefined };
    this.#asked.set(this.#tickets, asked as Asked<GroupVerb>);
    const named = { verb, groupId, ...request } as unknown as GroupRequest;
    this.happen({ kind: 'request', ticket: this.#tickets, request: named, freshId: `id-${this.#tickets}` });
    return asked;
  }

  happen(event: GroupEvent): void {
    const now = { monotonicMs: this.nowMs, wallMs: this.wallMs };
    const { records, replies } = step(this.group, event, now, this.settings);
    this.records.push(...records);
    for (const { ticket, answer } of replies) {
      const asked = this.#asked.get(ticket);
      if (asked === undefined || asked.answer !== undefined) throw new Error(`ticket ${ticket} is answered twice`);
      asked.answer = answer;
    }
  }

  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    for (let count = 0; nextDeadline(this.group) <= endMs; count++) {
      if (count > 10_000) throw new Error('a deadline that never passes');
      this.nowMs = Math.max(this.nowMs, nextDeadline(this.group));
      this.happen({ kind: 'tick' });
    }
    this.nowMs = endMs;
  }

  crash(): void {
    const stored = new StoredGroup(groupId);
    for (const record of this.records) stored.apply(record);
    this.group = restoreGroup(stored, this.nowMs);
    this.#asked.clear();
    this.happen({ kind: 'restored' });
  }

  member(terms: Partial<JoinRequest> = {}): StoryMember {
    return new StoryMember(this, terms);
  }

  /** All of them join, and the generation begins. */
  gather(...members: readonly StoryMember[]): void {
    const asked = members.map((member) => member.join());
    this.pass(2 * this.settings.initialRebalanceDelayMs);
    for (const [index, member] of members.entries()) member.took(asked[index]);
  }

  /** And each gets from its leader what is named after it. */
  settle(...members: readonly StoryMember[]): void {
    this.gather(...members);
    const asked = members.map((member) => member.sync(member.isLeader ? members : []));
    for (const each of asked) granted(each);
  }
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (some: Uint8Array): string => new TextDecoder().decode(some);

/** What a consumer says that it reads, as the head of every version holds it. */
export function subscription(...topics: readonly string[]): Uint8Array {
  const names = topics.map((topic) => [0, topic.length, ...bytes(topic)]);
  return Uint8Array.from([0, 1, 0, 0, 0, topics.length, ...names.flat(), 255, 255, 255, 255]);
}

export class StoryMember {
  readonly #story: Story;
  readonly #terms: Partial<JoinRequest>;
  memberId = '';
  generationId = -1;
  joined: Joined | undefined;

  constructor(story: Story, terms: Partial<JoinRequest>) {
    this.#story = story;
    this.#terms = terms;
  }

  get isLeader(): boolean {
    return this.joined?.leaderId === this.memberId;
  }

  join(terms: Partial<JoinRequest> = {}): Asked<'join'> {
    const request = {
      memberId: this.memberId,
      clientId: 'client',
      clientHost: '/127.0.0.1',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 60_000,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: subscription('orders') }],
      comesAgainWithId: true,
      canSkipAssignment: true,
      ...this.#terms,
      ...terms,
    };
    const asked = this.#story.ask('join', request);
    if (asked.answer?.ok !== false || asked.answer.error.error !== 'member-id-required') return asked;
    this.memberId = asked.answer.error.memberId ?? '';
    return this.#story.ask('join', { ...request, memberId: this.memberId });
  }

  took(asked: Asked<'join'> | undefined): Joined {
    if (asked === undefined) throw new Error('never asked');
    const joined = granted(asked);
    this.joined = joined;
    this.memberId = joined.memberId;
    this.generationId = joined.generationId;
    return joined;
  }

  get #claim() {
    return { memberId: this.memberId, instanceId: this.#terms.instanceId, generationId: this.generationId };
  }

  sync(assigned: readonly StoryMember[] = [], more: object = {}): Asked<'sync'> {
    const assignments = assigned.map(({ memberId }) => ({ memberId, assignment: bytes(`${memberId}@${this.generationId}`) }));
    return this.#story.ask('sync', { ...this.#claim, assignments, ...more });
  }

  heartbeat(): Asked<'heartbeat'> {
    return this.#story.ask('heartbeat', this.#claim);
  }

  commit(offset: number, topic = 'orders', more: object = {}): Asked<'commit'> {
    const topics = [{ topic, partitions: [{ partition: 0, offset, metadata: '' }] }];
    return this.#story.ask('commit', { ...this.#claim, knowsMissingGroups: true, topics, ...more });
  }

  leave(): Asked<'leave'> {
    return this.#story.ask('leave', { members: [{ memberId: this.memberId, instanceId: this.#terms.instanceId }] });
  }
}
