import { errorRow } from '../../model/errors.js';
import type { Offset } from '../../model/offset.js';
import type { Failure, PartitionDescription, PartitionEnds, ReadResult } from '../../model/ports.js';
import type { Result } from '../../model/result.js';
import type { Deadline } from '../deadlines.js';
import type { Begin, Divergence, Start } from '../verbs/start.js';
import { findStart } from '../verbs/start.js';
import type { Feed, FeedMember } from './feed.js';
import type { Flow, Hungry } from './outflow.js';
import type { SubscriptionsPorts } from './ports.js';

type State =
  /** Looks for its first offset. */
  | 'starting'
  /** Waits for credit, for its socket, for the feed, or for the subscription's answer to go out first. */
  | 'idle'
  | 'live'
  /** Waits for its turn to read. */
  | 'hungry'
  | 'reading'
  /** A read failed: until it is tried again, nothing wakes it, or it would try as often as others are woken. */
  | 'pausing'
  /** Asks where the log is, as it does not hold what is wanted. */
  | 'lost'
  | 'over';

const retryMs = 100;

/** A shard learns of a change of the topic before the view here does. So long the view has to follow. */
const refreshesMax = 50;

/** Bytes of a message around its batches, at most, and how many times the smallest batch a message of it is. */
const frameOverhead = 96;
const frameFactorMax = 3;

/** The subscription of some readers, as they see it. */
export interface ReaderOwner {
  readonly flow: Flow;
  /** Bytes that may be sent and are not granted to a reader yet. Below zero after a batch that was larger than what was left. */
  credit: number;
  /** Some reader found no credit: when some comes back, it is called again. */
  hasStarved: boolean;
  /** Its answer is out: batches may follow. */
  readonly isStarted: boolean;
  /** It has one reader. */
  readonly isSingle: boolean;
  onCreditReturned(): void;
  onStarted(reader: Reader, divergence: Divergence | undefined): void;
  onFailed(reader: Reader, failure: Failure, wasStarting: boolean): void;
  tell(reader: Reader, divergence: Divergence): void;
}

/** One partition of one subscription. */
export class Reader implements FeedMember, Hungry, Deadline {
  readonly subscription: ReaderOwner;
  readonly flow: Flow;
  readonly partition: number;
  #feed: Feed;
  readonly #ports: SubscriptionsPorts;
  #state: State = 'starting';
  #start: Start | undefined;
  #isFinding = false;
  #next = 0 as Offset;
  /** Of credit, for the read under way. */
  #reserved = 0;
  #readNumber = 0;
  #refreshes = 0;
  place = -1;

  constructor(subscription: ReaderOwner, feed: Feed, start: Start, ports: SubscriptionsPorts) {
    this.subscription = subscription;
    this.flow = subscription.flow;
    this.partition = feed.served.route.partition;
    this.#feed = feed;
    this.#start = start;
    this.#ports = ports;
    feed.attach(this);
  }

  get feed(): Feed {
    return this.#feed;
  }

  /** What it gets next; for a live one the feed knows. */
  get next(): Offset {
    return this.#state === 'live' ? this.#feed.next : this.#next;
  }

  get state(): State {
    return this.#state;
  }

  /** The feed knows its ends: now the first offset can be found. */
  onOpened(): void {
    const { ends, failure } = this.#feed;
    if (failure !== undefined) {
      this.fail(failure);
      return;
    }
    if (this.#state !== 'starting' || this.#start === undefined || this.#isFinding || ends === undefined) return;
    this.#isFinding = true;
    const feed = this.#feed;
    findStart(feed.served, ends, this.#start, (result) => {
      if (this.#state === 'starting' && this.#feed === feed) this.#onStart(result);
    });
  }

  #onStart(result: Result<Begin, Failure>): void {
    this.#start = undefined;
    this.#isFinding = false;
    if (!result.ok) {
      this.fail(result.error);
      return;
    }
    this.#next = result.value.offset;
    this.#state = 'idle';
    this.subscription.onStarted(this, result.value.divergence);
  }

