import { failed, ok, type Result } from '../../model/result.js';
import { decompressRecords } from '../../native/codec.js';
import { BatchHeader } from '../../wire/records/header.js';
import { type BatchRecord, iterateRecords } from '../../wire/records/iterate.js';

/** Bytes that the records of one batch may decompress to. */
const recordsSizeMax = 1 << 30;

/** Text where the bytes are UTF-8, else `{"base64": …}`; null where a record has none. */
export type DumpedBytes = string | { readonly base64: string } | null;

export interface DumpedRecord {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: DumpedBytes;
  readonly value: DumpedBytes;
  readonly headers: readonly { readonly name: DumpedBytes; readonly value: DumpedBytes }[];
}

/** The records of a stored batch, or why they can't be decoded. */
export function dumpRecords(batch: Uint8Array): Result<readonly DumpedRecord[], string> {
  const header = BatchHeader.parse(batch);
  if (!header.ok) return header;
  const records = decompressRecords(batch, recordsSizeMax);
  if (!records.ok) return failed(records.error.message);
  const dumped: DumpedRecord[] = [];
  for (const record of iterateRecords(header.value, records.value)) {
    if (!record.ok) return record;
    dumped.push(dumpRecord(record.value));
  }
  return ok(dumped);
}

function dumpRecord({ offset, timestamp, key, value, headers }: BatchRecord): DumpedRecord {
  const dumpedHeaders = headers.map((header) => ({ name: dumpBytes(header.name), value: dumpBytes(header.value) }));
  return { offset, timestamp, key: dumpBytes(key), value: dumpBytes(value), headers: dumpedHeaders };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function dumpBytes(bytes: Uint8Array | null): DumpedBytes {
  if (bytes === null) return null;
  try {
    return utf8.decode(bytes);
  } catch {
    return { base64: Buffer.from(bytes).toString('base64') };
  }
}
