import type { CoordinatorLog } from '../model/group-ports.js';
import type { Offset } from '../model/offset.js';
import type { Appender } from './appender.js';
import type { GroupRecord } from './records/record.js';

const pieceCount = 256;

/**
 * Keeps the log as short as what is alive in it, in this order:
 *
 *   1  The keys of the state are listed, and their records appended anew, in pieces, between the appends of those who wait. What changed
 *      since the list was made comes in its newer form, or not at all: the record that changed it lies behind the copy's start too.
 *      A crash leaves the old records and a part of the copy, which together say what the old ones said.
 *   2  When the last piece is durable, all before the first of the copy says nothing any more. A crash leaves everything twice.
 *   3  The log start moves to the copy's start: an entry of the journal, durable before a file is removed. A crash before it is as in
 *      2; after it, recovery removes what is left of the old segments.
 *
 * The next one begins when the log holds twice what is alive, and some more, so every record is copied less than once on average.
 */
export class Rewrite {
  readonly #log: CoordinatorLog;
  readonly #appender: Appender;
  readonly #liveCount: () => number;
  readonly #snapshot: () => Iterable<GroupRecord>;
  readonly #deadMax: number;
  readonly #onRewritten: () => void;
  #source: Iterator<GroupRecord> | undefined;
  #start: Offset | undefined;
  /** Records between the log start, or the start of the copy that is being made, and the end. */
  #count: number;
  #nextLook = 0;

  constructor(options: {
    readonly log: CoordinatorLog;
    readonly appender: Appender;
    readonly snapshot: () => Iterable<GroupRecord>;
    readonly liveCount: () => number;
    readonly loadedCount: number;
    readonly deadMax: number;
    readonly onRewritten: () => void;
  }) {
    this.#log = options.log;
    this.#appender = options.appender;
    this.#snapshot = options.snapshot;
    this.#liveCount = options.liveCount;
    this.#count = options.loadedCount;
    this.#deadMax = options.deadMax;
    this.#onRewritten = options.onRewritten;
  }

  /** So many records were appended. Looks whether it is time; counting what is alive is not free, so it looks seldom. */
  appended(count: number, wallMs: number): void {
    this.#count += count;
    if (this.#source !== undefined || this.#count < this.#nextLook) return;
    this.#nextLook = 2 * this.#liveCount() + this.#deadMax;
    if (this.#count < this.#nextLook) return;
    this.#count = 0;
    this.#start = undefined;
    this.#source = this.#snapshot()[Symbol.iterator]();
    this.#next(wallMs);
  }

  /** One piece is under way at a time: those who wait for answers come between. */
  #next(wallMs: number): void {
    const piece = this.#take();
    if (piece.length === 0) {
      this.#source = undefined;
      this.#nextLook = 0;
      // Where it fails the log stays longer than it need be, until the next time.
      if (this.#start !== undefined) this.#trim(this.#start);
      return;
    }
    this.#count += piece.length;
    this.#appender.append(piece, wallMs, (first) => {
      this.#start ??= first;
      this.#next(wallMs);
    });
  }

  #trim(start: Offset): void {
    this.#log.trim(start, (result) => {
      if (result.ok) this.#onRewritten();
    });
  }

  #take(): readonly GroupRecord[] {
    const piece: GroupRecord[] = [];
    while (piece.length < pieceCount) {
      const next = this.#source?.next();
      if (next === undefined || next.done === true) break;
      piece.push(next.value);
    }
    return piece;
  }
}
