import type { TopicId } from '../../model/ids.js';
import type { Offset } from '../../model/offset.js';
import type { Batches, Failure, PartitionDescription, PartitionEnds, ReadResult, Tail } from '../../model/ports.js';
import { failed, ok, type Result } from '../../model/result.js';
import type { Deadline, Deadlines } from '../deadlines.js';
import type { Routing, Served } from '../routing.js';
import type { TailFollower, Tails } from '../tails.js';
import { type Divergence, epochAgrees } from './start.js';

export interface FetchRequest {
  readonly topic: string;
  readonly partition: number;
  readonly offset: Offset;
  readonly sizeMax: number;
  /** Waits until so many bytes are there. */
  readonly sizeMin: number;
  readonly waitMs: number;
  readonly topicId: TopicId | undefined;
  readonly leaderEpoch: number | undefined;
}

export interface Fetched extends PartitionEnds {
  readonly served: Served;
  /** Valid while `done` runs. */
  readonly batches: Batches | undefined;
  readonly divergence: Divergence | undefined;
}

type Done = (result: Result<Fetched, Failure>) => void;

export interface FetchPorts {
  readonly routing: Routing;
  readonly tails: Tails;
  readonly deadlines: Deadlines;
  /** Of requests that wait for bytes; one more is answered with what there is. */
  readonly waitingMax: number;
}

/** Reads from an offset on, and waits if that is too little. */
export class Fetch {
  readonly ports: FetchPorts;
  readonly waiting = new Set<Deadline>();

  constructor(ports: FetchPorts) {
    this.ports = ports;
  }

  get waitingCount(): number {
    return this.waiting.size;
  }

  /** The node goes down: nobody waits any longer, each gets what there is. */
  answerAll(): void {
    for (const fetching of [...this.waiting]) fetching.onTime();
  }

  /** `done` is called once, maybe before this returns. */
  begin(request: FetchRequest, done: Done): void {
    const found = this.ports.routing.find(request.topic, request.partition);
    if (!found.ok) {
      done(found);
      return;
    }
    new Fetching(this, found.value, request, done).begin();
  }
}

class Fetching implements TailFollower, Deadline {
  readonly #verb: Fetch;
  readonly #served: Served;
  readonly #request: FetchRequest;
  readonly #done: Done;
  #isWaiting = false;
  #isReading = false;
  /** The time is up: what the next read brings is the answer. */
  #isLast = false;
  #tick: number | undefined;
  /** Bytes that came since the last read, as far as tails tell. */
  #arrived = 0;
  #found = 0;
  #foundEnd = 0;

  constructor(verb: Fetch, served: Served, request: FetchRequest, done: Done) {
    this.#verb = verb;
    this.#served = served;
    this.#request = request;
    this.#done = done;
  }

  begin(): void {
    const { topicId, leaderEpoch, offset } = this.#request;
    if (topicId !== undefined && topicId !== this.#served.topic.topicId) {
      this.#explain('recreated');
      return;
    }
    if (leaderEpoch === undefined) {
      this.#read();
      return;
    }
    epochAgrees(this.#served, offset, leaderEpoch, (result) => {
      if (!result.ok) this.#done(result);
      else if (result.value < offset) this.#explain('truncated', result.value);
      else this.#read();
    });
  }

  #read(): void {
    this.#isReading = true;
    this.#arrived = 0;
    const { offset, sizeMax } = this.#request;
    this.#served.calls.call<ReadResult>(
      (port, done) => port.read(this.#served.route.handle, offset, sizeMax, done),
      (result) => this.#onRead(result),
    );
  }

  #onRead(result: Result<ReadResult, Failure>): void {
    this.#isReading = false;
    if (!result.ok) {
      this.#stopWaiting();
      if (result.error.error === 'offset-out-of-range') {
        this.#explain('history-lost');
        return;
      }
      this.#done(result);
      return;
    }
    const { batches } = result.value;
    this.#found = batches?.size ?? 0;
    this.#foundEnd = batches?.next ?? this.#request.offset;
    if (this.#isEnough(result.value) || !this.#wait()) this.#answer(result.value);
  }

  #isEnough({ batches, highWatermark }: ReadResult): boolean {
    const { sizeMin, sizeMax } = this.#request;
    // Whatever lies behind it, more than this is not answered at once.
    const isAllThatFits = batches !== undefined && batches.next < highWatermark;
    return this.#found >= Math.min(sizeMin, sizeMax) || isAllThatFits;
  }

  /** False: there is nothing to wait for any more. */
  #wait(): boolean {
    const { waitMs } = this.#request;
    if (this.#isLast || waitMs === 0) return false;
    if (this.#isWaiting) return true;
    const { deadlines, tails, waitingMax } = this.#verb.ports;
    if (this.#verb.waitingCount >= waitingMax) return false;
    this.#verb.waiting.add(this);
    this.#isWaiting = true;
    this.#tick = deadlines.add(waitMs, this);
    tails.follow(this.#served, this);
    return true;
  }

  #stopWaiting(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#verb.waiting.delete(this);
    this.#verb.ports.tails.unfollow(this.#served, this);
    if (this.#tick !== undefined) this.#verb.ports.deadlines.remove(this.#tick, this);
    this.#tick = undefined;
  }

  onOpened(ends: Result<PartitionEnds, Failure>): void {
    if (!this.#isWaiting) return;
    if (!ends.ok) {
      this.#stopWaiting();
      if (!this.#isReading) this.#done(ends);
      return;
    }
    // What came between the read and the watch.
    if (ends.value.highWatermark > this.#foundEnd && !this.#isReading) this.#read();
  }

  onTail(tail: Tail): void {
    if (!this.#isWaiting) return;
    this.#arrived += tail.batches?.size ?? Number.POSITIVE_INFINITY;
    if (!this.#isReading && this.#found + this.#arrived >= this.#request.sizeMin) this.#read();
  }

  onTime(): void {
    this.#stopWaiting();
    this.#isLast = true;
    if (!this.#isReading) this.#read();
  }

  #answer(result: ReadResult): void {
    this.#stopWaiting();
    const { batches, logStart, highWatermark } = result;
    this.#done(ok({ served: this.#served, logStart, highWatermark, batches, divergence: undefined }));
  }

  /** The position is not in this log: what is there instead. */
  #explain(kind: Divergence['kind'], known?: Offset): void {
    const { offset } = this.#request;
    this.#served.calls.call<PartitionDescription>(
      (port, done) => port.describe(this.#served.route.handle, done),
      (result) => {
        if (!result.ok) return this.#done(result);
        const { logStart, highWatermark } = result.value;
        const divergence = divergenceOf(kind, offset, known, result.value);
        if (divergence === undefined) return this.#done(failed({ error: 'offset-out-of-range' }));
        this.#done(ok({ served: this.#served, logStart, highWatermark, batches: undefined, divergence }));
      },
    );
  }
}

function divergenceOf(
  kind: Divergence['kind'],
  wanted: Offset,
  known: Offset | undefined,
  { logStart }: PartitionEnds,
): Divergence | undefined {
  if (kind === 'history-lost' && wanted >= logStart) return undefined;
  return { kind, wanted, offset: Math.max(known ?? logStart, logStart) as Offset };
}
