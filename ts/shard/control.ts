import { assert } from '../model/assert.js';
import type { HostAnswer, HostedPartition, PartitionName, ShardAssignment } from '../model/assignment.js';
import type { Failure } from '../model/errors.js';
import type { TopicId } from '../model/ids.js';
import type { LogStore, PartitionState, StoreFailure } from '../native/log.js';
import { failureOfStore } from './failures.js';
import type { Operations } from './operations.js';
import { Partition } from './partition.js';
import type { Removals } from './removals.js';
import type { Tickets } from './tickets.js';

const keyOf = (topicId: TopicId, partition: number) => `${topicId}-${partition}`;

/** One assignment on its way: it is answered when the last of its operations has ended. */
class Assigning {
  /** By the partition's name. */
  readonly failures = new Map<string, Failure>();
  readonly unremoved: HostAnswer[] = [];
  readonly #done: () => void;
  #waiting = 1;

  constructor(done: () => void) {
    this.#done = done;
  }

  expect(count: number): void {
    this.#waiting += count;
  }

  end(): void {
    this.#waiting -= 1;
    if (this.#waiting === 0) this.#done();
  }
}

/** New partitions of one assignment. */
interface Creation {
  readonly assigning: Assigning;
  /** Of its partitions, how many have not answered. */
  left: number;
}

export interface ControlPorts {
  readonly store: LogStore;
  /** The shard's own table, kept here. */
  readonly partitions: Map<number, Partition>;
  readonly tickets: Tickets;
  readonly operations: Operations;
  readonly removals: Removals;
  readonly onNoSpace: () => void;
}

/** The only door for control into a shard: it does what the metadata log has decided. */
export class Control {
  readonly #store: LogStore;
  readonly #tickets: Tickets;
  readonly #byHandle: Map<number, Partition>;
  readonly #byName = new Map<string, Partition>();
  readonly #creations = new Map<number, Creation>();
  readonly #operations: Operations;
  readonly #removals: Removals;
  readonly #onNoSpace: () => void;

  constructor({ store, partitions, tickets, operations, removals, onNoSpace }: ControlPorts) {
    this.#store = store;
    this.#tickets = tickets;
    this.#operations = operations;
    this.#removals = removals;
    this.#onNoSpace = onNoSpace;
    this.#byHandle = partitions;
    for (const state of store.partitions()) this.#add(state);
  }

  #add(state: PartitionState): void {
    const { handle, index, leaderEpoch, logStart, stableEnd } = state;
    const topicId = state.topic as TopicId;
    const partition = new Partition({ handle, topicId, index, leaderEpoch, logStart, highWatermark: stableEnd });
    this.#byHandle.set(handle, partition);
    this.#byName.set(keyOf(topicId, index), partition);
  }

  /** Answers when all of it is durable: with a handle for each partition to host, or why there is none, and with what was not removed. */
  assign({ host, remove }: ShardAssignment, done: (answers: readonly HostAnswer[]) => void): void {
    const assigning = new Assigning(() => {
      done([...host.map((name) => this.#answerFor(name, assigning)), ...assigning.unremoved]);
    });
    const isNew = ({ topicId, partition }: PartitionName) => !this.#byName.has(keyOf(topicId, partition));
    const fresh = host.filter(isNew);
    const known = host.filter((hosted) => !isNew(hosted));
    for (const hosted of known) this.#change(hosted, assigning);
    if (fresh.length > 0) this.#create(fresh, assigning);
    for (const name of remove) this.#remove(name, assigning);
    assigning.end();
  }

  #answerFor({ topicId, partition: index }: PartitionName, { failures }: Assigning): HostAnswer {
    const partition = this.#byName.get(keyOf(topicId, index));
    const name = { topicId, partition: index };
    const failure = failures.get(keyOf(topicId, index));
    if (failure !== undefined) return { ...name, failure };
    return partition === undefined ? { ...name, failure: { error: 'storage-failed' } } : { ...name, handle: partition.handle };
  }

  #create(hosted: readonly HostedPartition[], assigning: Assigning): void {
    const ticket = this.#tickets.next();
    assigning.expect(hosted.length);
    this.#creations.set(ticket, { assigning, left: hosted.length });
    const created = this.#store.createPartitions(
      ticket,
      hosted.map(({ topicId, partition, leaderEpoch, settings }) => {
        return { topic: topicId, index: partition, leaderEpoch, config: settings };
      }),
    );
    if (!created.ok) {
      for (const _ of hosted) this.#ended(ticket);
      return;
    }
    for (const handle of created.value) {
      const state = this.#store.partition(handle);
      assert(state !== undefined, `partition ${handle} was just made`);
      this.#add(state);
    }
  }

