import type { Offset } from '../../model/offset.js';
import type { Failure } from '../../model/ports.js';
import { failed, ok, type Result } from '../../model/result.js';
import { BatchHeader, recordsOf } from '../../wire/records/header.js';
import { type BatchRecord, iterateRecords } from '../../wire/records/iterate.js';
import { layout } from '../../wire/records/layout.js';
import type { BytesView, DecodedRecords, RecordView, ViewLimits } from './ports.js';

/** The records of a whole batch, uncompressed, at most so many bytes of them. */
export type Decompress = (batch: Uint8Array, sizeMax: number) => Result<Uint8Array, Failure>;

/** What a pool's worker runs: whole batches to records as JSON shows them. Control batches are passed over. */
export function decodeRecords(
  batches: Uint8Array,
  from: Offset,
  limits: ViewLimits,
  decompress: Decompress,
): Result<DecodedRecords, Failure> {
  const views: RecordView[] = [];
  let next = from;
  let size = 0;
  for (let at = 0; at + layout.headerSize <= batches.length; ) {
    const parsed = BatchHeader.parse(batches.subarray(at));
    if (!parsed.ok || at + parsed.value.size > batches.length) return failed({ error: 'corrupt-log' });
    const header = parsed.value;
    const batch = batches.subarray(at, at + header.size);
    at += header.size;
    if (header.lastOffset < from) continue;
    const records = header.isControl ? ok(new Uint8Array(0)) : uncompressed(batch, header, limits.sizeMax, decompress);
    if (!records.ok) return records;
    for (const taken of header.isControl ? [] : iterateRecords(header, records.value)) {
      if (!taken.ok) return failed({ error: 'corrupt-log', message: `the batch at offset ${header.baseOffset} cannot be read` });
      if (taken.value.offset < from) continue;
      size += sizeOf(taken.value);
      if (views.length >= limits.countMax || (size > limits.sizeMax && views.length > 0)) return ok({ records: views, next });
      views.push(viewOf(taken.value));
      next = (taken.value.offset + 1) as Offset;
    }
    next = (header.lastOffset + 1) as Offset;
  }
  return ok({ records: views, next });
}

function uncompressed(
  batch: Uint8Array,
  header: BatchHeader,
  sizeMax: number,
  decompress: Decompress,
): Result<Uint8Array, Failure> {
  return header.compression === 'none' ? ok(recordsOf(batch, header)) : decompress(batch, sizeMax);
}

function sizeOf({ key, value, headers }: BatchRecord): number {
  const headersSize = headers.reduce((sum, header) => sum + header.name.length + (header.value?.length ?? 0), 0);
  return (key?.length ?? 0) + (value?.length ?? 0) + headersSize;
}

function viewOf({ offset, timestamp, key, value, headers }: BatchRecord): RecordView {
  const named = headers.map((header) => ({ name: bytesView(header.name).text ?? '', value: bytesView(header.value) }));
  return { offset, timestamp, key: bytesView(key), value: bytesView(value), headers: named };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function bytesView(bytes: Uint8Array | null): BytesView {
  if (bytes === null) return { text: null };
  try {
    return { text: utf8.decode(bytes) };
  } catch {
    return { text: Buffer.from(bytes).toString('base64'), encoding: 'base64' };
  }
}
