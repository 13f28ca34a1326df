import type { Offset } from '../../model/offset.js';
import type { Batches, Failure, PartitionEnds, ReadResult, Tail } from '../../model/ports.js';
import type { Result } from '../../model/result.js';
import type { Served } from '../routing.js';
import type { TailFollower } from '../tails.js';
import { type LiveReader, LiveSet } from './live-set.js';
import type { Flow } from './outflow.js';

/** A reader as its feed sees it. */
export interface FeedMember extends LiveReader {
  readonly flow: Flow;
  /** The offset it gets next. */
  readonly next: Offset;
  /** The feed has ends now, or a failure. */
  onOpened(): void;
  /** Out of the live ones; the feed stood at this offset. */
  onLeft(next: Offset): void;
  /** The log was cut to here. */
  onTruncated(highWatermark: Offset): void;
  sendLive(frame: Uint8Array): void;
  advance(): void;
  fail(failure: Failure): void;
}

export interface FeedPorts {
  /** The message that pushes these batches, valid until the next call. */
  frame(served: Served, batches: Batches, ends: PartitionEnds): Uint8Array;
  /** To every socket that follows the channel. */
  publish(channel: string, frame: Uint8Array): void;
  countPublished(size: number, subscribers: number): void;
  readonly frameSizeMax: number;
  /** So few are sent to one by one: that is quicker, and tells at once who cannot take it. */
  readonly directMax: number;
}

/**
 * The tail of one partition on this gateway, as one reader that reads for many. It stands at `next`: everything below it has gone to
 * whoever was live when it went. A subscriber that stands there too joins, and one that cannot take a publish leaves before it and
 * reads by offset, so each gets every batch once and in order, whatever the others do.
 *
 *   tail with batches at `next` ─► publish      tail without, or too large ─► read from `next` on, publish what comes
 */
export class Feed implements TailFollower {
  readonly served: Served;
  readonly channel: string;
  readonly #ports: FeedPorts;
  readonly #live = new LiveSet<FeedMember>();
  readonly #members = new Set<FeedMember>();
  /** Those that wait for `next` to come to them: they want an offset that is not published yet. */
  readonly #ahead = new Set<FeedMember>();
  #next = 0 as Offset;
  #ends: PartitionEnds | undefined;
  #isReading = false;
  /** A read begun before the log was cut brings what is no longer there. */
  #readNumber = 0;
  /** Why it never opened: for those who come when everybody has been told. */
  failure: Failure | undefined;
  isOver = false;

  constructor(served: Served, channel: string, ports: FeedPorts) {
    this.served = served;
    this.channel = channel;
    this.#ports = ports;
  }

  /** Undefined: not open yet. */
  get ends(): PartitionEnds | undefined {
    return this.#ends;
  }

  get next(): Offset {
    return this.#next;
  }

  get liveCount(): number {
    return this.#live.count;
  }

  get membersCount(): number {
    return this.#members.size;
  }

  get members(): Iterable<FeedMember> {
    return this.#members;
  }

  attach(reader: FeedMember): void {
    this.#members.add(reader);
  }

  detach(reader: FeedMember): void {
    this.leave(reader);
    this.#ahead.delete(reader);
    this.#members.delete(reader);
  }

  join(reader: FeedMember): void {
    this.#live.add(reader);
    reader.flow.outlet.follow(this.channel);
  }

  leave(reader: FeedMember): void {
    if (reader.place < 0) return;
    this.#live.remove(reader);
    this.#unfollow(reader);
  }

  waitFor(reader: FeedMember): void {
    this.#ahead.add(reader);
  }

