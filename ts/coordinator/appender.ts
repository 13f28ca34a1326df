import { assert } from '../model/assert.js';
import type { Failure } from '../model/errors.js';
import type { CoordinatorLog, LogRecord } from '../model/group-ports.js';
import type { Offset } from '../model/offset.js';
import { encodeRecord, type GroupRecord } from './records/record.js';

/** Of an append: names in order, so that "all before it" is a comparison. */
export type AppendNumber = number;

/**
 * Records on their way into the log, and what may happen only when they are there. Of one load: after a failure it is dropped,
 * with all that waits.
 */
export class Appender {
  readonly #log: CoordinatorLog;
  readonly #sizeMax: number;
  readonly #onFailure: (failure: Failure) => void;
  readonly #waiting = new Map<AppendNumber, (() => void)[]>();
  #appended: AppendNumber = 0;
  #durable: AppendNumber = 0;
  #isClosed = false;

  constructor(log: CoordinatorLog, sizeMax: number, onFailure: (failure: Failure) => void) {
    this.#log = log;
    this.#sizeMax = sizeMax;
    this.#onFailure = onFailure;
  }

  /** The last of all so far. */
  get appended(): AppendNumber {
    return this.#appended;
  }

  /** Behind all before. `onDurable` learns where the first of them lies, when all of them are durable. */
  append(records: readonly GroupRecord[], wallMs: number, onDurable?: (first: Offset) => void): AppendNumber {
    const pieces = this.#pieces(records.map((record) => encodeRecord(record, wallMs)));
    let first: Offset | undefined;
    for (const [index, piece] of pieces.entries()) {
      const number = this.#appended + 1;
      this.#appended = number;
      this.#log.append(piece, (result) => {
        if (this.#isClosed) return;
        if (!result.ok) {
          this.#onFailure(result.error);
          return;
        }
        first ??= result.value;
        this.#settle(number);
        if (index === pieces.length - 1) onDurable?.(first);
      });
    }
    return this.#appended;
  }

  /** At once, if everything up to that append is durable. */
  after(number: AppendNumber, release: () => void): void {
    if (number <= this.#durable) {
      release();
      return;
    }
    const waiting = this.#waiting.get(number);
    if (waiting === undefined) this.#waiting.set(number, [release]);
    else waiting.push(release);
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting.clear();
  }

  /** The log answers in the order of the calls: what is durable has all before it durable. */
  #settle(number: AppendNumber): void {
    assert(number === this.#durable + 1, 'the log answers appends out of order');
    this.#durable = number;
    const waiting = this.#waiting.get(number) ?? [];
    this.#waiting.delete(number);
    for (const release of waiting) release();
  }

  #pieces(records: readonly LogRecord[]): readonly (readonly LogRecord[])[] {
    const pieces: LogRecord[][] = [];
    let room = 0;
    for (const record of records) {
      const size = record.key.length + (record.value?.length ?? 0);
      if (size > room || pieces.length === 0) {
        pieces.push([]);
        room = this.#sizeMax;
      }
      pieces.at(-1)?.push(record);
      room -= size;
    }
    return pieces;
  }
}
