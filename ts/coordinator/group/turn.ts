import type { GroupError } from '../../model/group-errors.js';
import type { GroupAnswer, GroupVerb, GroupVerbs } from '../../model/group-requests.js';
import { failed, ok } from '../../model/result.js';
import type { GroupRecord } from '../records/record.js';
import { type Group, metadataFor, type Ticket } from './group.js';
import type { Member } from './members.js';
import type { GroupSettings } from './settings.js';

export interface Now {
  /** For deadlines. */
  readonly monotonicMs: number;
  /** For what is stored: whole. */
  readonly wallMs: number;
}

export interface Reply {
  readonly ticket: Ticket;
  readonly answer: GroupAnswer;
}

/** What has to be done: `records` are appended in order, and no reply leaves before they, and all before them, are durable. */
export interface Effects {
  readonly records: readonly GroupRecord[];
  readonly replies: readonly Reply[];
  /** For people who look closely: what became of the group, and why. */
  readonly notes: readonly string[];
}

/** One event that a group works off: what it is given to go by, and what comes of it. */
export class Turn implements Effects {
  readonly group: Group;
  readonly now: Now;
  readonly settings: GroupSettings;
  readonly records: GroupRecord[] = [];
  readonly replies: Reply[] = [];
  readonly notes: string[] = [];

  constructor(group: Group, now: Now, settings: GroupSettings) {
    this.group = group;
    this.now = now;
    this.settings = settings;
  }

  answer<V extends GroupVerb>(_verb: V, ticket: Ticket, value: GroupVerbs[V]['answer']): void {
    this.replies.push({ ticket, answer: ok(value) });
  }

  refuse(ticket: Ticket, error: GroupError, memberId?: string): void {
    this.replies.push({ ticket, answer: failed(memberId === undefined ? { error } : { error, memberId }) });
  }

  record(record: GroupRecord): void {
    this.group.stored.apply(record);
    this.records.push(record);
  }

  /** The group as it is now. */
  recordGroup(): void {
    this.record({ kind: 'group', groupId: this.group.groupId, metadata: metadataFor(this.group) });
  }

  /** A member has been heard of, or has been answered: its session begins anew. */
  renew(member: Member, timeoutMs = member.sessionTimeoutMs): void {
    member.sessionDeadlineMs = this.deadline(timeoutMs);
  }

  /** The group is told the time then. */
  deadline(delayMs: number): number {
    const deadlineMs = this.now.monotonicMs + delayMs;
    this.group.wakeAtMs = Math.min(this.group.wakeAtMs, deadlineMs);
    return deadlineMs;
  }

  enter(state: Group['state']): void {
    this.group.state = state;
    this.group.changedAtMs = this.now.wallMs;
  }
}
