import type { Failure } from '../../model/errors.js';
import type { GroupCoordinator } from '../../model/group-ports.js';
import type { GroupAnswer, GroupRefusal, GroupVerb, GroupVerbs, ListedGroup, ListRequest } from '../../model/group-requests.js';
import { offsetsTopic } from '../../model/internal-topics.js';
import { listGroups } from '../../model/list-groups.js';
import { partitionOfGroup } from '../../model/partition-of-group.js';
import type { ClusterCommands, TopicRoute } from '../../model/ports.js';
import { failed, type Result } from '../../model/result.js';
import type { Routing } from '../routing.js';

export interface GroupsOptions {
  readonly routing: Routing;
  readonly commands: Pick<ClusterCommands, 'createOffsetsTopic'>;
  /** Those of each shard, by its number. */
  readonly coordinators: readonly GroupCoordinator[];
}

const notAvailable: GroupRefusal = { error: 'coordinator-not-available' };

/**
 * All groups of the node. A group lives in the shard that leads its partition of the offsets topic, which is made when somebody first
 * asks for a group.
 */
export class Groups implements GroupCoordinator {
  readonly #routing: Routing;
  readonly #commands: GroupsOptions['commands'];
  readonly #coordinators: readonly GroupCoordinator[];
  #creating: Promise<Failure | undefined> | undefined;

  constructor({ routing, commands, coordinators }: GroupsOptions) {
    this.#routing = routing;
    this.#commands = commands;
    this.#coordinators = coordinators;
  }

  /** Calls back, maybe at once, when groups have a place to be. */
  prepare(done: (failure: Failure | undefined) => void): void {
    if (this.#topic !== undefined) {
      done(undefined);
      return;
    }
    this.#creating ??= this.#create();
    void this.#creating.then(done);
  }

  get #topic(): TopicRoute | undefined {
    return this.#routing.topic(offsetsTopic);
  }

  async #create(): Promise<Failure | undefined> {
    const created = await this.#commands.createOffsetsTopic();
    this.#creating = undefined;
    // Another gateway was faster.
    return created.ok || created.error.error === 'topic-exists' ? undefined : created.error;
  }

  ask<V extends GroupVerb>(verb: V, request: GroupVerbs[V]['request'], done: (answer: GroupAnswer<V>) => void): void {
    this.prepare(() => {
      const coordinator = this.#coordinatorOf(request.groupId);
      if (coordinator !== undefined) coordinator.ask(verb, request, done);
      else queueMicrotask(() => done(failed(notAvailable)));
    });
  }

  #coordinatorOf(groupId: string): GroupCoordinator | undefined {
    const partitions = this.#topic?.partitions ?? [];
    const route = partitions.length === 0 ? undefined : partitions[partitionOfGroup(groupId, partitions.length)];
    return route === undefined || route.handle < 0 ? undefined : this.#coordinators[route.shard];
  }

  list(request: ListRequest, done: (answer: Result<readonly ListedGroup[], GroupRefusal>) => void): void {
    listGroups(this.#topic === undefined ? [] : this.#coordinators, request, done);
  }
}
