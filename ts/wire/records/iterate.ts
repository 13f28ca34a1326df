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
  const { recordsCount } = header;
  const cursor: Cursor = { bytes: records, position: 0, end: records.length };
  let lastDelta = -1;
  for (let index = 0; index < recordsCount; index++) {
    const taken = takeRecord(cursor, header, lastDelta);
    yield taken;
    if (!taken.ok) return;
    lastDelta = taken.value.offset - header.baseOffset;
  }
  if (cursor.position < records.length) yield failed('trailing-bytes');
}

/** Sizes are told apart from problems by their type, so that taking a field costs no object. */
type Taken<T> = T | RecordProblem;

function takeRecord(cursor: Cursor, header: BatchHeader, lastDelta: number): Result<BatchRecord, RecordProblem> {
  const size = takeSize(cursor);
  if (typeof size === 'string') return failed(size);
  if (size === null) return failed('negative-size');
  if (size > cursor.end - cursor.position || size < 1) return failed('cut');
  // The first byte of a record is attributes that mean nothing.
  const body: Cursor = { bytes: cursor.bytes, position: cursor.position + 1, end: cursor.position + size };
  const record = takeBody(body, header, lastDelta);
  if (typeof record === 'string') return failed(record);
  if (body.position < body.end) return failed('trailing-bytes');
  cursor.position = body.end;
  return ok(record);
}

function takeBody(body: Cursor, header: BatchHeader, lastDelta: number): Taken<BatchRecord> {
  const timestampDelta = takeVarlong(body);
  const offsetDelta = takeVarint(body);
  if (timestampDelta === undefined || offsetDelta === undefined) return 'cut';
  const key = takeNullable(body);
  if (typeof key === 'string') return key;
  const value = takeNullable(body);
  if (typeof value === 'string') return value;
  const headers = takeHeaders(body);
  if (typeof headers === 'string') return headers;
  const offset = header.baseOffset + offsetDelta;
  if (offsetDelta <= lastDelta || offsetDelta > header.lastOffsetDelta || !isOffset(offset)) return 'offset-delta';
  const timestamp = header.isLogAppendTime ? header.maxTimestamp : header.firstTimestamp + timestampDelta;
  if (!Number.isSafeInteger(timestamp)) return 'timestamp';
  return { offset, timestamp, key, value, headers };
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
