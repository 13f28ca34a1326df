/** Bytes as far as they are kept; null is no value at all. */
export interface KeptBytes {
  readonly bytes: Uint8Array | null;
  /** Of the whole, which may be more than what is kept. */
  readonly size: number;
}

export interface KeptHeader {
  readonly name: string;
  readonly value: KeptBytes;
}

/** A record as the list keeps it: with bytes of its own, as a view would hold on to the whole batch it lies in. */
export interface RecordRow {
  readonly kind: 'record';
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since 1970; -1 where there is none. */
  readonly timestamp: number;
  readonly key: KeptBytes;
  readonly value: KeptBytes;
  readonly headers: readonly KeptHeader[];
}

/** Something that a reader of the list has to know at this place: records that are gone, a topic created anew. */
export interface EventRow {
  readonly kind: 'event';
  readonly partition: number;
  readonly text: string;
}

export type Row = RecordRow | EventRow;

/** What the SDK hands out, as far as a row needs it. */
export interface SourceRecord {
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly { readonly name: string; readonly value: Uint8Array | null }[];
}

/** Of one key, value or header. */
const keptSizeMax = 256 * 1024;
const headersMax = 100;

export function rowOf(record: SourceRecord): RecordRow {
  const { partition, offset, timestamp, key, value, headers } = record;
  const kept = headers.slice(0, headersMax).map((header) => ({ name: header.name, value: keep(header.value) }));
  return { kind: 'record', partition, offset, timestamp, key: keep(key), value: keep(value), headers: kept };
}

/** As far as it is kept. */
export function sourceOf({ partition, offset, timestamp, key, value, headers }: RecordRow): SourceRecord {
  const kept = headers.map((header) => ({ name: header.name, value: header.value.bytes }));
  return { partition, offset, timestamp, key: key.bytes, value: value.bytes, headers: kept };
}

function keep(bytes: Uint8Array | null): KeptBytes {
  if (bytes === null) return { bytes: null, size: 0 };
  return { bytes: bytes.slice(0, keptSizeMax), size: bytes.length };
}

/** What a row costs, about: its bytes, and what an object with its fields takes. */
export function sizeOf(row: Row): number {
  if (row.kind === 'event') return 200;
  const headers = row.headers.reduce((sum, { name, value }) => sum + name.length * 2 + lengthOf(value) + 100, 0);
  return 300 + lengthOf(row.key) + lengthOf(row.value) + headers;
}

const lengthOf = ({ bytes }: KeptBytes) => bytes?.length ?? 0;
