import { assert } from '../model/assert.js';
import type { PartitionAssignment, PartitionHandle, PartitionName, ShardAssignment } from '../model/assignment.js';
import type { TopicId } from '../model/ids.js';
import type { Failure } from '../model/ports.js';
import { failed, ok, type Result } from '../model/result.js';
import type { LogStore, PartitionState } from '../native/log.js';
import { Partition } from './partition.js';
import type { Tickets } from './tickets.js';

type Assigned = Result<readonly PartitionHandle[], Failure>;

/** Calls back once, when the last of several operations has ended. */
class Outcome {
  #waiting = 1;
  #failure: Failure | undefined;
  readonly #done: (failure: Failure | undefined) => void;

  constructor(done: (failure: Failure | undefined) => void) {
    this.#done = done;
  }

  expect(): void {
    this.#waiting += 1;
  }

  end(failure?: Failure): void {
    this.#failure ??= failure;
    this.#waiting -= 1;
    if (this.#waiting === 0) this.#done(this.#failure);
  }
}

const keyOf = (topicId: TopicId, partition: number) => `${topicId}-${partition}`;

/** The only door for control into a shard: it does what the metadata log has decided. */
export class Control {
  readonly #store: LogStore;
  readonly #tickets: Tickets;
  readonly #byHandle: Map<number, Partition>;
  readonly #byName = new Map<string, Partition>();
  /** What each ticket still owes. */
  readonly #operations = new Map<number, { readonly outcome: Outcome; left: number }>();

  constructor(store: LogStore, partitions: Map<number, Partition>, tickets: Tickets) {
    this.#store = store;
    this.#tickets = tickets;
    this.#byHandle = partitions;
    for (const state of store.partitions()) this.#add(state);
  }

  #add(state: PartitionState): Partition {
    const { handle, index, leaderEpoch, logStart, stableEnd } = state;
    const topicId = state.topic as TopicId;
    const partition = new Partition({ handle, topicId, index, leaderEpoch, logStart, highWatermark: stableEnd });
    this.#byHandle.set(handle, partition);
    this.#byName.set(keyOf(topicId, index), partition);
    return partition;
  }

  /** Answers when all of it is durable, with the handles of what is led. */
  assign({ lead, remove }: ShardAssignment, done: (assigned: Assigned) => void): void {
    const outcome = new Outcome((failure) => done(failure === undefined ? ok(this.#handlesOf(lead)) : failed(failure)));
    const isNew = ({ topicId, partition }: PartitionName) => !this.#byName.has(keyOf(topicId, partition));
    const fresh = lead.filter(isNew);
    for (const assignment of lead) if (!isNew(assignment)) this.#change(assignment, outcome);
    if (fresh.length > 0) this.#create(fresh, outcome);
    for (const name of remove) this.#remove(name, outcome);
    outcome.end();
  }

  #create(assignments: readonly PartitionAssignment[], outcome: Outcome): void {
    const ticket = this.#expect(outcome, assignments.length);
    const created = this.#store.createPartitions(
      ticket,
      assignments.map(({ topicId, partition, leaderEpoch, settings }) => {
        return { topic: topicId, index: partition, leaderEpoch, config: settings };
      }),
    );
    if (!created.ok) {
      for (const _ of assignments) this.failed(ticket, { error: 'storage-failed', message: created.error.message });
      return;
    }
    for (const handle of created.value) {
      const state = this.#store.partition(handle);
      assert(state !== undefined, `partition ${handle} was just made`);
      this.#add(state);
    }
  }

  #change({ topicId, partition: index, leaderEpoch, settings }: PartitionAssignment, outcome: Outcome): void {
    const partition = this.#named({ topicId, partition: index });
    if (leaderEpoch > partition.leaderEpoch) {
      const refused = this.#store.lead(partition.handle, leaderEpoch);
      assert(refused === undefined, `the metadata log gives partition ${topicId}-${index} an old epoch: ${refused?.message}`);
      partition.leaderEpoch = leaderEpoch;
    }
    const failure = this.#store.configure(partition.handle, settings);
    assert(failure === undefined, `partition ${topicId}-${index} has gone: ${failure?.message}`);
    if (this.#store.partition(partition.handle)?.durability !== settings.durability) {
      this.#operate(partition, settings.durability, outcome);
    }
  }

  #remove(name: PartitionName, outcome: Outcome): void {
    const partition = this.#byName.get(keyOf(name.topicId, name.partition));
    // Recovery has met its deletion already.
    if (partition === undefined) return;
    this.#byName.delete(keyOf(name.topicId, name.partition));
    this.#byHandle.delete(partition.handle);
    this.#operate(partition, 'delete', outcome);
  }

  #operate(partition: Partition, operation: 'delete' | 'fsync' | 'replicated', outcome: Outcome): void {
    const ticket = this.#expect(outcome, 1);
    const failure = this.#store.control(partition.handle, ticket, operation);
    if (failure !== undefined) this.failed(ticket, { error: 'storage-failed', message: failure.message });
  }

  #expect(outcome: Outcome, count: number): number {
    const ticket = this.#tickets.next();
    for (let index = 0; index < count; index += 1) outcome.expect();
    this.#operations.set(ticket, { outcome, left: count });
    return ticket;
  }

  #handlesOf(names: readonly PartitionName[]): readonly PartitionHandle[] {
    return names.map((name) => ({ topicId: name.topicId, partition: name.partition, handle: this.#named(name).handle }));
  }

  #named({ topicId, partition }: PartitionName): Partition {
    const found = this.#byName.get(keyOf(topicId, partition));
    assert(found !== undefined, `partition ${topicId}-${partition} is not of this shard`);
    return found;
  }

  done(ticket: number): void {
    this.#ended(ticket, undefined);
  }

  failed(ticket: number, failure: Failure): void {
    this.#ended(ticket, failure);
  }

  #ended(ticket: number, failure: Failure | undefined): void {
    const operation = this.#operations.get(ticket);
    assert(operation !== undefined, `operation ${ticket} ends more often than it was begun`);
    operation.left -= 1;
    if (operation.left === 0) this.#operations.delete(ticket);
    operation.outcome.end(failure);
  }
}
