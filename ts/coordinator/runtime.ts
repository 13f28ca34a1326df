import type { GroupError } from '../model/group-errors.js';
import type { CoordinatorLog, GroupCoordinator } from '../model/group-ports.js';
import type {
  GroupAnswer,
  GroupRefusal,
  GroupRequest,
  GroupVerb,
  GroupVerbs,
  ListedGroup,
  ListRequest,
} from '../model/group-requests.js';
import type { TopicId } from '../model/ids.js';
import { partitionOfGroup } from '../model/partition-of-group.js';
import type { Clock, DebugLog, Random } from '../model/ports.js';
import { failed, ok, type Result } from '../model/result.js';
import type { CoordinatorCounts } from './counts.js';
import type { Ticket } from './group/group.js';
import type { DeletedTopic } from './group/offsets.js';
import { nameLengthMax } from './group/settings.js';
import { freshMemberId } from './member-id.js';
import { Replay } from './replay.js';
import { Serving } from './serving.js';
import type { CoordinatorSettings } from './settings.js';

export interface RuntimeOptions {
  /** Of `__consumer_offsets`, and how many it has. */
  readonly partition: number;
  readonly partitionsCount: number;
  readonly log: CoordinatorLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: CoordinatorSettings;
  readonly counts: CoordinatorCounts;
  /** For people: why it does not serve at the moment. */
  readonly onProblem: (problem: string) => void;
  readonly debug?: DebugLog;
}

type Phase =
  | { readonly name: 'loading' }
  | { readonly name: 'serving'; readonly serving: Serving }
  | { readonly name: 'resting'; readonly cancel: () => void }
  | { readonly name: 'closed' };

/** For those who never joined anything a group may be nameless: Kafka has let them. */
const mayBeNameless: ReadonlySet<GroupVerb> = new Set(['commit', 'fetchOffsets', 'describe', 'deleteGroup']);

/** Their answers come when other members have done something: in minutes, maybe. */
const waitsForOthers: ReadonlySet<GroupVerb> = new Set(['join', 'sync']);
const elsewhere = failed<GroupRefusal>({ error: 'not-coordinator' });

/**
 * The coordinator of all groups of one partition of `__consumer_offsets`.
 *
 * When an append fails, everybody who waits is told `coordinator-not-available`, all groups are dropped, and after a rest the log
 * is read again. Nothing is undone in memory: an append that failed may be there all the same after the next start, and only the
 * log can say so.
 *
 * Lives on: the shard thread that leads the partition. Owned by: the broker, from becoming leader until `close`.
 */
export class GroupRuntime implements GroupCoordinator {
  readonly #options: RuntimeOptions;
  readonly #waiting = new Map<Ticket, { readonly verb: GroupVerb; readonly done: (answer: GroupAnswer) => void }>();
  /** Until nobody can see their offsets any more. */
  readonly #deletedTopics = new Set<DeletedTopic>();
  #phase: Phase = { name: 'loading' };
  #lastTicket: Ticket = 0;
  /** Of the last rest: when it began, and how long it was. */
  #restedMs = Number.NEGATIVE_INFINITY;
  #restMs = 0;
  #isDraining = false;

  constructor(options: RuntimeOptions) {
    this.#options = options;
    this.#load();
  }

  get isServing(): boolean {
    return this.#phase.name === 'serving';
  }

  get groupsCount(): number {
    return this.#phase.name === 'serving' ? this.#phase.serving.groupsCount : 0;
  }

  get membersCount(): number {
    return this.#phase.name === 'serving' ? this.#phase.serving.membersCount : 0;
  }

