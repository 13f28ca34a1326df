import type { AckedDurability } from '../../../wire/proto/enums.js';
import type { RecordHeader } from '../../../wire/records/iterate.js';
import { invalidArgument } from '../errors.js';
import { type Bytes, plain } from '../serde.js';

export interface OutgoingRecord<Key = Bytes, Value = Bytes> {
  readonly topic: string;
  readonly key?: Key;
  readonly value?: Value;
  readonly headers?: Readonly<Record<string, Bytes>> | readonly (readonly [string, Bytes])[];
  /** Milliseconds since 1970, or a Date; now, where it is absent. */
  readonly timestamp?: number | Date;
  readonly partition?: number;
}

/** What became of a record. */
export interface Delivery {
  readonly topic: string;
  readonly partition: number;
  /** Undefined where the server does not say: with acks `none`, or for a duplicate that is too old to be found. */
  readonly offset: number | undefined;
  /** Of the record; the server's, where its topic stamps on append. */
  readonly timestamp: number;
  /** What the acknowledgement promises. */
  readonly durability: AckedDurability;
  /** An earlier attempt had stored it. */
  readonly isDuplicate: boolean;
}

const noHeaders: readonly RecordHeader[] = [];
const encoder = new TextEncoder();

export function headersOf(headers: OutgoingRecord['headers']): readonly RecordHeader[] {
  if (headers === undefined) return noHeaders;
  const rows = Array.isArray(headers) ? (headers as readonly (readonly [string, Bytes])[]) : Object.entries(headers);
  return rows.map(([name, value]) => ({ name: encoder.encode(name), value: plain(value, '') }));
}

export function timestampOf(timestamp: number | Date | undefined, now: number): number {
  const value = timestamp === undefined ? now : Number(timestamp);
  const whole = Math.floor(value);
  if (Number.isSafeInteger(whole) && whole >= 0) return whole;
  throw invalidArgument(`${String(timestamp)} is no timestamp: milliseconds since 1970`);
}
