import type { Offset } from '../../model/offset.js';
import type {
  Failure,
  HeldBatches,
  HeldPiece,
  HeldRead,
  LargerBatch,
  PartitionDescription,
  PartitionEnds,
  Tail,
} from '../../model/ports.js';
import { ok, type Result } from '../../model/result.js';
import type { Room } from '../../ring/room.js';
import type { Deadline, Deadlines } from '../deadlines.js';
import type { Served } from '../routing.js';
import type { TailFollower, Tails } from '../tails.js';

/** One partition to read. */
export interface GatherEntry {
  readonly served: Served;
  readonly offset: Offset;
  readonly sizeMax: number;
}

export interface GatherRequest {
  readonly entries: readonly GatherEntry[];
  /** Of all entries together; at least one batch comes even if it is larger. */
  readonly sizeMax: number;
  /** Waits until so many bytes are there. */
  readonly sizeMin: number;
  readonly waitMs: number;
}

export interface Gathered extends PartitionEnds {
  /** Undefined: nothing there, or no room left in the answer. */
  readonly batches: HeldBatches | undefined;
}

export interface Gathering {
  /** One for each entry, in their order. */
  readonly results: readonly Result<Gathered, Failure>[];
  /** The bytes were sent, or will not be. Once. */
  letGo(): void;
}

export interface HeldAgain {
  readonly pieces: readonly HeldPiece[];
  /** They were sent, or will not be. Once. */
  letGo(): void;
}

export interface GatherPorts {
  readonly tails: Tails;
  readonly deadlines: Deadlines;
  readonly room: Room;
  /** Of one answer, whatever its request would take: so that several have room beside each other. */
  readonly sizeMax: number;
  /** Of requests that wait for bytes; one more is answered with what there is. */
  readonly waitingMax: number;
  /** Sockets take parts of files (docs/decisions/0018-lent-segments.md). */
  readonly mayLend: boolean;
}

/** Reads from many partitions at once, and waits if that is too little. */
export class Gather {
  readonly ports: GatherPorts;
  readonly waiting = new Set<Collection>();
  #isEnding = false;

  constructor(ports: GatherPorts) {
    this.ports = ports;
  }

  /**
   * Held batches once more, after some of them have left ring memory: the same bytes. `done` is told nothing if they are not to be had any
   * more: an answer that began with them cannot go on (DURABILITY.md rule 18).
   */
  again(served: Served, { base, size }: HeldBatches, done: (again: HeldAgain | undefined) => void): void {
    const { room } = this.ports;
    room.reserve(size, () =>
      holdAll(served, base, size, (pieces) => {
        const own = ownSize(pieces ?? []);
        room.release(size - own);
        const letGo = () => {
          letGoOf(pieces);
          room.release(own);
        };
        done(pieces && { pieces, letGo });
      }),
    );
  }

  /** The node goes down: nobody waits any longer, each gets what there is. */
  answerAll(): void {
    this.#isEnding = true;
    for (const one of [...this.waiting]) one.hurry();
  }

  /** `done` is called once, maybe before this returns. The answer calls it off: what there is by then is told at once. */
  begin(request: GatherRequest, done: (gathering: Gathering) => void): () => void {
    const { entries, sizeMin } = request;
    const sizeMax = Math.min(request.sizeMax, this.ports.sizeMax);
    const waitMs = this.#isEnding ? 0 : request.waitMs;
    const collection = new Collection(this, { entries, sizeMin, sizeMax, waitMs }, done);
    collection.begin();
    return () => collection.cancel();
  }
}

/** Of entries that wait for their turn to be read: how many are looked at beside each other, whether there is anything. */
const describedMax = 256;

/**
 * One request: passes over all entries, each from the start, until one brought enough. Where an entry's log is known to end at its offset
 * nothing is read: of partitions that are watched the tails tell it, of others a read or a description did.
 */
class Collection implements Deadline {
  readonly #verb: Gather;
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

