import type { Offset } from '../../model/offset.js';
import type { Failure, HeldBatches, HeldPiece, HeldRead, PartitionDescription, PartitionEnds, Tail } from '../../model/ports.js';
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
  /** Sockets take parts of files (docs/decisions/0017-lent-segments.md). */
  readonly mayLend: boolean;
}

/** Reads from many partitions at once, and waits if that is too little. */
export class Gather {
  readonly ports: GatherPorts;
  readonly waiting = new Set<Collection>();

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
    for (const one of [...this.waiting]) one.hurry();
  }

  /** `done` is called once, maybe before this returns. The answer calls it off: what there is by then is told at once. */
  begin(request: GatherRequest, done: (gathering: Gathering) => void): () => void {
    const collection = new Collection(this, { ...request, sizeMax: Math.min(request.sizeMax, this.ports.sizeMax) }, done);
    collection.begin();
    return () => collection.cancel();
  }
}

/** One request: passes over all entries, each from the start, until one brought enough. */
class Collection implements Deadline {
  readonly #verb: Gather;
  readonly #request: GatherRequest;
  readonly #done: (gathering: Gathering) => void;
  #results: (Result<Gathered, Failure> | undefined)[] = [];
  #next = 0;
  #underWay = 0;
  #found = 0;
  /** Reserved for the bytes of this pass. */
  #reserved = 0;
  /** The time is up: what the next pass brings is the answer. */
  #isLast = false;
  #isPassing = false;
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
    this.#found = 0;
    this.#isFull = false;
    const wanted = entries.reduce((sum, entry) => sum + entry.sizeMax, 0);
    this.#reserved = Math.min(wanted, sizeMax);
    this.#verb.ports.room.reserve(this.#reserved, () => this.#readOn());
  }

  /** As many reads as there is room for if each brings all that it may; with what they left, the next ones. */
  #readOn(): void {
    const { entries, sizeMax } = this.#request;
    this.#underWay = 1;
    let left = sizeMax - this.#found;
    for (let entry = entries[this.#next]; entry !== undefined && left > 0; entry = entries[this.#next]) {
      const index = this.#next;
      const size = Math.min(entry.sizeMax, left);
      left -= size;
      this.#next += 1;
      this.#underWay += 1;
      this.#read(index, entry, size);
    }
    this.#arrive();
  }

  #read(index: number, { served, offset }: GatherEntry, size: number): void {
    served.calls.call<HeldRead>(
      (port, done) => port.hold(served.route.handle, { offset, sizeMax: size, mayLend: this.#verb.ports.mayLend }, done),
      (result) => {
        this.#results[index] = result.ok ? ok(this.#gatheredFrom(result.value)) : result;
        this.#arrive();
      },
    );
  }

  #gatheredFrom({ batches, logStart, highWatermark }: HeldRead): Gathered {
    // A first batch may be larger than what was asked for; a later one that has no room left waits for the next request.
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
    const { entries, sizeMax } = this.#request;
    if (this.#next === entries.length) this.#onPassed();
    else if (this.#found < sizeMax) this.#readOn();
    else this.#describeRest();
  }

  /** There is no room left for their bytes, but whoever asks wants to know how far it is behind. */
  #describeRest(): void {
    this.#underWay = 1;
    const { entries } = this.#request;
    for (let entry = entries[this.#next]; entry !== undefined; entry = entries[this.#next]) {
      const index = this.#next;
      const { served } = entry;
      this.#next += 1;
      this.#underWay += 1;
      served.calls.call<PartitionDescription>(
        (port, done) => port.describe(served.route.handle, done),
        (result) => {
          this.#results[index] = result.ok ? ok({ ...result.value, batches: undefined }) : result;
          this.#arrive();
        },
      );
    }
    this.#arrive();
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
    const onArrived = (size: number) => this.#onArrived(size);
    const followers = this.#request.entries.map((entry, index) => new EntryFollower(this.#endOf(index, entry), onArrived));
    this.#followers = followers;
    for (const [index, { served }] of this.#request.entries.entries()) tails.follow(served, followers[index] as EntryFollower);
    return true;
  }

  /** Up to where the entry has been seen. */
  #endOf(index: number, { offset }: GatherEntry): Offset {
    const result = this.#results[index];
    return result?.ok === true ? result.value.highWatermark : offset;
  }

  #onArrived(size: number): void {
    this.#arrived += size;
    this.#look();
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
    this.#answer();
  }

  #stopWaiting(): void {
    const followers = this.#followers;
    if (followers === undefined) return;
    this.#followers = undefined;
    this.#verb.waiting.delete(this);
    const { tails, deadlines } = this.#verb.ports;
    for (const [index, { served }] of this.#request.entries.entries()) tails.unfollow(served, followers[index] as EntryFollower);
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

  #answer(): void {
    this.#isOver = true;
    this.#stopWaiting();
    const results = this.#results as Result<Gathered, Failure>[];
    this.#keepRoomOf(ownSize(results.flatMap((result) => (result.ok ? (result.value.batches?.pieces ?? []) : []))));
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
    calls.call<HeldRead>(
      (port, answer) => port.hold(route.handle, { offset: from, sizeMax: left, mayLend: false }, answer),
      (result) => {
        const batches = result.ok ? result.value.batches : undefined;
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

function ownSize(pieces: readonly HeldPiece[]): number {
  let size = 0;
  for (const piece of pieces) if (piece.isOwn) size += piece.size;
  return size;
}

class EntryFollower implements TailFollower {
  #seen: Offset;
  readonly #onArrived: (size: number) => void;

  constructor(seen: Offset, onArrived: (size: number) => void) {
    this.#seen = seen;
    this.#onArrived = onArrived;
  }

  onOpened(ends: Result<PartitionEnds, Failure>): void {
    // What came between the read and the watch, or a failure that the next pass tells.
    if (!ends.ok || ends.value.highWatermark > this.#seen) this.#onArrived(Number.POSITIVE_INFINITY);
  }

  onTail({ highWatermark, batches }: Tail): void {
    // A log that was cut is something new to its reader, too.
    const size = highWatermark < this.#seen ? Number.POSITIVE_INFINITY : (batches?.size ?? Number.POSITIVE_INFINITY);
    this.#seen = highWatermark;
    this.#onArrived(size);
  }
}