  #change({ topicId, partition: index, leaderEpoch, settings }: HostedPartition, assigning: Assigning): void {
    const partition = this.#byName.get(keyOf(topicId, index));
    assert(partition !== undefined, 'it is known');
    const { handle } = partition;
    const refused = leaderEpoch > partition.leaderEpoch ? this.#store.lead(handle, leaderEpoch) : undefined;
    const failure = refused ?? this.#store.configure(handle, settings);
    if (failure !== undefined) {
      assigning.failures.set(keyOf(topicId, index), { error: 'storage-failed', message: failure.message });
      return;
    }
    partition.leaderEpoch = Math.max(leaderEpoch, partition.leaderEpoch);
    if (this.#store.partition(handle)?.durability !== settings.durability) {
      this.#operate(partition, settings.durability, assigning);
    }
  }

  #remove({ topicId, partition: index }: PartitionName, assigning: Assigning): void {
    const partition = this.#byName.get(keyOf(topicId, index));
    // Recovery has met its deletion already.
    if (partition === undefined) return;
    this.#byName.delete(keyOf(topicId, index));
    this.#byHandle.delete(partition.handle);
    assigning.expect(1);
    this.#removals.begin(partition, (failure) => {
      if (failure !== undefined) assigning.unremoved.push({ topicId, partition: index, isRemoval: true, failure });
      assigning.end();
    });
  }

  #operate({ handle, topicId, index }: Partition, operation: 'fsync' | 'replicated', assigning: Assigning): void {
    assigning.expect(1);
    this.#operations.begin(handle, operation, 0, (failure) => {
      if (failure !== undefined) assigning.failures.set(keyOf(topicId, index), failureOfStore(failure));
      assigning.end();
    });
  }

  done(ticket: number): void {
    if (!this.#removals.ended(ticket) && !this.#operations.ended(ticket)) this.#ended(ticket);
  }

  failed(handle: number, ticket: number, failure: StoreFailure): void {
    if (this.#removals.ended(ticket, failure) || this.#operations.ended(ticket, failure)) return;
    const partition = this.#byHandle.get(handle);
    if (partition !== undefined) {
      const told = this.#notMade(partition, failureOfStore(failure));
      this.#creations.get(ticket)?.assigning.failures.set(keyOf(partition.topicId, partition.index), told);
    }
    this.#ended(ticket);
  }

  /** The log knows nothing of it any more: it may be made again. */
  #notMade({ topicId, index, handle }: Partition, failure: Failure): Failure {
    this.#byName.delete(keyOf(topicId, index));
    this.#byHandle.delete(handle);
    if (failure.error !== 'disk-full') return failure;
    this.#onNoSpace();
    const advice = 'it is served once there is room: free space or shorten retention';
    return { ...failure, message: `partition ${index} of the topic found no room for its files (${failure.message}): ${advice}` };
  }

  #ended(ticket: number): void {
    const creation = this.#creations.get(ticket);
    assert(creation !== undefined, `creation ${ticket} ends more often than it was begun`);
    creation.left -= 1;
    if (creation.left === 0) this.#creations.delete(ticket);
    creation.assigning.end();
  }
}
