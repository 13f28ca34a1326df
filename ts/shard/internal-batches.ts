import type { Failure } from '../model/errors.js';
import type { LogRecord } from '../model/group-ports.js';
import { type Offset, offset } from '../model/offset.js';
import { ok, type Result } from '../model/result.js';
import { crc32c } from '../native/codec.js';
import { BatchPlan } from '../wire/records/build.js';

type Done = (result: Result<Offset, Failure>) => void;

/** Appends that share a batch share its header, and what the log does once for each. */
const batchSizeMax = 256 << 10;

/** Records that become one batch, and who waits for which of them. */
export class OpenBatch {
  readonly #records: LogRecord[] = [];
  readonly #waiting: { readonly index: number; readonly done: Done }[] = [];
  #size = 0;

  /** The first takes what it gets: one record may be larger than many others together. */
  hasRoom(records: readonly LogRecord[]): boolean {
    return this.#records.length === 0 || this.#size + sizeOf(records) <= batchSizeMax;
  }

  add(records: readonly LogRecord[], done: Done): void {
    this.#waiting.push({ index: this.#records.length, done });
    for (const record of records) this.#records.push(record);
    this.#size += sizeOf(records);
  }

  encode(): Uint8Array {
    const plan = new BatchPlan(
      this.#records.map(({ key, value = null, timestampMs }) => ({ timestamp: timestampMs, key, value })),
    );
    const bytes = new Uint8Array(plan.size);
    plan.write(bytes, crc32c);
    return bytes;
  }

  stored(base: number): void {
    for (const { index, done } of this.#waiting) done(ok(offset(base + index)));
  }

  refused(failure: { readonly ok: false; readonly error: Failure }): void {
    for (const { done } of this.#waiting) done(failure);
  }
}

function sizeOf(records: readonly LogRecord[]): number {
  return records.reduce((size, { key, value }) => size + key.length + (value?.length ?? 0), 0);
}