  /** Does the next thing that can be done; if nothing can, whoever changes that calls again. */
  advance(): void {
    if (this.#state !== 'idle' || !this.subscription.isStarted || this.flow.isOver || this.flow.isBlocked) return;
    if (this.subscription.credit <= 0) this.subscription.hasStarved = true;
    else if (this.#next === this.#feed.next) {
      this.#state = 'live';
      this.#feed.join(this);
    } else if (this.#next > this.#feed.next) this.#feed.waitFor(this);
    else {
      this.#state = 'hungry';
      this.#ports.turns.request(this.flow, this);
    }
  }

  // While live.

  renew(left: number, size: number): number {
    const { subscription } = this;
    const { outflow } = this.#ports;
    subscription.credit += left;
    if (subscription.credit < size) return 0;
    // Nobody else draws on the credit of a single partition: it is granted for several publishes at once.
    const ahead = subscription.isSingle ? Math.min(subscription.credit, Math.floor(outflow.roundSize / frameFactorMax)) : 0;
    const granted = Math.max(size, ahead);
    const charge = granted === size ? size + frameOverhead : granted * frameFactorMax;
    if (!outflow.grant(this.flow, charge)) return 0;
    subscription.credit -= granted;
    return granted;
  }

  refund(left: number): void {
    this.subscription.credit += left;
  }

  sendLive(frame: Uint8Array): void {
    this.#ports.outflow.send(this.flow, frame);
  }

  /** Credit that was granted ahead is for all again: this partition is not alone any more. */
  giveBack(): void {
    if (this.#state !== 'live') return;
    const next = this.#feed.next;
    this.#feed.leave(this);
    this.onLeft(next);
  }

  /** Out of the feed, which stood at this offset. */
  onLeft(next: Offset): void {
    if (this.#state !== 'live') return;
    this.#next = next;
    this.#state = 'idle';
    this.advance();
  }

  // While it reads by offset.

  wants(): boolean {
    return this.#state === 'hungry';
  }

  sizeWanted(): number {
    return Math.max(0, Math.min(this.subscription.credit, this.#ports.frameSizeMax));
  }

  read(sizeMax: number): void {
    if (sizeMax === 0) {
      this.#state = 'idle';
      this.advance();
      return;
    }
    this.#state = 'reading';
    this.#reserved = sizeMax;
    this.subscription.credit -= sizeMax;
    const number = ++this.#readNumber;
    const { calls, route } = this.#feed.served;
    calls.call<ReadResult>(
      (port, done) => port.read(route.handle, this.#next, sizeMax, done),
      (result) => this.#onRead(number, result),
    );
  }

  #onRead(number: number, result: Result<ReadResult, Failure>): void {
    const isWanted = this.#state === 'reading' && number === this.#readNumber;
    if (isWanted) {
      this.subscription.credit += this.#reserved;
      this.#reserved = 0;
      this.#state = 'idle';
      if (result.ok) this.#take(result.value);
    }
    // The turn ends with what was sent in it; what comes of a failure is no part of it.
    this.#ports.outflow.look(this.flow);
    this.#ports.turns.readEnded(this.flow);
    if (!isWanted) return;
    if (result.ok) this.advance();
    else this.#onReadFailed(result.error);
    this.subscription.onCreditReturned();
  }

  #take(result: ReadResult): void {
    this.#refreshes = 0;
    const { batches, logStart, highWatermark } = result;
    if (logStart > this.#next) {
      this.#moveTo({ kind: 'history-lost', wanted: this.#next, offset: logStart });
      return;
    }
    if (batches === undefined) {
      // Nothing lies between the two.
      this.#next = Math.max(this.#next, highWatermark) as Offset;
      return;
    }
    // Only one read of a connection is under way, and the live take no more than there is: so a batch that is larger than what is
    // left overdraws the credit alone.
    this.subscription.credit -= batches.size;
    this.#next = batches.next;
    this.#ports.countCaughtUp(batches.size);
    this.#ports.outflow.send(this.flow, this.#ports.frame(this.#feed.served, batches, result));
  }

  #onReadFailed(failure: Failure): void {
    if (failure.error === 'offset-out-of-range') {
      this.#findLost();
      return;
    }
    if (!this.#mayRetry(failure)) {
      this.fail(failure);
      return;
    }
    this.#pause();
  }

  #pause(): void {
    this.#state = 'pausing';
    this.#ports.deadlines.add(retryMs, this);
  }

  #mayRetry({ error }: Failure): boolean {
    const { retry } = errorRow(error);
    if (retry === 'later') return true;
    this.#refreshes += 1;
    return retry === 'refresh' && this.#refreshes <= refreshesMax;
  }

  onTime(): void {
    if (this.#state !== 'pausing') return;
    this.#state = 'idle';
    this.advance();
  }

  /** The log does not hold the offset: retention was faster, or the log was cut. */
  #findLost(): void {
    this.#state = 'lost';
    const feed = this.#feed;
    const { calls, route } = feed.served;
    calls.call<PartitionDescription>(
      (port, done) => port.describe(route.handle, done),
      (result) => {
        if (this.#state !== 'lost' || this.#feed !== feed) return;
        if (!result.ok) return this.fail(result.error);
        this.#state = 'idle';
        this.#resumeWithin(result.value);
      },
    );
  }

  #resumeWithin({ logStart, highWatermark }: PartitionEnds): void {
    const wanted = this.#next;
    if (wanted < logStart) this.#moveTo({ kind: 'history-lost', wanted, offset: logStart });
    else if (wanted > highWatermark) this.#moveTo({ kind: 'truncated', wanted, offset: highWatermark });
    else this.#pause();
    this.advance();
  }

  onTruncated(highWatermark: Offset): void {
    if (this.#state === 'over' || this.#state === 'starting' || this.#state === 'lost') return;
    if (this.next <= highWatermark) return;
    this.#dropRead();
    this.#moveTo({ kind: 'truncated', wanted: this.next, offset: highWatermark });
    this.advance();
  }

  #moveTo(divergence: Divergence): void {
    this.#next = divergence.offset;
    this.subscription.tell(this, divergence);
  }

  /** The read under way still ends its turn, and brings nothing. */
  #dropRead(): void {
    this.#readNumber += 1;
    this.subscription.credit += this.#reserved;
    this.#reserved = 0;
    if (this.#state === 'reading' || this.#state === 'hungry') this.#state = 'idle';
    this.subscription.onCreditReturned();
  }

  /** The topic was created anew: from the beginning of this one. */
  restart(feed: Feed): void {
    this.#leaveFeed();
    this.#feed = feed;
    this.#state = 'starting';
    this.#start = { at: 'beginning' };
    feed.attach(this);
    this.onOpened();
  }

  /** The same partition by another way: from where it stands. */
  reroute(feed: Feed): void {
    const next = this.next;
    const wasStarted = this.#state !== 'starting';
    this.#leaveFeed();
    this.#feed = feed;
    feed.attach(this);
    this.#state = 'starting';
    if (wasStarted) this.#start = { at: 'position', position: { topicId: undefined, offset: next, leaderEpoch: undefined } };
    this.onOpened();
  }

  #leaveFeed(): void {
    this.#isFinding = false;
    this.#dropRead();
    this.#feed.detach(this);
    this.#ports.release(this.#feed);
  }

  fail(failure: Failure): void {
    if (this.#state === 'over') return;
    const wasStarting = this.#state === 'starting';
    this.end();
    this.subscription.onFailed(this, failure, wasStarting);
  }

  end(): void {
    if (this.#state === 'over') return;
    this.#leaveFeed();
    this.#state = 'over';
  }
}
