import { assert } from '../../model/assert.js';
import type { HostAnswer, PartitionName, ShardAssignment } from '../../model/assignment.js';
import type { Failure } from '../../model/errors.js';
import type { ExitReason } from '../../model/exit-codes.js';
import { type TopicId, topicIdOf } from '../../model/ids.js';
import { offsetsTopic } from '../../model/internal-topics.js';
import type { Assignments, Clock, ClusterCommands, ConfigChange, NewTopic, Random, TopicRoute } from '../../model/ports.js';
import { failed, ok, type Result } from '../../model/result.js';
import type { Failure as LogFailure } from '../../native/failure.js';
import { assignAll, assignChanges, assignThese } from '../assignments/diff.js';
import { addPartitions } from '../commands/add-partitions.js';
import { allocateProducerIds } from '../commands/allocate-producer-ids.js';
import { alterTopic } from '../commands/alter-topic.js';
import { createInternalTopic, createTopic } from '../commands/create-topic.js';
import type { ClusterDefaults, Decision } from '../commands/decision.js';
import { deleteTopic } from '../commands/delete-topic.js';
import { startNode } from '../commands/start-node.js';
import { emptyImage, type Image } from '../metadata/image.js';
import { decodeRecords, encodeRecords } from '../metadata/records/record.js';
import { reduce } from '../metadata/reducer.js';
import { snapshotRecords } from '../metadata/snapshot.js';
import { type MetadataLog, RaftHost } from '../raft/host.js';
import type { ViewChange } from '../view.js';
import { routeOf } from '../view.js';
import { Outbox } from './outbox.js';
import { type NewProducer, ProducerIdBlock } from './producer-ids.js';
import { CommandQueue } from './queue.js';
import { Settlements } from './settlements.js';
import { Unserved } from './unserved.js';
import { Viewed } from './viewed.js';

export interface ControllerOptions {
  readonly log: MetadataLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly defaults: ClusterDefaults;
  readonly shardsCount: number;
  /** How the topic is made in which groups live. */
  readonly offsetsTopic: Pick<NewTopic, 'partitions' | 'configs'>;
  /** Commands that wait, and changes on their way through shards and gateways: more is refused as `overloaded`. */
  readonly capacity?: number;
}

export interface ControllerEvents {
  /** What a shard does from now on. It answers with `assigned` and this number, and gets the next one after that. */
  onAssignment(number: number, assignment: ShardAssignment): void;
  /** What gateways route by from now on; when all of them do, `viewed` is called with its version. */
  onView(change: ViewChange): void;
  /** Every partition is hosted and every gateway knows. Once. */
  onReady(): void;
  /** For another node of the quorum. */
  onOutgoing(to: number, message: Uint8Array): void;
  /** The node ends with this reason. */
  onFatal(reason: ExitReason, message: string): void;
}

const capacityDefault = 1024;
/** So long after a commit the journal gets its witness. */
const restDelayMs = 100;

/**
 * The control plane of one node: commands in, one at a time, committed and reduced; assignments and views out.
 *
 * Lives on: the cluster thread. Owned by: the broker. Ends when: `close`.
 */
export class Controller implements ClusterCommands {
  readonly #options: ControllerOptions;
  readonly #events: ControllerEvents;
  readonly #host: RaftHost;
  readonly #queue: CommandQueue;
  readonly #capacity: number;
  readonly #settlements: Settlements;
  readonly #outbox: Outbox;
  readonly #viewed: Viewed;
  readonly #producerIds: ProducerIdBlock;
  readonly #unserved: Unserved;
  #image: Image = emptyImage;
  /** From its own start on the node acts on what is committed; before, it only learns. */
  #isServing = false;
  #isStopped = false;
  #isClosed = false;
  #isInFlight = false;
  #cancelDrain: (() => void) | undefined;
  #cancelRest: (() => void) | undefined;
  /** Of the entry applied last. */
  #settlement = 0;

