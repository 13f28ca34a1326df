import { BatchWriter } from '../../../wire/records/batch-writer.js';
import type { RecordHeader } from '../../../wire/records/iterate.js';
import type { MillraceError } from '../errors.js';
import type { SentBatch } from './partition-sender.js';
import type { Delivery } from './record.js';

/** Who waits for one record of a batch. */
interface Waiter {
  readonly index: number;
  readonly timestamp: number;
  resolve(delivery: Delivery): void;
  reject(error: Error): void;
}

/** What an acknowledgement says of all records of a batch. */
export interface BatchDelivery extends Omit<Delivery, 'offset' | 'timestamp'> {
  readonly baseOffset: number | undefined;
  readonly count: number;
  readonly appendTimeMs: number | undefined;
}

/**
 * A batch from its first record to its acknowledgement: records are written into it while it is open; closed, its bytes wait to be
 * compressed and sent, perhaps more than once.
 */
export class OpenBatch implements SentBatch {
  readonly writer: BatchWriter;
  readonly openedAt: number;
  readonly deadline: number;
  /** Whole, stamped anew for each identity; undefined until it is closed and, where asked for, compressed. */
  bytes: Uint8Array | undefined;
  /** What of the producer's buffer it takes. */
  reserved = 0;
  #waiters: Waiter[] = [];

  constructor(openedAt: number, deadline: number, writer = new BatchWriter()) {
    this.writer = writer;
    this.openedAt = openedAt;
    this.deadline = deadline;
  }

  get count(): number {
    return this.writer.count;
  }

  append(timestamp: number, key: Uint8Array | null, value: Uint8Array | null, headers: readonly RecordHeader[]): void {
    this.writer.append(timestamp, key, value, headers);
  }

  /** Of the record that was appended last. */
  delivered(timestamp: number): Promise<Delivery> {
    return new Promise((resolve, reject) => this.#waiters.push({ index: this.count - 1, timestamp, resolve, reject }));
  }

  /** Whether nobody waits for some of its records. */
  get hasUnwatched(): boolean {
    return this.#waiters.length < this.count;
  }

  settle(delivery: BatchDelivery): void {
    const { topic, partition, durability, isDuplicate, baseOffset, appendTimeMs } = delivery;
    for (const { index, timestamp, resolve } of this.#waiters) {
      const offset = baseOffset === undefined ? undefined : baseOffset + index;
      resolve({ topic, partition, offset, timestamp: appendTimeMs ?? timestamp, durability, isDuplicate });
    }
    this.#waiters = [];
  }

  fail(error: MillraceError): void {
    for (const { reject } of this.#waiters) reject(error);
    this.#waiters = [];
  }
}