  constructor(verb: Gather, request: GatherRequest, done: (gathering: Gathering) => void) {
    this.#verb = verb;
    this.#request = request;
    this.#done = done;
    this.#isLast = request.waitMs <= 0;
    // Who does not wait is told what there is, not what there was a moment ago.
    this.#ends = request.entries.map(({ served }) => (this.#isLast ? undefined : verb.ports.tails.ends(served)));
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
    else this.#verb.ports.room.reserve(this.#reserved, () => this.#readOn());
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
    let left = sizeMax - this.#found;
    for (; this.#next < this.#unread.length && left > 0; this.#next++) {
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
      (port, done) => port.hold(served.route.handle, { offset, sizeMax: size, mayLend: this.#verb.ports.mayLend }, done),
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
    const hasMore = this.#found < this.#request.sizeMax && this.#next < count;
    if (hasMore || this.#nextToDescribe < count) this.#readOn();
    else if (this.#larger.length > 0) this.#readLarger();
    else this.#onPassed();
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
      this.#verb.ports.room.reserve(size, () => this.#read(index, entry, size));
    } else {
      this.#isFull = true;
      this.#describe(index, entry);
    }
  }

  #onPassed(): void {
    const hasFailed = this.#results.some((result) => result !== undefined && !result.ok);
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
    const { deadlines, tails, waitingMax } = this.#verb.ports;
    if (this.#verb.waiting.size >= waitingMax) return false;
    this.#verb.waiting.add(this);
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
    if (this.#tick !== undefined) this.#verb.ports.deadlines.remove(this.#tick, this);
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
    this.#verb.waiting.delete(this);
    const { tails, deadlines } = this.#verb.ports;
    const { entries } = this.#request;
    for (const follower of followers) tails.pause((entries[follower.index] as GatherEntry).served, follower);
    if (this.#tick !== undefined) deadlines.remove(this.#tick, this);
    this.#tick = undefined;
  }

  /** What lies in rings keeps nobody's memory: it may wait for its socket as long as it likes. */
  #keepRoomOf(size: number): void {
    const spare = Math.max(0, this.#reserved - size);
    this.#reserved -= spare;
    if (spare > 0) this.#verb.ports.room.release(spare);
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
    for (const result of results) if (result.ok) size += ownSize(result.value.batches?.pieces ?? noPieces);
    this.#keepRoomOf(size);
    const letGo = () => {
      for (const result of results) if (result?.ok === true) letGoOf(result.value.batches?.pieces);
      this.#letGo();
    };
    this.#done({ results, letGo });
  }
}

function letGoOf(pieces: readonly HeldPiece[] | undefined): void {
  for (const piece of pieces ?? []) piece.letGo?.();
}

/** Exactly so many bytes from an offset on; a read may bring less at a time. Undefined: the log has others there, or none. */
function holdAll(served: Served, base: Offset, size: number, done: (pieces: readonly HeldPiece[] | undefined) => void): void {
  const { calls, route } = served;
  const pieces: HeldPiece[] = [];
  // Not from files: what is read again could not be had from one.
  const hold = (from: Offset, left: number) =>
    calls.call<HeldRead | LargerBatch>(
      (port, answer) => port.hold(route.handle, { offset: from, sizeMax: left, mayLend: false }, answer),
      (result) => {
        const batches = result.ok && 'batches' in result.value ? result.value.batches : undefined;
        if (batches?.base !== from || batches.size > left) {
          letGoOf(batches?.pieces);
          letGoOf(pieces);
          done(undefined);
          return;
        }
        pieces.push(...batches.pieces);
        if (batches.size === left) done(pieces);
        else hold(batches.next, left - batches.size);
      },
    );
  hold(base, size);
}

const noPieces: readonly HeldPiece[] = [];

function ownSize(pieces: readonly HeldPiece[]): number {
  let size = 0;
  for (const piece of pieces) if (piece.isOwn) size += piece.size;
  return size;
}

const none: PartitionEnds = { logStart: 0 as Offset, highWatermark: 0 as Offset };

type OnArrived = (index: number, size: number, ends: PartitionEnds | undefined, held: Tail['held']) => void;

class EntryFollower implements TailFollower {
  readonly index: number;
  #seen: Offset;
  readonly #onArrived: OnArrived;

  constructor(index: number, seen: Offset, onArrived: OnArrived) {
    this.index = index;
    this.#seen = seen;
    this.#onArrived = onArrived;
  }

  onOpened(ends: Result<PartitionEnds, Failure>): void {
    // What came between the read and the watch, or a failure that the next pass tells.
    if (!ends.ok) this.#onArrived(this.index, Number.POSITIVE_INFINITY, undefined, undefined);
    else if (ends.value.highWatermark > this.#seen) this.#onArrived(this.index, Number.POSITIVE_INFINITY, ends.value, undefined);
  }

  onTail({ logStart, highWatermark, batches, held }: Tail): void {
    // A log that was cut is something new to its reader, too.
    const size = highWatermark < this.#seen ? Number.POSITIVE_INFINITY : (batches?.size ?? Number.POSITIVE_INFINITY);
    this.#seen = highWatermark;
    this.#onArrived(this.index, size, { logStart, highWatermark }, batches === undefined ? undefined : held);
  }
}
