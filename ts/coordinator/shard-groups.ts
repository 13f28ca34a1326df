import type { Page } from '../metrics/page.js';
import type { CoordinatorLog, GroupCoordinator } from '../model/group-ports.js';
import type { GroupAnswer, GroupRefusal, GroupVerb, GroupVerbs, ListedGroup, ListRequest } from '../model/group-requests.js';
import type { TopicId } from '../model/ids.js';
import { listGroups } from '../model/list-groups.js';
import { partitionOfGroup } from '../model/partition-of-group.js';
import type { Clock, DebugLog, PartitionRoute, Random } from '../model/ports.js';
import { failed, type Result } from '../model/result.js';
import { CoordinatorCounts } from './counts.js';
import { GroupRuntime } from './runtime.js';
import type { CoordinatorSettings } from './settings.js';

export interface ShardGroupsOptions {
  readonly openLog: (handle: number) => CoordinatorLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: CoordinatorSettings;
  readonly page: Page;
  /** For people: why some groups are not served at the moment. */
  readonly onProblem: (problem: string) => void;
  readonly debug: DebugLog;
}

/** Its files could not be opened: nobody knows what was committed there. */
const notOpened: GroupRefusal = { error: 'coordinator-not-available' };
/** It is on its way: its shard has it, and this thread has not heard of it yet. */
const notYet: GroupRefusal = { error: 'coordinator-load-in-progress' };

/** The coordinators of all partitions of `__consumer_offsets` that one shard leads. Lives on: the shard's thread. */
export class ShardGroups implements GroupCoordinator {
  readonly #options: ShardGroupsOptions;
  readonly #counts: CoordinatorCounts;
  readonly #runtimes = new Map<number, GroupRuntime>();
  readonly #unopened = new Set<number>();
  #partitionsCount = 0;

  constructor(options: ShardGroupsOptions) {
    this.#options = options;
    this.#counts = new CoordinatorCounts(options.page);
  }

  /** What of the topic this shard leads, out of so many partitions; those that it has already stay as they are. */
  lead(partitions: readonly Pick<PartitionRoute, 'partition' | 'handle'>[], partitionsCount: number): void {
    const { openLog, page: _, ...options } = this.#options;
    this.#partitionsCount = partitionsCount;
    for (const { partition, handle } of partitions) {
      if (handle < 0) this.#unopened.add(partition);
      if (handle < 0 || this.#runtimes.has(partition)) continue;
      this.#unopened.delete(partition);
      const log = openLog(handle);
      this.#runtimes.set(partition, new GroupRuntime({ ...options, partition, partitionsCount, log, counts: this.#counts }));
    }
  }

  forgetTopic(topic: string, topicId: TopicId): void {
    for (const runtime of this.#runtimes.values()) runtime.forgetTopic(topic, topicId);
  }

  ask<V extends GroupVerb>(verb: V, request: GroupVerbs[V]['request'], done: (answer: GroupAnswer<V>) => void): void {
    const partition = partitionOfGroup(request.groupId, Math.max(1, this.#partitionsCount));
    const runtime = this.#runtimes.get(partition);
    if (runtime !== undefined) runtime.ask(verb, request, done);
    else queueMicrotask(() => done(failed(this.#unopened.has(partition) ? notOpened : notYet)));
  }

  list(request: ListRequest, done: (answer: Result<readonly ListedGroup[], GroupRefusal>) => void): void {
    if (this.#unopened.size > 0) queueMicrotask(() => done(failed(notOpened)));
    else listGroups([...this.#runtimes.values()], request, done);
  }

  /** Now and then: it looks at every group. */
  measure(): void {
    let groups = 0;
    let members = 0;
    for (const runtime of this.#runtimes.values()) {
      groups += runtime.groupsCount;
      members += runtime.membersCount;
    }
    this.#counts.groups.set(groups);
    this.#counts.members.set(members);
  }

  /** The node is about to end. */
  drain(): void {
    for (const runtime of this.#runtimes.values()) runtime.drain();
  }

  close(): void {
    for (const runtime of this.#runtimes.values()) runtime.close();
  }
}