  ask<V extends GroupVerb>(verb: V, request: GroupVerbs[V]['request'], done: (answer: GroupAnswer<V>) => void): void {
    const asked = { verb, ...request } as GroupRequest;
    const phase = this.#phase;
    const error = this.#refusal(asked);
    if (phase.name === 'loading' && verb === 'heartbeat') deliver(done, ok(undefined) as GroupAnswer<V>);
    else if (error !== undefined || phase.name !== 'serving') deliver(done, failed({ error: error ?? 'not-coordinator' }));
    else {
      this.#lastTicket += 1;
      this.#waiting.set(this.#lastTicket, { verb, done: done as (answer: GroupAnswer) => void });
      phase.serving.request(this.#lastTicket, asked, freshMemberId(asked, this.#options.random));
    }
  }

  list(request: ListRequest, done: (answer: Result<readonly ListedGroup[], GroupRefusal>) => void): void {
    const phase = this.#phase;
    if (phase.name === 'serving') phase.serving.list(request, (groups) => deliver(done, ok(groups)));
    else deliver(done, failed({ error: this.#absence() ?? 'not-coordinator' }));
  }

  /** Its offsets would put readers of a new topic of that name in the wrong place. */
  forgetTopic(topic: string, topicId: TopicId): void {
    this.#deletedTopics.add({ topic, topicId, deletedAtMs: this.#options.clock.wallMs() });
    this.#forgetTopics();
  }

  /** The node is about to end: nobody waits for other members here any more. Commits are still taken. */
  drain(): void {
    this.#isDraining = true;
    for (const [ticket, { verb }] of [...this.#waiting]) if (waitsForOthers.has(verb)) this.#reply(ticket, elsewhere);
  }

  /** Another node leads the partition from now on, or this one ends. */
  close(): void {
    if (this.#phase.name === 'resting') this.#phase.cancel();
    this.#leave({ name: 'closed' }, 'not-coordinator');
  }

  #refusal(request: GroupRequest): GroupError | undefined {
    const { groupId, verb } = request;
    const { partition, partitionsCount, settings } = this.#options;
    if (groupId.length > nameLengthMax || (groupId === '' && !mayBeNameless.has(verb))) return 'invalid-group-id';
    if (partitionOfGroup(groupId, partitionsCount) !== partition) return 'not-coordinator';
    if (this.#isDraining && waitsForOthers.has(verb)) return 'not-coordinator';
    return this.#absence() ?? (this.#waiting.size >= settings.requestsMax ? 'coordinator-not-available' : undefined);
  }

  /** Never "nothing was committed": a reader would believe it, and begin somewhere else. */
  #absence(): GroupError | undefined {
    switch (this.#phase.name) {
      case 'loading':
        return 'coordinator-load-in-progress';
      case 'resting':
        return 'coordinator-not-available';
      case 'closed':
        return 'not-coordinator';
      case 'serving':
        return undefined;
    }
  }

  #load(): void {
    const phase: Phase = { name: 'loading' };
    this.#phase = phase;
    const replay = new Replay();
    const isStill = () => this.#phase === phase;
    this.#options.log.load(
      (records) => {
        if (isStill()) replay.take(records);
      },
      (result) => {
        if (!isStill()) return;
        const problem = result.ok ? replay.problem : (result.error.message ?? result.error.error);
        if (problem === undefined) this.#serve(replay);
        else this.#rest(problem);
      },
    );
  }

  #serve(replay: Replay): void {
    const { log, clock, settings, counts, debug } = this.#options;
    counts.loads.add();
    const serving = new Serving(
      {
        log,
        clock,
        settings,
        counts,
        onNote: (group, note) => debug?.debug({ group }, note),
        onReply: (ticket, answer) => this.#reply(ticket, answer),
        onFailure: ({ error, message }) => this.#rest(message ?? error),
      },
      replay,
    );
    this.#phase = { name: 'serving', serving };
    this.#forgetTopics();
  }

  #forgetTopics(): void {
    if (this.#phase.name !== 'serving') return;
    for (const deleted of [...this.#deletedTopics])
      this.#phase.serving.forgetTopic(deleted, () => void this.#deletedTopics.delete(deleted));
  }

  #rest(problem: string): void {
    const { clock, counts, onProblem } = this.#options;
    counts.failures.add();
    this.#restMs = this.#nextRestMs(clock.monotonicMs());
    this.#restedMs = clock.monotonicMs();
    const cancel = clock.after(this.#restMs, () => this.#load());
    this.#leave({ name: 'resting', cancel }, 'coordinator-not-available');
    const seconds = Math.ceil(this.#restMs / 1000);
    onProblem(`groups of partition ${this.#options.partition} are read again in ${seconds} s: ${problem}`);
  }

  /** A disk that takes no more appends is asked less and less often; the log may be long. */
  #nextRestMs(nowMs: number): number {
    const { reloadDelayMs, reloadDelayMsMax } = this.#options.settings;
    const isSoon = nowMs - this.#restedMs < 3 * this.#restMs;
    return isSoon ? Math.min(2 * this.#restMs, reloadDelayMsMax) : reloadDelayMs;
  }

  #leave(phase: Phase, error: GroupError): void {
    if (this.#phase.name === 'serving') this.#phase.serving.close();
    this.#phase = phase;
    for (const ticket of [...this.#waiting.keys()]) this.#reply(ticket, failed({ error }));
  }

  #reply(ticket: Ticket, answer: GroupAnswer): void {
    const waiting = this.#waiting.get(ticket);
    this.#waiting.delete(ticket);
    if (waiting !== undefined) deliver(waiting.done, answer);
  }
}

/** Never before the call that asked has returned. */
function deliver<T>(done: (answer: T) => void, answer: T): void {
  queueMicrotask(() => done(answer));
}
