import type { Offset } from '../../model/offset.js';
import type { Failure, HeldRead, LargerBatch, PartitionDescription, PartitionEnds, Tail } from '../../model/ports.js';
import { ok, type Result } from '../../model/result.js';
import type { Deadline } from '../deadlines.js';
import { EntryFollower, type OnArrived } from './entry-follower.js';
import {
  type GatherEntry,
  type Gathered,
  type Gathering,
  type GatherPorts,
  type GatherRequest,
  letGoOf,
  ownSize,
} from './gathering.js';

/** Of entries that wait for their turn to be read: how many are looked at beside each other, whether there is anything. */
const describedMax = 256;

/** Of an answer: what is left below it is offered to nobody, as hardly a batch would fit, and each attempt is a round of its own. */
const worthwhileShare = 1 / 16;

/**
 * One request: passes over all entries, each from the start, until one brought enough. Where an entry's log is known to end at its offset
 * nothing is read: of partitions that are watched the tails tell it, of others a read or a description did.
 */
export class Collection implements Deadline {
  readonly #ports: GatherPorts;
  /** Those that wait, and this one while it does. */
  readonly #waiting: Set<Collection>;
  readonly #request: GatherRequest;
  readonly #done: (gathering: Gathering) => void;
  #results: (Result<Gathered, Failure> | undefined)[] = [];
  /** What is known last of each entry's log. */
  readonly #ends: (PartitionEnds | undefined)[];
  /** The entries that this pass has to read, in their order; the first of them that is not begun, the first that is not looked at. */
  #unread: readonly number[] = [];
  #next = 0;
  #nextToDescribe = 0;
  #underWay = 0;
  #found = 0;
  /** Reserved for the bytes of this pass. */
  #reserved = 0;
  /** The time is up: what the next pass brings is the answer. */
  #isLast = false;
  #isPassing = false;
  /** Of entries whose first batch is larger than what was asked for. */
  #larger: { readonly index: number; readonly size: number }[] = [];
  /** Something is there that the answer has no room for. */
  #isFull = false;
  #isOver = false;
  #tick: number | undefined;
  #followers: readonly EntryFollower[] | undefined;
  #arrived = 0;

  constructor(ports: GatherPorts, waiting: Set<Collection>, request: GatherRequest, done: (gathering: Gathering) => void) {
    this.#ports = ports;
    this.#waiting = waiting;
    this.#request = request;
    this.#done = done;
    this.#isLast = request.waitMs <= 0;
    // Who does not wait is told what there is, not what there was a moment ago.
    this.#ends = request.entries.map(({ served }) => (this.#isLast ? undefined : ports.tails.ends(served)));
  }

  begin(): void {
    this.#pass();
  }

  /** Its memory is reserved as a whole and let go before the next: a request that waits for bytes holds none. */
  #pass(): void {
    const { entries, sizeMax } = this.#request;
    this.#isPassing = true;
    this.#arrived = 0;
    this.#forgetResults();
    this.#next = 0;
    this.#nextToDescribe = 0;
    this.#found = 0;
    this.#larger = [];
    this.#isFull = false;
    const unread: number[] = [];
    let wanted = 0;
    for (let index = 0; index < entries.length; index++) {
      if (this.#isEmpty(index)) continue;
      unread.push(index);
      wanted += (entries[index] as GatherEntry).sizeMax;
    }
    this.#unread = unread;
    this.#reserved = Math.min(wanted, sizeMax);
    if (wanted === 0) this.#readOn();
    else this.#ports.room.reserve(this.#reserved, () => this.#readOn());
  }

