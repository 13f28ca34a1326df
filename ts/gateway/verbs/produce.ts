import { isInternalTopic } from '../../model/internal-topics.js';
import type { Appended, CivilClock, Durability, Failure, FindKeyless, NodeView, TopicRoute } from '../../model/ports.js';
import { failed, ok, type Result } from '../../model/result.js';
import type { Ticket } from '../call-queue.js';
import type { Deadline, Deadlines } from '../deadlines.js';
import type { Routing, Served } from '../routing.js';
import { keyRefusal } from './keys.js';
import type { MissingTopics } from './missing-topics.js';
import { timestampRefusal } from './timestamps.js';

export type Acks = 'all' | 'leader' | 'none';

export interface ProduceEntry {
  readonly topic: string;
  readonly partition: number;
  /** Valid for the call only. */
  readonly batch: Uint8Array;
}

export interface ProduceRequest {
  readonly acks: Acks;
  readonly timeoutMs: number;
  readonly durabilityMin: Durability | undefined;
  readonly entries: readonly ProduceEntry[];
}

export interface Stored extends Appended {
  readonly isLogAppendTime: boolean;
}

/** Undefined: taken, and nothing more is known (acks none). */
export type ProduceResult = Result<Stored | undefined, Failure>;

export interface ProduceOptions {
  readonly routing: Routing;
  readonly missing: MissingTopics;
  readonly node: Pick<NodeView, 'produceRefusal'>;
  readonly deadlines: Deadlines;
  readonly batchSizeMax: number;
  readonly clock: CivilClock;
  readonly findKeyless: FindKeyless;
  /** How long each request took. */
  readonly observe: (ms: number) => void;
}

/**
 * Stores batches. Each entry is checked, sent to its shard and answered on its own; a request is answered when all of its entries
 * are. Entries about one partition reach its shard in the order in which they came here.
 */
export class Produce {
  readonly routing: Routing;
  readonly missing: MissingTopics;
  readonly node: ProduceOptions['node'];
  readonly deadlines: Deadlines;
  readonly batchSizeMax: number;
  readonly clock: CivilClock;
  readonly findKeyless: FindKeyless;
  readonly observe: (ms: number) => void;

  constructor(options: ProduceOptions) {
    this.routing = options.routing;
    this.missing = options.missing;
    this.node = options.node;
    this.deadlines = options.deadlines;
    this.batchSizeMax = options.batchSizeMax;
    this.clock = options.clock;
    this.findKeyless = options.findKeyless;
    this.observe = options.observe;
  }

  /** `done` may be called before this returns. */
  begin(request: ProduceRequest, done: (results: readonly ProduceResult[]) => void): void {
    new Production(this, request, done).begin();
  }
}

const notReached: Failure = { error: 'overloaded', message: 'the shard took nothing in time: this batch was not stored' };
const noAnswer: Failure = { error: 'timed-out', message: 'the batch may or may not have been stored' };
const internalTopic: Failure = { error: 'invalid-topic', message: 'the cluster alone writes to its own topics' };
const noBytes = new Uint8Array(0);
const noBatch: Failure = { error: 'invalid-batch', message: 'there is no batch in it' };
/** Of a partition that is served here: its leader is all there is. */
const insyncReplicas = 1;
const promisesLess: Failure = { error: 'durability-unavailable' };

/** One request. Its entries are known by their index. */
class Production implements Deadline {
  readonly #verb: Produce;
  readonly #request: ProduceRequest;
  readonly #done: (results: readonly ProduceResult[]) => void;
  readonly #results: (ProduceResult | undefined)[];
  /** Of entries that wait for room in a ring. */
  #tickets: (Ticket | undefined)[] | undefined;
  #missing: number;
  readonly #startedMs: number;
  #tick: number | undefined;

  constructor(verb: Produce, request: ProduceRequest, done: (results: readonly ProduceResult[]) => void) {
    this.#verb = verb;
    this.#request = request;
    this.#done = done;
    this.#missing = request.entries.length;
    this.#startedMs = verb.clock.monotonicMs();
    this.#results = new Array(request.entries.length);
  }

