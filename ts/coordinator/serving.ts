import type { Failure } from '../model/errors.js';
import type { CoordinatorLog } from '../model/group-ports.js';
import type { GroupAnswer, GroupRequest, ListedGroup, ListRequest } from '../model/group-requests.js';
import type { Clock } from '../model/ports.js';
import { failed } from '../model/result.js';
import { Appender, type AppendNumber } from './appender.js';
import type { CoordinatorCounts } from './counts.js';
import { isListed, listed } from './group/describe.js';
import { type Group, isOver, newGroup, nextDeadline, restoreGroup, type Ticket } from './group/group.js';
import { answerMissing } from './group/missing.js';
import type { DeletedTopic } from './group/offsets.js';
import { type GroupEvent, step } from './group/step.js';
import type { Now } from './group/turn.js';
import type { GroupRecord } from './records/record.js';
import type { Replay } from './replay.js';
import { Rewrite } from './rewrite.js';
import type { CoordinatorSettings } from './settings.js';

export interface ServingOptions {
  readonly log: CoordinatorLog;
  readonly clock: Clock;
  readonly settings: CoordinatorSettings;
  readonly counts: CoordinatorCounts;
  /** What this shows is durable. */
  readonly onReply: (ticket: Ticket, answer: GroupAnswer) => void;
  /** For people who look closely. */
  readonly onNote: (groupId: string, note: string) => void;
  /** An append failed: nothing more can be said from here. */
  readonly onFailure: (failure: Failure) => void;
}

interface Entry {
  readonly group: Group;
  /** The last append that says something about it. */
  appended: AppendNumber;
}

/** Deadlines that lie closer together share a look. */
const lookMsMin = 20;

/**
 * The groups of one partition from a load of its log until the next. Groups change at once, as if every append succeeded, so that
 * requests need not wait for each other; but nothing leaves before all that it rests on is durable: the answer of a group waits
 * for every record about it that was appended before, a commit's own like those that a read of offsets shows.
 */
export class Serving {
  readonly #options: ServingOptions;
  readonly #appender: Appender;
  readonly #rewrite: Rewrite;
  readonly #groups = new Map<string, Entry>();
  /** Of what all groups keep. */
  #size = 0;
  #lookAtMs = Number.POSITIVE_INFINITY;
  #cancelLook: (() => void) | undefined;
  #cancelSweep: (() => void) | undefined;