  /** False: something may be there. */
  #isEmpty(index: number): boolean {
    return this.#ends[index]?.highWatermark === this.#request.entries[index]?.offset;
  }

  /**
   * As many reads as there is room for if each brings all that it may; with what they left, the next ones. Behind them one looks ahead,
   * as most of many have nothing; and where no room is left, whoever asks wants to know how far it is behind.
   */
  #readOn(): void {
    const { entries, sizeMax } = this.#request;
    this.#underWay = 1;
    let left = this.#hasRoom() ? sizeMax - this.#found : 0;
    for (; this.#next < this.#unread.length && left > sizeMax * worthwhileShare; this.#next++) {
      const index = this.#unread[this.#next] as number;
      if (this.#isEmpty(index)) continue;
      const entry = entries[index] as GatherEntry;
      const size = Math.min(entry.sizeMax, left);
      left -= size;
      this.#underWay += 1;
      this.#read(index, entry, size);
    }
    this.#nextToDescribe = Math.max(this.#nextToDescribe, this.#next);
    const ahead = this.#unread.slice(this.#nextToDescribe, this.#nextToDescribe + describedMax);
    this.#nextToDescribe += ahead.length;
    this.#underWay += ahead.length;
    for (const index of ahead) this.#describe(index, entries[index] as GatherEntry);
    this.#arrive();
  }

  #read(index: number, { served, offset }: GatherEntry, size: number): void {
    served.calls.call<HeldRead | LargerBatch>(
      (port, done) => port.hold(served.route.handle, { offset, sizeMax: size, mayLend: this.#ports.mayLend }, done),
      (result) => {
        if (!result.ok) this.#results[index] = result;
        else if ('sizeWanted' in result.value) this.#larger.push({ index, size: result.value.sizeWanted });
        else {
          this.#results[index] = ok(this.#gatheredFrom(result.value));
          this.#learn(index, result.value);
        }
        this.#arrive();
      },
    );
  }

  #describe(index: number, { served }: GatherEntry): void {
    served.calls.call<PartitionDescription>(
      (port, done) => port.describe(served.route.handle, done),
      (result) => {
        this.#results[index] = result.ok ? ok({ ...result.value, batches: undefined }) : result;
        if (result.ok) this.#learn(index, result.value);
        this.#arrive();
      },
    );
  }

  // A tail may have overtaken it, of a partition that is followed: but that is read for what is there, and stays not empty.
  #learn(index: number, { logStart, highWatermark }: PartitionEnds): void {
    this.#ends[index] = { logStart, highWatermark };
  }

  #gatheredFrom({ batches, logStart, highWatermark }: HeldRead): Gathered {
    // In ring memory a first batch may be larger than what was asked for.
    const fits = batches !== undefined && (this.#found === 0 || this.#found + batches.size <= this.#request.sizeMax);
    if (fits) this.#found += batches.size;
    else {
      this.#isFull ||= batches !== undefined;
      letGoOf(batches?.pieces);
    }
    return { logStart, highWatermark, batches: fits ? batches : undefined };
  }

  #arrive(): void {
    this.#underWay -= 1;
    if (this.#underWay > 0) return;
    const count = this.#unread.length;
    if ((this.#next < count && this.#hasRoom()) || this.#nextToDescribe < count) this.#readOn();
    else if (this.#larger.length > 0) this.#readLarger();
    else this.#onPassed();
  }

  #hasRoom(): boolean {
    // What is larger than all of the answer comes alone, as the first that is there.
    if (this.#found === 0 && this.#larger.length > 0) return false;
    const { sizeMax } = this.#request;
    return sizeMax - this.#found > sizeMax * worthwhileShare;
  }

  /** What is larger than was asked for comes if this pass has the room, or if nothing else came; then it has its room first. */
  #readLarger(): void {
    const { index, size } = this.#larger.shift() ?? { index: 0, size: 0 };
    const entry = this.#request.entries[index] as GatherEntry;
    this.#underWay = 1;
    if (this.#found + size <= this.#reserved) this.#read(index, entry, size);
    else if (this.#found === 0) {
      this.#letGo();
      this.#reserved = size;
      this.#ports.room.reserve(size, () => this.#read(index, entry, size));
    } else {
      this.#isFull = true;
      this.#describe(index, entry);
    }
  }

  #onPassed(): void {
    const hasFailed = this.#results.some((result) => result !== undefined && !result.ok);
    this.#isFull ||= this.#unread.slice(this.#next).some((index) => !this.#isEmpty(index));
    const isEnough = this.#isFull || this.#found >= Math.min(this.#request.sizeMin, this.#request.sizeMax);
    // Until the memory of this pass is let go it goes on: whom it begins to follow may tell of something before that, which is counted.
    if (this.#isLast || hasFailed || isEnough || !this.#wait()) {
      this.#isPassing = false;
      this.#answer();
      return;
    }
    this.#letGo();
    this.#isPassing = false;
    if (this.#arrived > 0) this.#look();
  }

  /** False: too many wait already. */
  #wait(): boolean {
    if (this.#followers !== undefined) return true;
    const { deadlines, tails, waitingMax } = this.#ports;
    if (this.#waiting.size >= waitingMax) return false;
    this.#waiting.add(this);
    this.#tick = deadlines.add(this.#request.waitMs, this);
    const { entries } = this.#request;
    const onArrived: OnArrived = (index, size, ends, held) => this.#onArrived(index, size, ends, held);
    const followers = entries.map((entry, index) => new EntryFollower(index, this.#endOf(index, entry), onArrived));
    this.#followers = followers;
    for (const follower of followers) tails.follow((entries[follower.index] as GatherEntry).served, follower);
    return true;
  }

  /** Up to where the entry has been seen. */
  #endOf(index: number, { offset }: GatherEntry): Offset {
    const result = this.#results[index];
    return result?.ok === true ? result.value.highWatermark : offset;
  }

  #onArrived(index: number, size: number, ends: PartitionEnds | undefined, held: Tail['held']): void {
    this.#ends[index] = ends;
    if (this.#isAnsweredBy(size)) {
      const batches = held?.();
      if (ends !== undefined && batches?.base === this.#request.entries[index]?.offset) {
        this.#forgetResults();
        this.#results[index] = ok({ logStart: ends.logStart, highWatermark: ends.highWatermark, batches });
        this.#answer();
        return;
      }
    }
    this.#arrived += size;
    this.#look();
  }

  /**
   * Who waits for one partition alone is answered with what its tail brought, without a read. Of several partitions one is the first to be
   * heard of, and the others are about to be: a read finds them all.
   */
  #isAnsweredBy(size: number): boolean {
    const { entries, sizeMin, sizeMax } = this.#request;
    const [entry] = entries;
    if (this.#isPassing || this.#followers === undefined || entries.length !== 1 || entry === undefined) return false;
    return this.#arrived === 0 && size >= sizeMin && size <= Math.min(entry.sizeMax, sizeMax);
  }

  #look(): void {
    if (this.#isPassing || this.#followers === undefined) return;
    if (this.#found + this.#arrived >= this.#request.sizeMin) this.#pass();
  }

  onTime(): void {
    this.#tick = undefined;
    this.hurry();
  }

  /** Whoever waits gets what there is. */
  hurry(): void {
    if (this.#isOver) return;
    this.#isLast = true;
    if (this.#tick !== undefined) this.#ports.deadlines.remove(this.#tick, this);
    this.#tick = undefined;
    if (!this.#isPassing) this.#pass();
  }

  /** Nobody wants the answer any more. */
  cancel(): void {
    if (this.#isOver) return;
    this.#isLast = true;
    if (this.#isPassing) return;
    this.#forgetResults();
    this.#answer([]);
  }

  #stopWaiting(): void {
    const followers = this.#followers;
    if (followers === undefined) return;
    this.#followers = undefined;
    this.#waiting.delete(this);
    const { tails, deadlines } = this.#ports;
    const { entries } = this.#request;
    for (const follower of followers) tails.pause((entries[follower.index] as GatherEntry).served, follower);
    if (this.#tick !== undefined) deadlines.remove(this.#tick, this);
    this.#tick = undefined;
  }

  /** What lies in rings keeps nobody's memory: it may wait for its socket as long as it likes. */
  #keepRoomOf(size: number): void {
    const spare = Math.max(0, this.#reserved - size);
    this.#reserved -= spare;
    if (spare > 0) this.#ports.room.release(spare);
  }

  #letGo(): void {
    this.#keepRoomOf(0);
  }

  #forgetResults(): void {
    for (const result of this.#results) if (result?.ok === true) letGoOf(result.value.batches?.pieces);
    this.#results = [];
  }

  /** With those that were not read: nothing was there. */
  #allResults(): readonly Result<Gathered, Failure>[] {
    return this.#request.entries.map((_, index) => {
      const { logStart, highWatermark } = this.#ends[index] ?? none;
      return this.#results[index] ?? ok({ logStart, highWatermark, batches: undefined });
    });
  }

  #answer(results = this.#allResults()): void {
    this.#isOver = true;
    this.#stopWaiting();
    let size = 0;
    for (const result of results) if (result.ok) size += ownSize(result.value.batches?.pieces);
    this.#keepRoomOf(size);
    const letGo = () => {
      for (const result of results) if (result?.ok === true) letGoOf(result.value.batches?.pieces);
      this.#letGo();
    };
    this.#done({ results, letGo });
  }
}

const none: PartitionEnds = { logStart: 0 as Offset, highWatermark: 0 as Offset };
