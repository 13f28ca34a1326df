import type { Failure } from '../model/errors.js';
import type { LogRecord } from '../model/group-ports.js';
import { failed, ok, type Result } from '../model/result.js';
import { BatchHeader, recordsOf } from '../wire/records/header.js';
import { iterateRecords } from '../wire/records/iterate.js';

/** The records of whole batches from an offset on, as views on them. */
export function recordsFrom(bytes: Uint8Array, from: number): Result<readonly LogRecord[], Failure> {
  const records: LogRecord[] = [];
  for (let at = 0; at < bytes.length; ) {
    const batch = bytes.subarray(at);
    const parsed = BatchHeader.parse(batch);
    if (!parsed.ok) return unreadable(parsed.error);
    const header = parsed.value;
    at += header.size;
    // Nobody writes others there; a marker of a transaction says nothing to groups.
    if (header.isControl) continue;
    if (header.compression !== 'none') return unreadable(`a batch compressed by ${header.compression ?? 'nobody knows what'}`);
    for (const read of iterateRecords(header, recordsOf(batch, header))) {
      if (!read.ok) return unreadable(read.error);
      const { offset, timestamp, key, value } = read.value;
      if (offset >= from && key !== null) records.push({ key, value: value ?? undefined, timestampMs: timestamp });
    }
  }
  return ok(records);
}

function unreadable(problem: string): Result<never, Failure> {
  return failed({ error: 'corrupt-log', message: `what is stored in the internal topic cannot be read: ${problem}` });
}