  begin(): void {
    const { entries } = this.#request;
    if (entries.length === 0) {
      this.#done([]);
      return;
    }
    for (let index = 0; index < entries.length; index++) this.#beginEntry(index, entries[index] as ProduceEntry);
    if (this.#missing > 0) this.#tick = this.#verb.deadlines.add(this.#request.timeoutMs, this);
  }

  onTime(): void {
    this.#tick = undefined;
    for (let index = 0; index < this.#results.length; index++) {
      if (this.#results[index] !== undefined) continue;
      const neverSent = this.#tickets?.[index]?.withdraw() === true;
      this.#answer(index, failed(neverSent ? notReached : noAnswer));
    }
  }

  #beginEntry(index: number, entry: ProduceEntry): void {
    if (isInternalTopic(entry.topic)) {
      this.#answer(index, failed(internalTopic));
      return;
    }
    if (!this.#verb.missing.isMissing(entry.topic)) {
      this.#append(index, entry);
      return;
    }
    // Before a topic is made that could take nothing.
    const closed = this.#verb.node.produceRefusal();
    if (closed !== undefined) {
      this.#answer(index, failed(closed));
      return;
    }
    const { batch } = entry;
    if (batch.length > this.#verb.batchSizeMax) {
      this.#answer(index, failed(tooLarge(batch, 'this node', this.#verb.batchSizeMax)));
      return;
    }
    let held: ProduceEntry = { topic: entry.topic, partition: entry.partition, batch: noBytes };
    const ready = (failure: Failure | undefined) => {
      // Too late is answered already, and stores nothing.
      if (this.#results[index] !== undefined) return;
      if (failure !== undefined) this.#answer(index, failed(failure));
      else this.#append(index, held);
    };
    const refusal = this.#verb.missing.ensure(entry.topic, ready, batch.length);
    if (refusal !== undefined) this.#answer(index, failed(refusal));
    // It is told later: until then there is time for the copy.
    else held = { ...held, batch: batch.slice() };
  }

  #append(index: number, { topic, partition, batch }: ProduceEntry): void {
    const found = this.#verb.routing.find(topic, partition);
    if (!found.ok) {
      this.#answer(index, found);
      return;
    }
    const refusal = this.#refusal(found.value, batch);
    if (refusal !== undefined) {
      this.#answer(index, failed(refusal));
      return;
    }
    this.#send(index, found.value, batch);
  }

  #refusal({ topic }: Served, batch: Uint8Array): Failure | undefined {
    if (batch.length > Math.min(topic.batchSizeMax, this.#verb.batchSizeMax)) {
      return tooLarge(batch, topic.name, topic.batchSizeMax);
    }
    if (batch.length === 0) return noBatch;
    const closed = this.#verb.node.produceRefusal();
    if (closed !== undefined) return closed;
    const { acks, durabilityMin } = this.#request;
    if (acks === 'all' && topic.rules.insyncReplicasMin > insyncReplicas) return tooFewReplicas(topic);
    if (durabilityMin === 'fsync' && topic.durability !== 'fsync') return promisesLess;
    return timestampRefusal(batch, topic.rules, this.#verb.clock) ?? keyRefusal(batch, topic.rules, this.#verb.findKeyless);
  }

  #send(index: number, { topic, route, calls }: Served, batch: Uint8Array): void {
    const { acks, durabilityMin } = this.#request;
    const submitted = calls.append(route.handle, batch, (result) => {
      if (acks !== 'none') this.#answer(index, resultOf(result, topic.isLogAppendTime, durabilityMin));
    });
    if (submitted === 'overloaded') {
      this.#answer(index, failed({ error: 'overloaded' }));
      return;
    }
    if (submitted === 'closed') {
      this.#answer(index, failed({ error: 'shutting-down' }));
      return;
    }
    if (acks === 'none') {
      this.#answer(index, ok(undefined));
      return;
    }
    if (submitted === 'begun') return;
    this.#tickets ??= [];
    this.#tickets[index] = submitted;
  }

  #answer(index: number, result: ProduceResult): void {
    if (this.#results[index] !== undefined) return;
    this.#results[index] = result;
    this.#missing -= 1;
    if (this.#missing > 0) return;
    if (this.#tick !== undefined) this.#verb.deadlines.remove(this.#tick, this);
    this.#verb.observe(this.#verb.clock.monotonicMs() - this.#startedMs);
    this.#done(this.#results as readonly ProduceResult[]);
  }
}

/** To wait for more would be in vain: there are none that could come to be in sync. */
function tooFewReplicas({ rules }: TopicRoute): Failure {
  return {
    error: 'not-enough-replicas',
    retry: 'never',
    message: `${insyncReplicas} replica is in sync where the topic asks for ${rules.insyncReplicasMin}: lower min.insync.replicas, or produce with acks=1`,
  };
}

function tooLarge(batch: Uint8Array, who: string, sizeMax: number): Failure {
  return { error: 'batch-too-large', message: `a batch of ${batch.length} bytes; ${who} takes ${sizeMax}` };
}

/** The topic may have come to promise less between the route and the append. */
function resultOf(result: Result<Appended, Failure>, isLogAppendTime: boolean, min: Durability | undefined): ProduceResult {
  if (!result.ok) return result;
  if (min === 'fsync' && result.value.durability !== 'fsync') {
    return failed({ ...promisesLess, message: 'the batch was stored, but the topic promises less by now' });
  }
  const { base, next, leaderEpoch, logStart, timestampMs, durability, isDuplicate } = result.value;
  return ok({ base, next, leaderEpoch, logStart, timestampMs, durability, isDuplicate, isLogAppendTime });
}
