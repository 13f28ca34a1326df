import { isOffset, type Offset } from '../../model/offset.js';
import { failed, ok, type Result } from '../../model/result.js';
import type { BatchHeader } from './header.js';
import { type Cursor, takeVarint, takeVarlong } from './varint.js';

/** One record. Its bytes are views over the batch: copy what outlives it. */
export interface BatchRecord {
  readonly offset: Offset;
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
}

export interface RecordHeader {
  /** UTF-8 by agreement; nobody enforces it. */
  readonly name: Uint8Array;
  readonly value: Uint8Array | null;
}

/** A record that ends inside a field, sizes that cannot be, offsets that do not ascend, bytes behind the last record. */
export type RecordProblem = 'cut' | 'negative-size' | 'trailing-bytes' | 'offset-delta' | 'timestamp';

/**
 * The records of a batch, out of its uncompressed bytes. Ends after the first problem. A generator, so that a consumer
 * that stops early pays for no more than it read.
 */
export function* iterateRecords(header: BatchHeader, records: Uint8Array): Generator<Result<BatchRecord, RecordProblem>, void> {
  const reader = new RecordReader(header, records);
  for (let taken = reader.next(); taken !== undefined; taken = reader.next()) {
    yield typeof taken === 'string' ? failed(taken) : ok(taken);
  }
}

/** Records are told apart from problems by their type, so that taking one costs no other object. */
type Taken<T> = T | RecordProblem;

/** The records of a batch one by one, for those who read many: what all records share is taken out of the header once. */
export class RecordReader {
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
    this.#cursor = { bytes: records, position: 0, end: records.length };
    this.#end = records.length;
    this.#baseOffset = header.baseOffset;
    this.#lastOffsetDelta = header.lastOffsetDelta;
    this.#firstTimestamp = header.firstTimestamp;
    this.#appendTime = header.isLogAppendTime ? header.maxTimestamp : undefined;
    this.#left = header.recordsCount;
  }

  /** Undefined after the last record, and after a problem. */
  next(): Taken<BatchRecord> | undefined {
    if (this.#left <= 0) return this.#ended();
    this.#left--;
    const taken = this.#take();
    if (typeof taken === 'string') this.#stop();
    return taken;
  }

  #ended(): RecordProblem | undefined {
    if (this.#cursor.position >= this.#end) return undefined;
    this.#stop();
    return 'trailing-bytes';
  }

  #stop(): void {
    this.#left = 0;
    this.#cursor.position = this.#end;
  }

  #take(): Taken<BatchRecord> {
    const cursor = this.#cursor;
    cursor.end = this.#end;
    const size = takeSize(cursor);
    if (typeof size === 'string') return size;
    if (size === null) return 'negative-size';
    if (size > cursor.end - cursor.position || size < 1) return 'cut';
    cursor.end = cursor.position + size;
    // The first byte of a record is attributes that mean nothing.
    cursor.position++;
    const record = this.#takeBody(cursor);
    return typeof record !== 'string' && cursor.position < cursor.end ? 'trailing-bytes' : record;
  }

  #takeBody(body: Cursor): Taken<BatchRecord> {
    const timestampDelta = takeVarlong(body);
    const offsetDelta = takeVarint(body);
    if (timestampDelta === undefined || offsetDelta === undefined) return 'cut';
    const key = takeNullable(body);
    if (typeof key === 'string') return key;
    const value = takeNullable(body);
    if (typeof value === 'string') return value;
    const headers = takeHeaders(body);
    if (typeof headers === 'string') return headers;
    const offset = this.#baseOffset + offsetDelta;
    if (offsetDelta <= this.#lastDelta || offsetDelta > this.#lastOffsetDelta || !isOffset(offset)) return 'offset-delta';
    this.#lastDelta = offsetDelta;
    const timestamp = this.#appendTime ?? this.#firstTimestamp + timestampDelta;
    if (!Number.isSafeInteger(timestamp)) return 'timestamp';
    return { offset, timestamp, key, value, headers };
  }
}

function takeSize(cursor: Cursor): Taken<number | null> {
  const size = takeVarint(cursor);
  if (size === undefined) return 'cut';
  if (size === -1) return null;
  return size < 0 ? 'negative-size' : size;
}

function takeNullable(cursor: Cursor): Taken<Uint8Array | null> {
  const size = takeSize(cursor);
  if (typeof size !== 'number') return size;
  if (size > cursor.end - cursor.position) return 'cut';
  const from = cursor.position;
  cursor.position += size;
  return cursor.bytes.subarray(from, cursor.position);
}

const noHeaders: readonly RecordHeader[] = [];

function takeHeaders(cursor: Cursor): Taken<readonly RecordHeader[]> {
  const count = takeSize(cursor);
  if (typeof count === 'string') return count;
  if (count === null) return 'negative-size';
  if (count === 0) return noHeaders;
  const headers: RecordHeader[] = [];
  for (let index = 0; index < count; index++) {
    const name = takeNullable(cursor);
    if (typeof name === 'string') return name;
    if (name === null) return 'negative-size';
    const value = takeNullable(cursor);
    if (typeof value === 'string') return value;
    headers.push({ name, value });
  }
  return headers;
}
