import { assert } from '../../model/assert.js';
import type { Offset } from '../../model/offset.js';
import type { Crc32c } from './crc32c.js';
import { noProducerId, noTimestamp } from './header.js';
import type { RecordHeader } from './iterate.js';
import { layout, magic } from './layout.js';
import { type Cursor, putVarint, varintSize } from './varint.js';

export interface NewRecord {
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers?: readonly RecordHeader[];
}

/** What an ordinary producer leaves out. */
export interface BatchOptions {
  readonly baseOffset?: Offset;
  readonly leaderEpoch?: number;
  readonly producerId?: bigint;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  /** Of `attributeBits`. */
  readonly attributes?: number;
}

/** Clients and brokers count a batch's bytes in an int32. */
const batchSizeMax = 2 ** 31 - 1;

/**
 * An uncompressed batch whose size is known before a byte of it exists: claim that much of a ring, then write into the
 * claim. Holds the records until then.
 */
export class BatchPlan {
  readonly size: number;
  readonly #records: readonly NewRecord[];
  readonly #recordSizes: readonly number[];
  readonly #firstTimestamp: number;

  constructor(records: readonly NewRecord[]) {
    assert(records.length > 0, 'a batch of no records');
    assert(records.every(hasTimestamp), 'a timestamp that is neither a count of milliseconds nor -1');
    this.#records = records;
    this.#firstTimestamp = records[0]?.timestamp ?? noTimestamp;
    this.#recordSizes = records.map((record, index) => bodySize(record, index, this.#firstTimestamp));
    this.size = this.#recordSizes.reduce((sum, size) => sum + varintSize(size) + size, layout.headerSize);
    assert(this.size <= batchSizeMax, `a batch of ${this.size} bytes`);
  }

  /** Fills the target, which is exactly as large as the batch. */
  write(target: Uint8Array, crc32c: Crc32c, options: BatchOptions = {}): void {
    assert(target.length === this.size, `a batch of ${this.size} bytes into ${target.length}`);
    this.#writeRecords(target);
    const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
    this.#writeHeader(view, options);
    view.setUint32(layout.crc, crc32c(target.subarray(layout.attributes)));
  }

  #writeHeader(view: DataView, options: BatchOptions): void {
    const count = this.#records.length;
    const maxTimestamp = this.#records.reduce((max, { timestamp }) => Math.max(max, timestamp), noTimestamp);
    view.setBigInt64(layout.baseOffset, BigInt(options.baseOffset ?? 0));
    view.setInt32(layout.length, this.size - layout.prefixSize);
    view.setInt32(layout.leaderEpoch, options.leaderEpoch ?? -1);
    view.setInt8(layout.magic, magic);
    view.setInt16(layout.attributes, options.attributes ?? 0);
    view.setInt32(layout.lastOffsetDelta, count - 1);
    view.setBigInt64(layout.firstTimestamp, BigInt(this.#firstTimestamp));
    view.setBigInt64(layout.maxTimestamp, BigInt(maxTimestamp));
    view.setBigInt64(layout.producerId, options.producerId ?? noProducerId);
    view.setInt16(layout.producerEpoch, options.producerEpoch ?? -1);
    view.setInt32(layout.baseSequence, options.baseSequence ?? -1);
    view.setInt32(layout.recordsCount, count);
  }

  #writeRecords(target: Uint8Array): void {
    const cursor: Cursor = { bytes: target, position: layout.headerSize, end: target.length };
    for (const [index, record] of this.#records.entries()) {
      putVarint(cursor, this.#recordSizes[index] ?? 0);
      putBody(cursor, record, index, this.#firstTimestamp);
    }
    assert(cursor.position === target.length, 'the sizes of records and what was written differ');
  }
}

function hasTimestamp({ timestamp }: NewRecord): boolean {
  return Number.isSafeInteger(timestamp) && timestamp >= noTimestamp;
}

function bodySize({ timestamp, key, value, headers = [] }: NewRecord, index: number, firstTimestamp: number): number {
  const headersSize = headers.reduce((sum, header) => sum + nullableSize(header.name) + nullableSize(header.value), 0);
  const deltasSize = varintSize(timestamp - firstTimestamp) + varintSize(index);
  return 1 + deltasSize + nullableSize(key) + nullableSize(value) + varintSize(headers.length) + headersSize;
}

function nullableSize(bytes: Uint8Array | null): number {
  return bytes === null ? 1 : varintSize(bytes.length) + bytes.length;
}

function putBody(cursor: Cursor, record: NewRecord, index: number, firstTimestamp: number): void {
  const { timestamp, key, value, headers = [] } = record;
  cursor.bytes[cursor.position++] = 0;
  putVarint(cursor, timestamp - firstTimestamp);
  putVarint(cursor, index);
  putNullable(cursor, key);
  putNullable(cursor, value);
  putVarint(cursor, headers.length);
  for (const header of headers) {
    putNullable(cursor, header.name);
    putNullable(cursor, header.value);
  }
}

function putNullable(cursor: Cursor, bytes: Uint8Array | null): void {
  putVarint(cursor, bytes?.length ?? -1);
  if (bytes === null) return;
  cursor.bytes.set(bytes, cursor.position);
  cursor.position += bytes.length;
}
