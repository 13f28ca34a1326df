import type { Offset } from '../../model/offset.js';
import { failed, ok, type Result } from '../../model/result.js';
import type { BatchHeader } from './header.js';
import { absent, type RecordProblem, RecordScan } from './scan.js';
import { type Cursor, takeVarint } from './varint.js';

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

/** The records of a batch one by one, each as an object. */
export class RecordReader {
  readonly #scan: RecordScan;
  #isOver = false;

  constructor(header: BatchHeader, records: Uint8Array) {
    this.#scan = new RecordScan(header, records);
  }

  /** Undefined after the last record, and after a problem, which is told once. */
  next(): BatchRecord | RecordProblem | undefined {
    const scan = this.#scan;
    if (this.#isOver) return undefined;
    if (scan.next()) return recordAt(scan);
    this.#isOver = true;
    return scan.problem;
  }
}

/** The record that a scan stands on. */
export function recordAt(scan: RecordScan): BatchRecord {
  const { bytes, timestamp } = scan;
  const key = scan.keyEnd === absent ? null : bytes.subarray(scan.keyFrom, scan.keyEnd);
  const value = scan.valueEnd === absent ? null : bytes.subarray(scan.valueFrom, scan.valueEnd);
  return { offset: scan.offset as Offset, timestamp, key, value, headers: headersAt(scan) };
}

const noHeaders: readonly RecordHeader[] = [];

/** The headers of the record that a scan stands on. */
export function headersAt({ bytes, headersFrom, headersCount }: RecordScan): readonly RecordHeader[] {
  if (headersCount === 0) return noHeaders;
  const cursor: Cursor = { bytes, position: headersFrom, end: bytes.length };
  const headers: RecordHeader[] = [];
  for (let index = 0; index < headersCount; index++) {
    const name = takeNullable(cursor) ?? new Uint8Array(0);
    headers.push({ name, value: takeNullable(cursor) });
  }
  return headers;
}

/** Of a field that the scan has been over: it is whole. */
function takeNullable(cursor: Cursor): Uint8Array | null {
  const size = takeVarint(cursor) ?? absent;
  if (size < 0) return null;
  const from = cursor.position;
  cursor.position += size;
  return cursor.bytes.subarray(from, cursor.position);
}
