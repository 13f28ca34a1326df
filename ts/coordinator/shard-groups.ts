import type { Page } from '../metrics/page.js';
import type { CoordinatorLog, GroupCoordinator } from '../model/group-ports.js';
import type { GroupAnswer, GroupRefusal, GroupVerb, GroupVerbs, ListedGroup, ListRequest } from '../model/group-requests.js';
import { partitionOfGroup } from '../model/partition-of-group.js';
import type { Clock, DebugLog, PartitionRoute, Random } from '../model/ports.js';
import { failed, ok, type Result } from '../model/result.js';
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

/** It is on its way: its shard has it, and this thread has not heard of it yet. */
const notYet: GroupRefusal = { error: 'coordinator-load-in-progress' };

/** The coordinators of all partitions of `__consumer_offsets` that one shard leads. Lives on: the shard's thread. */
export class ShardGroups implements GroupCoordinator {
  readonly #options: ShardGroupsOptions;
  readonly #counts: CoordinatorCounts;
  readonly #runtimes = new Map<number, GroupRuntime>();
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
      // Its files could not be opened: until the next start nobody knows what was committed there.
      if (handle < 0 || this.#runtimes.has(partition)) continue;
      const log = openLog(handle);
      this.#runtimes.set(partition, new GroupRuntime({ ...options, partition, partitionsCount, log, counts: this.#counts }));
    }
  }

  forgetTopic(topic: string): void {
    for (const runtime of this.#runtimes.values()) runtime.forgetTopic(topic);
  }

  ask<V extends GroupVerb>(verb: V, request: GroupVerbs[V]['request'], done: (answer: GroupAnswer<V>) => void): void {
    const runtime = this.#runtimes.get(partitionOfGroup(request.groupId, Math.max(1, this.#partitionsCount)));
    if (runtime !== undefined) runtime.ask(verb, request, done);
    else queueMicrotask(() => done(failed(notYet)));
  }

  /** All of them, or the first refusal: half a list would look like groups that are gone. */
  list(request: ListRequest, done: (answer: Result<readonly ListedGroup[], GroupRefusal>) => void): void {
    let waiting = this.#runtimes.size;
    let result: Result<readonly ListedGroup[], GroupRefusal> = ok([]);
    if (waiting === 0) queueMicrotask(() => done(result));
    for (const runtime of this.#runtimes.values()) {
      runtime.list(request, (answer) => {
        if (result.ok) result = answer.ok ? ok([...result.value, ...answer.value]) : answer;
        waiting -= 1;
        if (waiting === 0) done(result);
      });
    }
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