  constructor(options: ServingOptions, replay: Replay) {
    const { log, settings, clock, counts } = options;
    this.#options = options;
    this.#appender = new Appender(log, settings.appendSizeMax, options.onFailure);
    this.#rewrite = new Rewrite({
      log,
      appender: this.#appender,
      snapshot: () => this.#snapshot(),
      liveCount: () => this.#liveCount(),
      loadedCount: replay.count,
      deadMax: settings.deadRecordsMax,
      onRewritten: () => counts.rewrites.add(),
    });
    for (const stored of replay.groups) {
      const group = restoreGroup(stored, clock.monotonicMs());
      this.#groups.set(stored.groupId, { group, appended: 0 });
      this.#size += sizeOf(group);
    }
    for (const entry of this.#groups.values()) this.#step(entry, { kind: 'restored' });
    this.#sweepLater();
  }

  get groupsCount(): number {
    return this.#groups.size;
  }

  get membersCount(): number {
    let count = 0;
    for (const { group } of this.#groups.values()) count += group.members.count;
    return count;
  }

  request(ticket: Ticket, request: GroupRequest, freshId: string): void {
    if (this.#size > this.#options.settings.sizeMax && addsToGroup(request)) {
      this.#options.onReply(ticket, failed({ error: 'policy-violation' }));
      return;
    }
    const entry = this.#groups.get(request.groupId) ?? this.#entryFor(ticket, request);
    if (entry !== undefined) this.#step(entry, { kind: 'request', ticket, request, freshId });
  }

  /** Calls back when what the list shows is durable. */
  list(request: ListRequest, done: (groups: readonly ListedGroup[]) => void): void {
    const groups = Array.from(this.#groups.values(), ({ group }) => listed(group)).filter((group) => isListed(group, request));
    this.#appender.after(this.#appender.appended, () => done(groups));
  }

  /** Calls back when nobody will ever see its offsets again. */
  forgetTopic(deleted: DeletedTopic, done: () => void): void {
    for (const entry of this.#groups.values())
      if (entry.group.stored.offsets.has(deleted.topic)) this.#step(entry, { kind: 'topic-deleted', ...deleted });
    this.#appender.after(this.#appender.appended, done);
  }

  close(): void {
    this.#appender.close();
    this.#cancelLook?.();
    this.#cancelSweep?.();
    this.#groups.clear();
  }

  /** Undefined: it has been answered. A group that was deleted just now is not there for those alone who see that. */
  #entryFor(ticket: Ticket, request: GroupRequest): Entry | undefined {
    const isFull = this.#groups.size >= this.#options.settings.groupsMax;
    const answer = answerMissing(request) ?? (isFull ? failed({ error: 'policy-violation' as const }) : undefined);
    const { appended } = this.#appender;
    if (answer !== undefined) {
      this.#appender.after(appended, () => this.#options.onReply(ticket, answer));
      return undefined;
    }
    const entry = { group: newGroup(request.groupId), appended };
    this.#groups.set(request.groupId, entry);
    return entry;
  }

  #step(entry: Entry, event: GroupEvent): void {
    const { group } = entry;
    const now = this.#now();
    const sizeBefore = sizeOf(group);
    const { generationId } = group;
    const { records, replies, notes } = step(group, event, now, this.#options.settings.group);
    this.#size += sizeOf(group) - sizeBefore;
    this.#count(records, group.generationId - generationId);
    for (const note of notes) this.#options.onNote(group.groupId, note);
    if (records.length > 0) entry.appended = this.#appender.append(records, now.wallMs);
    for (const { ticket, answer } of replies) this.#appender.after(entry.appended, () => this.#options.onReply(ticket, answer));
    if (isOver(group)) this.#groups.delete(group.groupId);
    else this.#lookBy(nextDeadline(group));
    if (records.length > 0) this.#rewrite.appended(records.length, now.wallMs);
  }

  #count(records: readonly GroupRecord[], generations: number): void {
    const { counts } = this.#options;
    counts.rebalances.add(generations);
    for (const record of records) if (record.kind === 'offset' && record.committed !== undefined) counts.commits.add();
  }

  #lookBy(atMs: number): void {
    if (atMs >= this.#lookAtMs) return;
    this.#cancelLook?.();
    this.#lookAtMs = atMs;
    const { clock } = this.#options;
    this.#cancelLook = clock.after(Math.max(atMs - clock.monotonicMs(), lookMsMin), () => this.#look());
  }

  /** Tells those the time whose deadlines have come, and finds out when to look again. */
  #look(): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#lookAtMs = Number.POSITIVE_INFINITY;
    this.#cancelLook = undefined;
    for (const entry of this.#groups.values()) {
      if (nextDeadline(entry.group) <= nowMs) this.#step(entry, { kind: 'tick' });
      else this.#lookBy(nextDeadline(entry.group));
    }
  }

  #sweepLater(): void {
    const { clock, settings } = this.#options;
    this.#cancelSweep = clock.after(settings.sweepIntervalMs, () => {
      for (const entry of this.#groups.values()) this.#step(entry, { kind: 'sweep' });
      this.#sweepLater();
    });
  }

  #now(): Now {
    const { clock } = this.#options;
    return { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
  }

  /** Taken in pieces, while groups come and go: those that come now are in the log behind its beginning anyhow. */
  *#snapshot(): Generator<GroupRecord> {
    for (const { group } of [...this.#groups.values()]) yield* group.stored.snapshot();
  }

  #liveCount(): number {
    let count = 0;
    for (const { group } of this.#groups.values()) count += group.stored.offsetsCount + 1;
    return count;
  }
}

function sizeOf({ stored, members }: Group): number {
  return stored.size + members.size;
}

function addsToGroup(request: GroupRequest): boolean {
  return request.verb === 'commit' || (request.verb === 'join' && request.memberId === '');
}
