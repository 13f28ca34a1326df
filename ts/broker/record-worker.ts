import type { DecodedRecords, RecordViews } from '../gateway/http/ports.js';
import { decodeRecords } from '../gateway/http/record-views.js';
import type { Offset } from '../model/offset.js';
import type { Failure } from '../model/ports.js';
import { failed, type Result } from '../model/result.js';
import { decompressRecords } from '../native/codec.js';

export interface DecodeTask {
  readonly batches: Uint8Array;
  readonly from: Offset;
  readonly limits: Parameters<RecordViews['decode']>[2];
}

/** What a thread of the pool runs. */
export function decode({ batches, from, limits }: DecodeTask): Result<DecodedRecords, Failure> {
  return decodeRecords(batches, from, limits, (batch, sizeMax) => {
    const records = decompressRecords(batch, sizeMax);
    return records.ok ? records : failed<Failure>({ error: 'corrupt-log', message: records.error.message });
  });
}