  constructor(options: ControllerOptions, events: ControllerEvents) {
    this.#options = options;
    this.#events = events;
    this.#capacity = options.capacity ?? capacityDefault;
    this.#queue = new CommandQueue(this.#capacity);
    this.#outbox = new Outbox((number, assignment) => events.onAssignment(number, assignment));
    this.#viewed = new Viewed(options.shardsCount, (change) => events.onView(change));
    this.#settlements = new Settlements({ publish: (touched) => this.#viewed.publish(this.#image, touched) });
    this.#producerIds = new ProducerIdBlock(this.#capacity, (done) => this.#refillProducerIds(done));
    this.#unserved = new Unserved(options.clock, (names) => this.#assignAgain(names));
    this.#host = new RaftHost(options.log, {
      replace: (content) => this.#replace(content),
      apply: (content) => this.#apply(content),
      send: (to, message) => events.onOutgoing(to, message),
      fail: (failure) => this.#fail(failure),
    });
  }

  get image(): Image {
    return this.#image;
  }

  /**
   * Replays the log, records this start of the node and publishes everything it hosts. `startCount` is the superblock's. Where it
   * fails, `onFatal` has been called.
   */
  start(startCount: number): void {
    this.#host.start(true);
    if (this.#isStopped) return;
    const freshClusterId = base64url(this.#options.random.bytes(16));
    const started = startNode(this.#image, { nodeId: this.#options.defaults.nodeId, startCount, freshClusterId });
    if (!started.ok) {
      this.#end('corruption', started.error.message ?? started.error.error);
      return;
    }
    const failure = this.#host.propose(encodeRecords(started.value.records), (end) => {
      if (end === 'committed') this.#serve();
    });
    if (failure === undefined) this.#host.turn();
    else this.#fail(failure);
  }

  #serve(): void {
    this.#isServing = true;
    const { shardsCount, defaults } = this.#options;
    const assigned = new Map(
      assignAll(this.#image, { nodeId: defaults.nodeId, shardsCount }).map((assignment) => [assignment.shard, assignment]),
    );
    const all = Array.from({ length: shardsCount }, (_, shard) => assigned.get(shard) ?? { shard, host: [], remove: [] });
    this.#publish(new Set(this.#image.topics.keys()), all);
    this.#settlements.wait(this.#settlement, undefined, (failure) => {
      if (failure === undefined) this.#events.onReady();
    });
    this.#afterCommit();
  }

  /** A shard has done what the assignment of this number asked; deleted partitions are tombstones by now, but for those it names. */
  assigned(number: number, shard: number, answers: readonly HostAnswer[]): void {
    for (const answer of answers) {
      if (!('isRemoval' in answer)) this.#viewed.answer(answer);
      this.#unserved.answer(answer);
    }
    const failures = answers.flatMap((answer) => ('failure' in answer ? [[answer.topicId, answer.failure] as const] : []));
    this.#outbox.done(number, shard);
    this.#settlements.shardDone(number, shard, failures);
  }

  /** The disk has room again, also for the files of partitions that found none. */
  roomAgain(): void {
    this.#unserved.roomAgain();
  }

  #assignAgain(names: readonly PartitionName[]): void {
    const { shardsCount } = this.#options;
    const assignments = assignThese(this.#image, names, shardsCount);
    this.#publish(new Set(names.map(topicOf)), assignments);
  }

  /** Every gateway routes by the view of this version, and so by all before it. */
  viewed(version: number): void {
    this.#settlements.viewed(version);
  }

  /** A message of another node's consensus engine. */
  step(message: Uint8Array): void {
    if (this.#isStopped) return;
    this.#host.step(message);
    this.#afterCommit();
  }

  /** One unit of raft's time; a quorum of one needs none. */
  tick(): void {
    if (this.#isStopped) return;
    this.#host.tick();
    this.#afterCommit();
  }

  createOffsetsTopic(): Promise<Result<TopicRoute, Failure>> {
    const request = { ...this.#options.offsetsTopic, name: offsetsTopic, topicId: this.#freshTopicId() };
    return this.#changeTopic((image) => createInternalTopic(image, request, this.#options.defaults), false);
  }

  #freshTopicId(): TopicId {
    const topicId = topicIdOf(this.#options.random.bytes(16));
    assert(topicId !== undefined, 'chance gives as many bytes as were asked for');
    return topicId;
  }

  createTopic(topic: NewTopic, validateOnly: boolean): Promise<Result<TopicRoute, Failure>> {
    const topicId = this.#freshTopicId();
    return this.#changeTopic((image) => createTopic(image, { ...topic, topicId }, this.#options.defaults), validateOnly);
  }

  addPartitions(
    name: string,
    partitions: number,
    validateOnly: boolean,
    assignments?: Assignments,
  ): Promise<Result<TopicRoute, Failure>> {
    const request = { name, partitions, assignments };
    return this.#changeTopic((image) => addPartitions(image, request, this.#options.defaults), validateOnly);
  }

  async alterTopic(name: string, change: ConfigChange, validateOnly: boolean): Promise<Result<void, Failure>> {
    const changed = await this.#changeTopic(
      (image) => alterTopic(image, { name, ...change }, this.#options.defaults),
      validateOnly,
    );
    return changed.ok ? ok(undefined) : changed;
  }

  async deleteTopic(name: string, topicId?: TopicId): Promise<Result<TopicId, Failure>> {
    const deleted = await this.#submit((image) => deleteTopic(image, { name, topicId }), topicOf);
    return deleted.ok ? ok(deleted.value.topicId) : deleted;
  }

  allocateProducer(): Promise<Result<NewProducer, Failure>> {
    if (this.#isStopped) return Promise.resolve(failed({ error: 'shutting-down' }));
    return new Promise((resolve) => this.#producerIds.allocate(resolve));
  }

  #refillProducerIds(done: (result: Result<{ readonly first: number; readonly end: number }, Failure>) => void): void {
    const decide = (image: Image) => allocateProducerIds(image, this.#options.defaults);
    void this.#submit(decide, () => undefined).then(done);
  }

  async #changeTopic(
    decide: (image: Image) => Decision<{ readonly topicId: TopicId }>,
    validateOnly: boolean,
  ): Promise<Result<TopicRoute, Failure>> {
    if (validateOnly) return this.#validate(decide);
    const changed = await this.#submit(decide, topicOf);
    return changed.ok ? this.#routeIn(this.#image, changed.value.topicId) : changed;
  }

  #validate(decide: (image: Image) => Decision<{ readonly topicId: TopicId }>): Result<TopicRoute, Failure> {
    if (!this.#isServing || this.#isStopped) return failed({ error: 'shutting-down' });
    const decision = decide(this.#image);
    if (!decision.ok) return decision;
    const reduced = reduce(this.#image, decision.value.records);
    assert(reduced.ok, 'a command decides on what the reducer refuses');
    return this.#routeIn(reduced.value.after, decision.value.answer.topicId);
  }

  #routeIn(image: Image, topicId: TopicId): Result<TopicRoute, Failure> {
    const topic = image.topics.get(topicId);
    if (topic === undefined) return failed({ error: 'unknown-topic', message: 'the topic was deleted meanwhile' });
    return ok(routeOf(topic, this.#viewed.answers, this.#options.shardsCount));
  }

  /** Answers when the command is committed, shards have acted on it, and gateways route by it. */
  #submit<A>(decide: (image: Image) => Decision<A>, about: (answer: A) => TopicId | undefined): Promise<Result<A, Failure>> {
    if (!this.#isServing || this.#isStopped) return Promise.resolve(failed({ error: 'shutting-down' }));
    return new Promise((resolve) => {
      const isTaken =
        this.#settlements.count < this.#capacity &&
        this.#queue.add<A>({
          decide,
          refuse: (failure) => resolve(failed(failure)),
          accept: (answer) => {
            if (this.#isStopped) resolve(failed({ error: 'shutting-down' }));
            else
              this.#settlements.wait(this.#settlement, about(answer), (failure) =>
                resolve(failure === undefined ? ok(answer) : failed(failure)),
              );
          },
        });
      if (isTaken) this.#drainSoon();
      else resolve(failed({ error: 'overloaded' }));
    });
  }

  // Later, so that all commands that have arrived share one entry and one sync.
  #drainSoon(): void {
    if (this.#cancelDrain !== undefined || this.#isInFlight || this.#isStopped) return;
    this.#cancelDrain = this.#options.clock.after(0, () => {
      this.#cancelDrain = undefined;
      this.#drain();
    });
  }

  #drain(): void {
    if (this.#isInFlight || this.#isStopped || this.#queue.isEmpty) return;
    const batch = this.#queue.take(this.#image);
    if (batch.content.length === 0) {
      batch.accept();
    } else {
      this.#isInFlight = true;
      const failure = this.#host.propose(batch.content, (end) => {
        this.#isInFlight = false;
        if (end === 'committed') batch.accept();
        else batch.refuse(end === 'lost' ? { error: 'not-leader' } : { error: 'timed-out' });
      });
      if (failure === undefined) {
        this.#host.turn();
      } else {
        this.#isInFlight = false;
        batch.refuse(commandFailure(failure));
      }
    }
    this.#afterCommit();
    if (!this.#queue.isEmpty) this.#drainSoon();
  }

  #afterCommit(): void {
    if (this.#isStopped) return;
    if (this.#host.isLong) this.#host.compact(encodeRecords(snapshotRecords(this.#image)));
    if (this.#host.isRested || this.#cancelRest !== undefined) return;
    this.#cancelRest = this.#options.clock.after(restDelayMs, () => {
      this.#cancelRest = undefined;
      this.#host.rest();
    });
  }

  #replace(content: Uint8Array): void {
    const before = this.#image;
    this.#image = emptyImage;
    const touched = this.#reduce(content);
    if (touched === undefined || !this.#isServing) return;
    this.#act(before, new Set([...before.topics.keys(), ...touched]));
  }

  #apply(content: Uint8Array): void {
    const before = this.#image;
    const touched = this.#reduce(content);
    if (touched !== undefined && this.#isServing) this.#act(before, touched);
  }

  /** Undefined: the log says what cannot be, and the node ends. */
  #reduce(content: Uint8Array): ReadonlySet<TopicId> | undefined {
    if (this.#isStopped) return undefined;
    const records = decodeRecords(content);
    if (!records.ok) {
      this.#end(records.error.reason === 'newer' ? 'failed' : 'corruption', records.error.message);
      return undefined;
    }
    const reduced = reduce(this.#image, records.value);
    if (!reduced.ok) {
      this.#end('corruption', `the metadata log contradicts itself: ${reduced.error}`);
      return undefined;
    }
    this.#image = reduced.value.after;
    return reduced.value.touched;
  }

  #act(before: Image, touched: ReadonlySet<TopicId>): void {
    const { shardsCount, defaults } = this.#options;
    this.#publish(touched, assignChanges(before, this.#image, touched, { nodeId: defaults.nodeId, shardsCount }));
  }

  #publish(touched: ReadonlySet<TopicId>, assignments: readonly ShardAssignment[]): void {
    // Gateways stop routing to what is gone before shards take it away.
    this.#viewed.withdraw(this.#image, touched);
    const number = this.#settlements.begin(
      touched,
      assignments.map(({ shard }) => shard),
    );
    this.#settlement = number;
    for (const assignment of assignments) this.#outbox.add(number, assignment);
    this.#settlements.advance(number);
  }

  /** Nothing more is taken; what waits is told so. The log is closed, before its directory. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stop();
    this.#host.close();
  }

  #stop(): void {
    this.#isStopped = true;
    this.#cancelDrain?.();
    this.#cancelRest?.();
    this.#unserved.stop();
    this.#queue.refuseAll({ error: 'shutting-down' });
    this.#outbox.clear();
    this.#settlements.refuseAll({ error: 'shutting-down' });
  }

  #fail({ code, message }: LogFailure): void {
    this.#end(code === 'io' ? 'diskFenced' : 'failed', message);
  }

  #end(reason: ExitReason, message: string): void {
    if (this.#isStopped) return;
    this.#stop();
    this.#events.onFatal(reason, message);
  }
}

const topicOf = ({ topicId }: { readonly topicId: TopicId }) => topicId;

function commandFailure({ code, message }: LogFailure): Failure {
  if (code === 'not-leader') return { error: 'not-leader', message };
  return code === 'busy' ? { error: 'overloaded', message } : { error: 'storage-failed', message };
}

/** 22 characters, as Kafka writes a cluster's id. */
function base64url(bytes: Uint8Array): string {
  const base64 = btoa(String.fromCharCode(...bytes));
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
