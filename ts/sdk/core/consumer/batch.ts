import { BatchHeader, hasRightCrc, recordsOf } from '../../../wire/records/header.js';
import { type BatchRecord, type RecordHeader, RecordReader } from '../../../wire/records/iterate.js';
import { RecordScan } from '../../../wire/records/scan.js';
import type { Context } from '../context.js';
import { CorruptDataError } from '../errors.js';
import type { ConsumerSettings } from './options.js';

/** How records are made of bytes. */
type Deserializers = Pick<ConsumerSettings, 'key' | 'value'>;

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

/** One stored batch. */
export interface ConsumedBatch<Key = Uint8Array | null, Value = Uint8Array | null> {
  readonly topic: string;
  readonly partition: number;
  /** Where this partition goes on. */
  readonly nextOffset: number;
  readonly leaderEpoch: number;
  /** Of the partition, when this batch was pushed. */
  readonly highWatermark: number;
  /** Those that were wanted, made as they are asked for: a loop over them keeps none, and may be repeated. */
  readonly records: Iterable<ConsumedRecord<Key, Value>>;
}

/** One batch as it was stored, its records where they lie: no object is made of any. */
export class StoredBatch {
  readonly topic: string;
  readonly partition: number;
  /** Where this partition goes on. */
  readonly nextOffset: number;
  /** Of the partition, when this batch was pushed. */
  readonly highWatermark: number;
  readonly #scan: () => RecordScan | undefined;

  /** Use `storedBatches` of a consumer. */
  constructor({ topic, partition }: Place, records: StoredRecords, nextOffset: number, highWatermark: number) {
    this.topic = topic;
    this.partition = partition;
    this.nextOffset = nextOffset;
    this.highWatermark = highWatermark;
    this.#scan = records.scan();
  }

  /** The next record; undefined behind the last one. It is the same scan each time, one record further. */
  next(): RecordScan | undefined {
    return this.#scan();
  }
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

/** The records of a stored batch from an offset on and below another one, decompressed. */
export class StoredRecords {
  readonly #header: BatchHeader;
  readonly #plain: Uint8Array;
  readonly #from: number;
  readonly #limit: number;
  readonly #place: Place;

  constructor(header: BatchHeader, plain: Uint8Array, from: number, limit: number, place: Place) {
    this.#header = header;
    this.#plain = plain;
    this.#from = from;
    this.#limit = limit;
    this.#place = place;
  }

  get isEmpty(): boolean {
    return this.reader()() === undefined;
  }

  startingAt(offset: number): StoredRecords {
    return new StoredRecords(this.#header, this.#plain, offset, this.#limit, this.#place);
  }

  /** Gives one record a call, undefined behind the last. */
  reader(): () => BatchRecord | undefined {
    const reader = new RecordReader(this.#header, this.#plain);
    return () => {
      for (let taken = reader.next(); taken !== undefined; taken = reader.next()) {
        if (typeof taken === 'string') throw corrupt(this.#place, this.#header.baseOffset, taken);
        if (taken.offset >= this.#limit) return undefined;
        if (taken.offset >= this.#from) return taken;
      }
      return undefined;
    };
  }

  /** Goes one record further a call, without an object of any; undefined behind the last. */
  scan(): () => RecordScan | undefined {
    const scan = new RecordScan(this.#header, this.#plain);
    return () => {
      while (scan.next()) {
        if (scan.offset >= this.#limit) return undefined;
        if (scan.offset >= this.#from) return scan;
      }
      if (scan.problem !== undefined) throw corrupt(this.#place, this.#header.baseOffset, scan.problem);
      return undefined;
    };
  }

  /** As the application sees them. */
  consumed(settings: Deserializers): Iterable<ConsumedRecord<unknown, unknown>> {
    return { [Symbol.iterator]: () => this.#iterator(settings) };
  }

  #iterator(settings: Deserializers): Iterator<ConsumedRecord<unknown, unknown>, undefined> {
    const read = this.reader();
    return {
      next: () => {
        const record = read();
        if (record === undefined) return { done: true, value: undefined };
        return { done: false, value: consumedRecord(record, this.#place, settings) };
      },
    };
  }
}

/** As the application sees it. Throws what a deserializer throws. */
export function consumedRecord(
  record: BatchRecord,
  { topic, partition }: Place,
  { key, value }: Deserializers,
): ConsumedRecord<unknown, unknown> {
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
