import { assert } from '../../model/assert.js';
import type { Crc32c } from './crc32c.js';
import { attributeBits, type CompressionName, noTimestamp } from './header.js';
import type { RecordHeader } from './iterate.js';
import { layout, magic } from './layout.js';
import { type Cursor, putVarint, varintSize } from './varint.js';

/** Who wrote a batch: what a broker tells duplicates by. */
export interface Sequenced {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

const compressionIds: Readonly<Record<CompressionName, number>> = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 };
const noHeaders: readonly RecordHeader[] = [];
const startSize = 4096;

/**
 * A batch that grows record by record, in memory of its own: nothing is kept of a record but its bytes. Unlike BatchPlan, its size
 * is known only in the end.
 */
export class BatchWriter {
  #cursor: Cursor;
  #count = 0;
  #firstTimestamp = noTimestamp;
  #maxTimestamp = noTimestamp;

  constructor() {
    this.#cursor = { bytes: new Uint8Array(startSize), position: layout.headerSize, end: startSize };
  }

  get count(): number {
    return this.#count;
  }

  /** In bytes, uncompressed. */
  get size(): number {
    return this.#cursor.position;
  }

  get maxTimestamp(): number {
    return this.#maxTimestamp;
  }

  append(
    timestamp: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly RecordHeader[] = noHeaders,
  ): void {
    const cursor = this.#begin(timestamp, key, value === null ? -1 : value.length, headers);
    putNullable(cursor, key);
    putNullable(cursor, value);
    this.#end(cursor, headers);
  }

  /** As `append`, with a part of larger bytes as value: no object is made for the record. */
  appendPart(
    timestamp: number,
    key: Uint8Array | null,
    source: Uint8Array,
    from: number,
    end: number,
    headers: readonly RecordHeader[] = noHeaders,
  ): void {
    const cursor = this.#begin(timestamp, key, end - from, headers);
    putNullable(cursor, key);
    putVarint(cursor, end - from);
    copyPart(cursor, source, from, end);
    this.#end(cursor, headers);
  }

  /** Up to where the key comes. */
  #begin(timestamp: number, key: Uint8Array | null, valueSize: number, headers: readonly RecordHeader[]): Cursor {
    assert(Number.isSafeInteger(timestamp) && timestamp >= noTimestamp, 'a timestamp that is neither milliseconds nor -1');
    if (this.#count === 0) this.#firstTimestamp = timestamp;
    if (timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp;
    const delta = timestamp - this.#firstTimestamp;
    const size = recordSize(delta, this.#count, key, valueSize, headers);
    this.#reserve(size + 5);
    const cursor = this.#cursor;
    putVarint(cursor, size);
    cursor.bytes[cursor.position++] = 0;
    putVarint(cursor, delta);
    putVarint(cursor, this.#count);
    return cursor;
  }

  #end(cursor: Cursor, headers: readonly RecordHeader[]): void {
    putVarint(cursor, headers.length);
    for (const header of headers) {
      putNullable(cursor, header.name);
      putNullable(cursor, header.value);
    }
    this.#count++;
  }

  #reserve(size: number): void {
    const { bytes, position } = this.#cursor;
    if (position + size <= bytes.length) return;
    const grown = new Uint8Array(Math.max(bytes.length * 2, position + size));
    grown.set(bytes.subarray(0, position));
    this.#cursor = { bytes: grown, position, end: grown.length };
  }

  /** The records alone, as compression takes them. */
  records(): Uint8Array {
    return this.#cursor.bytes.subarray(layout.headerSize, this.#cursor.position);
  }

  /** The whole batch but for its CRC, which `stampBatch` puts. Without compressed records it is this writer's own memory. */
  finish(compression: CompressionName = 'none', compressed?: Uint8Array): Uint8Array {
    assert(this.#count > 0, 'a batch of no records');
    const batch = compressed === undefined ? this.#cursor.bytes.subarray(0, this.size) : around(compressed);
    const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
    view.setBigInt64(layout.baseOffset, 0n);
    view.setInt32(layout.length, batch.length - layout.prefixSize);
    view.setInt32(layout.leaderEpoch, -1);
    view.setInt8(layout.magic, magic);
    view.setInt16(layout.attributes, compressionIds[compression]);
    view.setInt32(layout.lastOffsetDelta, this.#count - 1);
    view.setBigInt64(layout.firstTimestamp, BigInt(this.#firstTimestamp));
    view.setBigInt64(layout.maxTimestamp, BigInt(this.#maxTimestamp));
    view.setInt32(layout.recordsCount, this.#count);
    return batch;
  }
}

/** Puts who wrote it, or that nobody says so, and then the CRC. The attributes must not be those of a control batch. */
export function stampBatch(batch: Uint8Array, crc32c: Crc32c, sequenced?: Sequenced): void {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  assert((view.getInt16(layout.attributes) & attributeBits.control) === 0, 'a control batch of a producer');
  view.setBigInt64(layout.producerId, BigInt(sequenced?.producerId ?? -1));
  view.setInt16(layout.producerEpoch, sequenced?.producerEpoch ?? -1);
  view.setInt32(layout.baseSequence, sequenced?.baseSequence ?? -1);
  view.setUint32(layout.crc, crc32c(batch.subarray(layout.attributes)));
}

/** An upper bound of what a record adds to a batch. */
export function recordSizeMax(
  key: Uint8Array | null,
  value: Uint8Array | null,
  headers: readonly RecordHeader[] = noHeaders,
): number {
  let size = 32 + (key?.length ?? 0) + (value?.length ?? 0);
  for (const header of headers) size += 10 + header.name.length + (header.value?.length ?? 0);
  return size;
}

function recordSize(
  timestampDelta: number,
  offsetDelta: number,
  key: Uint8Array | null,
  valueSize: number,
  headers: readonly RecordHeader[],
): number {
  let size = 1 + varintSize(timestampDelta) + varintSize(offsetDelta) + nullableSize(key);
  size += varintSize(valueSize) + Math.max(0, valueSize);
  size += varintSize(headers.length);
  for (const header of headers) size += nullableSize(header.name) + nullableSize(header.value);
  return size;
}

function nullableSize(bytes: Uint8Array | null): number {
  return bytes === null ? 1 : varintSize(bytes.length) + bytes.length;
}

function around(compressed: Uint8Array): Uint8Array {
  const batch = new Uint8Array(layout.headerSize + compressed.length);
  batch.set(compressed, layout.headerSize);
  return batch;
}

/** Below this, a loop beats the call that copies, and the view that a part takes. */
const copySizeMin = 24;
const partSizeMin = 96;

function putNullable(cursor: Cursor, source: Uint8Array | null): void {
  if (source === null) {
    cursor.bytes[cursor.position++] = 1;
    return;
  }
  putVarint(cursor, source.length);
  if (source.length >= copySizeMin) {
    cursor.bytes.set(source, cursor.position);
    cursor.position += source.length;
  } else copyPart(cursor, source, 0, source.length);
}

function copyPart(cursor: Cursor, source: Uint8Array, from: number, end: number): void {
  const { bytes, position } = cursor;
  const size = end - from;
  if (size >= partSizeMin) bytes.set(source.subarray(from, end), position);
  else for (let index = 0; index < size; index++) bytes[position + index] = source[from + index] as number;
  cursor.position += size;
}
