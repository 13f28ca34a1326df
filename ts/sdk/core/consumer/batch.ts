import { BatchHeader, hasRightCrc, recordsOf } from '../../../wire/records/header.js';
import { type BatchRecord, type RecordHeader, RecordReader } from '../../../wire/records/iterate.js';
import type { Context } from '../context.js';
import { CorruptDataError } from '../errors.js';
import type { ConsumerSettings } from './options.js';

export interface ConsumedHeader {
  readonly name: string;
  readonly value: Uint8Array | null;
}

export interface ConsumedRecord<Key = Uint8Array | null, Value = Uint8Array | null> {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since 1970; -1 where there is none. */
  readonly timestamp: number;
  readonly key: Key;
  readonly value: Value;
  readonly headers: readonly ConsumedHeader[];
}

/** Records of one stored batch, those before the wanted offset left out. */
export interface ConsumedBatch<Key = Uint8Array | null, Value = Uint8Array | null> {
  readonly topic: string;
  readonly partition: number;
  /** Where this partition goes on. */
  readonly nextOffset: number;
  readonly leaderEpoch: number;
  /** Of the partition, when this batch was pushed. */
  readonly highWatermark: number;
  readonly records: readonly ConsumedRecord<Key, Value>[];
}

/** Where a batch was found, for the texts of errors. */
interface Place {
  readonly topic: string;
  readonly partition: number;
}

const nameDecoder = new TextDecoder();
const noHeaders: readonly ConsumedHeader[] = [];

/** The next whole batch of pushed bytes. */
export function headerIn(bytes: Uint8Array, place: Place): BatchHeader {
  const parsed = BatchHeader.parse(bytes);
  if (!parsed.ok) throw corrupt(place, undefined, parsed.error);
  if (parsed.value.size > bytes.length) throw corrupt(place, parsed.value.baseOffset, 'it is cut');
  return parsed.value;
}

export function checkCrc(batch: Uint8Array, header: BatchHeader, place: Place, context: Context): void {
  if (!hasRightCrc(batch, header, context.crc32c)) throw corrupt(place, header.baseOffset, 'its checksum is wrong');
}

/** Compressed records need a moment; others are there at once. */
export function plainRecords(
  batch: Uint8Array,
  header: BatchHeader,
  place: Place,
  context: Context,
): Uint8Array | Promise<Uint8Array> {
  const { compression } = header;
  if (compression === 'none') return recordsOf(batch, header);
  if (compression === undefined) throw corrupt(place, header.baseOffset, 'its compression is unknown');
  return context.codecs.decompress(compression, recordsOf(batch, header));
}

/** Those from `from` on and below `limit`. */
export function recordsWithin(header: BatchHeader, plain: Uint8Array, from: number, limit: number, place: Place): BatchRecord[] {
  const records: BatchRecord[] = [];
  const reader = new RecordReader(header, plain);
  for (let taken = reader.next(); taken !== undefined; taken = reader.next()) {
    if (typeof taken === 'string') throw corrupt(place, header.baseOffset, taken);
    if (taken.offset >= from && taken.offset < limit) records.push(taken);
  }
  return records;
}

/** As the application sees it. Throws what a deserializer throws. */
export function consumedRecord(record: BatchRecord, { topic, partition }: Place, { key, value }: ConsumerSettings) {
  const { offset, timestamp } = record;
  const headers = headersOf(record);
  return { topic, partition, offset, timestamp, key: key(record.key, topic), value: value(record.value, topic), headers };
}

function headersOf({ headers }: BatchRecord): readonly ConsumedHeader[] {
  if (headers.length === 0) return noHeaders;
  return headers.map(({ name, value }: RecordHeader) => ({ name: nameDecoder.decode(name), value }));
}

function corrupt({ topic, partition }: Place, offset: number | undefined, why: string): CorruptDataError {
  const at = offset === undefined ? '' : ` at offset ${offset}`;
  return new CorruptDataError(
    'corrupt-data',
    `a batch of ${topic}-${partition}${at} cannot be read: ${why}`,
    false,
    'seek past it',
  );
}
