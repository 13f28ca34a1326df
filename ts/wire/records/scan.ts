import { isOffset } from '../../model/offset.js';
import type { BatchHeader } from './header.js';
import { type Cursor, takeVarint, takeVarlong } from './varint.js';

/** A record that ends inside a field, sizes that cannot be, offsets that do not ascend, bytes behind the last record. */
export type RecordProblem = 'cut' | 'negative-size' | 'trailing-bytes' | 'offset-delta' | 'timestamp';

/** What stands for a key or value that is null, in place of where it ends. */
export const absent = -1;

/**
 * Goes through the records of a batch without making an object of any: after each `next`, where its parts lie in `bytes`. What all
 * records share is taken out of the header once.
 */
export class RecordScan {
  readonly bytes: Uint8Array;
  offset = -1;
  timestamp = -1;
  keyFrom = 0;
  /** `absent` where the key is null. */
  keyEnd = absent;
  valueFrom = 0;
  /** `absent` where the value is null. */
  valueEnd = absent;
  headersFrom = 0;
  headersCount = 0;
  /** Why `next` said that there is no more, though there is. */
  problem: RecordProblem | undefined;
  readonly #cursor: Cursor;
  readonly #end: number;
  readonly #baseOffset: number;
  readonly #lastOffsetDelta: number;
  readonly #firstTimestamp: number;
  /** Of all records, where the broker stamped them. */
  readonly #appendTime: number | undefined;
  #left: number;
  #lastDelta = -1;

  constructor(header: BatchHeader, records: Uint8Array) {
    this.bytes = records;
    this.#cursor = { bytes: records, position: 0, end: records.length };
    this.#end = records.length;
    this.#baseOffset = header.baseOffset;
    this.#lastOffsetDelta = header.lastOffsetDelta;
    this.#firstTimestamp = header.firstTimestamp;
    this.#appendTime = header.isLogAppendTime ? header.maxTimestamp : undefined;
    this.#left = header.recordsCount;
  }

  /** False after the last record, and after a problem. */
  next(): boolean {
    if (this.#left <= 0) return this.#ended();
    this.#left--;
    const problem = this.#take();
    return problem === undefined || this.#stop(problem);
  }

  #ended(): boolean {
    return this.#cursor.position < this.#end && this.#stop('trailing-bytes');
  }

  #stop(problem: RecordProblem): boolean {
    this.problem ??= problem;
    this.#left = 0;
    this.#cursor.position = this.#end;
    return false;
  }

  #take(): RecordProblem | undefined {
    const cursor = this.#cursor;
    cursor.end = this.#end;
    const size = takeVarint(cursor);
    if (size === undefined) return 'cut';
    if (size < 0) return 'negative-size';
    if (size > cursor.end - cursor.position || size < 1) return 'cut';
    cursor.end = cursor.position + size;
    // The first byte of a record is attributes that mean nothing.
    cursor.position++;
    const problem = this.#takeBody(cursor);
    return problem === undefined && cursor.position < cursor.end ? 'trailing-bytes' : problem;
  }

  #takeBody(body: Cursor): RecordProblem | undefined {
    const timestampDelta = takeVarlong(body);
    const offsetDelta = takeVarint(body);
    if (timestampDelta === undefined || offsetDelta === undefined) return 'cut';
    const problem = this.#takeKey(body) ?? this.#takeValue(body) ?? this.#passHeaders(body);
    if (problem !== undefined) return problem;
    const offset = this.#baseOffset + offsetDelta;
    if (offsetDelta <= this.#lastDelta || offsetDelta > this.#lastOffsetDelta || !isOffset(offset)) return 'offset-delta';
    this.#lastDelta = offsetDelta;
    const timestamp = this.#appendTime ?? this.#firstTimestamp + timestampDelta;
    if (!Number.isSafeInteger(timestamp)) return 'timestamp';
    this.offset = offset;
    this.timestamp = timestamp;
    return undefined;
  }

  #takeKey(body: Cursor): RecordProblem | undefined {
    const problem = passNullable(body);
    this.keyFrom = passedFrom;
    this.keyEnd = passedEnd;
    return problem;
  }

  #takeValue(body: Cursor): RecordProblem | undefined {
    const problem = passNullable(body);
    this.valueFrom = passedFrom;
    this.valueEnd = passedEnd;
    return problem;
  }

  #passHeaders(body: Cursor): RecordProblem | undefined {
    const count = takeVarint(body);
    if (count === undefined) return 'cut';
    if (count < 0) return 'negative-size';
    this.headersFrom = body.position;
    this.headersCount = count;
    for (let index = 0; index < count; index++) {
      const problem = passNullable(body) ?? (passedEnd === absent ? 'negative-size' : undefined) ?? passNullable(body);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
}

// Where the last field that was passed lies: beside the function, as a pair to return would be an object per field.
let passedFrom = 0;
let passedEnd = absent;

function passNullable(cursor: Cursor): RecordProblem | undefined {
  const size = takeVarint(cursor);
  if (size === undefined) return 'cut';
  passedFrom = cursor.position;
  passedEnd = absent;
  if (size === -1) return undefined;
  if (size < 0) return 'negative-size';
  if (size > cursor.end - cursor.position) return 'cut';
  cursor.position += size;
  passedEnd = cursor.position;
  return undefined;
}