  onOpened(result: Result<PartitionEnds, Failure>): void {
    if (!result.ok) {
      this.#fail(result.error);
      return;
    }
    this.#ends = result.value;
    this.#next = result.value.highWatermark;
    for (const reader of [...this.#members]) reader.onOpened();
  }

  onTail(tail: Tail): void {
    if (this.isOver) return;
    const { batches, highWatermark, logStart } = tail;
    this.#ends = { highWatermark, logStart };
    if (highWatermark < this.#next) {
      this.#onTruncated(highWatermark);
      return;
    }
    if (this.#live.count === 0) this.#skipTo(highWatermark);
    else if (this.#isReading || highWatermark === this.#next) return;
    else if (batches !== undefined && batches.base === this.#next && batches.size <= this.#ports.frameSizeMax) {
      this.#publish(batches);
      this.#readRest();
    } else this.#readRest();
  }

  #unfollow(reader: FeedMember): void {
    if (!reader.flow.isOver) reader.flow.outlet.unfollow(this.channel);
  }

  #fail(failure: Failure): void {
    this.failure = failure;
    for (const reader of [...this.#members]) reader.fail(failure);
  }

  /** Nobody listens: whoever comes back reads what went by. */
  // 1. the last live reader leaves while a read is under way  2. a tail comes, nobody listens, and the feed skips to its end
  // 3. somebody joins there  4. the read arrives. It would be published to one who never wanted it, and set the feed back.
  #skipTo(next: Offset): void {
    this.#dropRead();
    this.#next = next;
    this.#wakeAhead();
  }

  #publish(batches: Batches): void {
    const { size } = batches;
    const from = this.#next;
    const leaving = this.#live.prepare(size);
    for (const reader of leaving) this.#unfollow(reader);
    this.#next = batches.next;
    if (this.#live.count > 0) this.#send(batches);
    this.#live.onPublished(size);
    for (const reader of leaving) reader.onLeft(from);
    this.#wakeAhead();
  }

  #send(batches: Batches): void {
    const ends = this.#ends as PartitionEnds;
    const frame = this.#ports.frame(this.served, batches, ends);
    this.#ports.countPublished(batches.size, this.#live.count);
    if (this.#live.count > this.#ports.directMax) {
      this.#ports.publish(this.channel, frame);
      return;
    }
    for (const reader of [...this.#live.readers]) reader.sendLive(frame);
  }

  #wakeAhead(): void {
    if (this.#ahead.size === 0) return;
    for (const reader of [...this.#ahead]) {
      if (reader.next > this.#next) continue;
      this.#ahead.delete(reader);
      reader.advance();
    }
  }

  #dropRead(): void {
    this.#readNumber += 1;
    this.#isReading = false;
  }

  /** What is stored and not published yet, one read after the other. */
  #readRest(): void {
    if (this.#isReading || this.isOver || this.#ends === undefined || this.#next >= this.#ends.highWatermark) return;
    if (this.#live.count === 0) {
      this.#skipTo(this.#ends.highWatermark);
      return;
    }
    this.#isReading = true;
    const number = ++this.#readNumber;
    const { calls, route } = this.served;
    calls.call<ReadResult>(
      (port, done) => port.read(route.handle, this.#next, this.#ports.frameSizeMax, done),
      (result) => this.#onRead(number, result),
    );
  }

  #onRead(number: number, result: Result<ReadResult, Failure>): void {
    if (number !== this.#readNumber || this.isOver) return;
    this.#isReading = false;
    const read = result.ok && result.value.logStart <= this.#next ? result.value : undefined;
    if (read === undefined) this.#disband();
    else if (read.batches === undefined) this.#skipTo(Math.max(this.#next, read.highWatermark) as Offset);
    else this.#publish(read.batches);
    this.#readRest();
  }

  /** What comes next cannot be read for all: each finds out for itself why, and is told. */
  #disband(): void {
    const from = this.#next;
    const leaving = [...this.#live.readers];
    for (const reader of leaving) this.leave(reader);
    this.#skipTo(this.#ends?.highWatermark ?? from);
    for (const reader of leaving) reader.onLeft(from);
  }

  #onTruncated(highWatermark: Offset): void {
    const from = this.#next;
    this.#dropRead();
    const live = [...this.#live.readers];
    for (const reader of live) this.leave(reader);
    this.#next = highWatermark;
    for (const reader of live) reader.onLeft(from);
    for (const reader of [...this.#members]) reader.onTruncated(highWatermark);
    this.#wakeAhead();
  }
}
