import { failed, ok, type Result } from '../../model/result.js';
import { BatchPlan, type NewRecord } from '../../wire/records/build.js';
import { crc32c } from '../../wire/records/crc32c.js';
import { partitionOfKey } from '../../wire/records/murmur2.js';
import { type Fields, isCount, isFields, unknownField } from './body.js';

/** A record of a request, and the partition it names. */
export interface PlacedRecord {
  readonly record: NewRecord;
  readonly partition: number | undefined;
}

const fields = ['key', 'value', 'headers', 'timestamp', 'partition', 'encoding'];

/** One element of `records`; an error is a sentence. */
export function recordOf(value: unknown, nowMs: number): Result<PlacedRecord, string> {
  if (!isFields(value)) return failed('a record is an object');
  const unknown = unknownField(value, fields);
  if (unknown !== undefined) return failed(`unknown field ${unknown} of a record: ${fields.join(', ')} are known`);
  const { partition, timestamp = nowMs, encoding = 'text' } = value;
  if (partition !== undefined && !isCount(partition)) return failed('partition is a count');
  if (!isCount(timestamp)) return failed('timestamp is a count of milliseconds since 1970');
  if (encoding !== 'text' && encoding !== 'base64') return failed('encoding is "text" or "base64"');
  const bytes = (each: unknown) => bytesOf(each, encoding);
  const headers = headersOf(value['headers'], bytes);
  if (headers === undefined) return failed('headers is an object of texts');
  return ok({ partition, record: { timestamp, key: bytes(value['key']), value: bytes(value['value']), headers } });
}

/** Whatever is no text is stored as its JSON. */
function bytesOf(value: unknown, encoding: 'text' | 'base64'): Uint8Array | null {
  if (value === undefined || value === null) return null;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return new Uint8Array(Buffer.from(text, encoding === 'base64' && typeof value === 'string' ? 'base64' : 'utf8'));
}

function headersOf(value: unknown, bytes: (each: unknown) => Uint8Array | null): NewRecord['headers'] | undefined {
  if (value === undefined) return [];
  if (!isFields(value)) return undefined;
  return Object.entries(value as Fields).map(([name, each]) => ({ name: new TextEncoder().encode(name), value: bytes(each) }));
}

/** Where each record goes: to the partition it names, that of its key as Kafka's clients choose it, or all of the rest to one. */
export function place(
  records: readonly PlacedRecord[],
  partitions: number,
  rotation: number,
): ReadonlyMap<number, { readonly indexes: number[]; readonly records: NewRecord[] }> {
  const placed = new Map<number, { indexes: number[]; records: NewRecord[] }>();
  for (const [index, { record, partition }] of records.entries()) {
    const { key } = record;
    const target = partition ?? (key === null ? rotation % partitions : partitionOfKey(key, partitions));
    const same = placed.get(target) ?? { indexes: [], records: [] };
    same.indexes.push(index);
    same.records.push(record);
    placed.set(target, same);
  }
  return placed;
}

export function batchOf(records: readonly NewRecord[]): Uint8Array {
  const plan = new BatchPlan(records);
  const batch = new Uint8Array(plan.size);
  plan.write(batch, crc32c);
  return batch;
}
