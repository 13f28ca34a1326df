import { topicIdOf } from '../../../model/ids.js';
import type { BatchHeader } from '../../../wire/records/header.js';
import type { Context } from '../context.js';
import { checkCrc, headerIn, plainRecords, StoredRecords } from './batch.js';
import type { InboxItem } from './inbox.js';
import type { PartitionReader } from './partition-reader.js';
import type { Position } from './positions.js';

/** One stored batch, of which at least one record was asked for. */
export interface TakenBatch {
  readonly partition: PartitionReader;
  /** Of the partition when the batch was taken: a seek since then makes it stale. */
  readonly generation: number;
  readonly records: StoredRecords;
  /** Where the partition is when all of them are read. */
  readonly end: Position;
  readonly highWatermark: number;
}

/** A push of which some batches were read. */
export class Frame {
  readonly #item: Extract<InboxItem, { readonly kind: 'push' }>;
  readonly #context: Context;
  #rest: Uint8Array;

  constructor(item: Extract<InboxItem, { readonly kind: 'push' }>, context: Context) {
    this.#item = item;
    this.#context = context;
    this.#rest = item.push.batches;
  }

  /** Nothing of it is left to read, or wanted. */
  get isOver(): boolean {
    return this.#rest.length === 0 || this.#isStale;
  }

  /** The server may push as much again. */
  release(): void {
    this.#item.owner.consumed(this.#item.push.batches.length);
  }

  /** The next batch; undefined: nothing of it was wanted. A batch that cannot be read is passed by the next call. */
  async next(): Promise<TakenBatch | undefined> {
    const { partition, push, generation, limit } = this.#item;
    const header = this.#nextHeader();
    const bytes = this.#rest.subarray(0, header.size);
    this.#rest = this.#rest.subarray(header.size);
    const topicId = topicIdOf(push.topicId);
    const { delivered } = partition;
    const from = delivered !== undefined && delivered.topicId === topicId ? delivered.offset : 0;
    if (topicId === undefined || header.lastOffset < from || header.baseOffset >= limit) return undefined;
    checkCrc(bytes, header, partition, this.#context);
    const end: Position = { topicId, offset: Math.min(header.lastOffset + 1, limit), leaderEpoch: header.leaderEpoch };
    const records = header.isControl ? undefined : await this.#records(bytes, header, from);
    // A seek may have come while it was decompressed.
    if (this.#isStale) return undefined;
    if (records?.isEmpty === false) return { partition, generation, records, end, highWatermark: push.highWatermark };
    partition.delivered = end;
    return undefined;
  }

  get #isStale(): boolean {
    return this.#item.partition.generation !== this.#item.generation;
  }

  #nextHeader(): BatchHeader {
    try {
      return headerIn(this.#rest, this.#item.partition);
    } catch (error) {
      // Nobody knows where the next one begins.
      this.#rest = this.#rest.subarray(this.#rest.length);
      throw error;
    }
  }

  async #records(bytes: Uint8Array, header: BatchHeader, from: number): Promise<StoredRecords> {
    const { partition, limit } = this.#item;
    const plain = await plainRecords(bytes, header, partition, this.#context);
    return new StoredRecords(header, plain, from, limit, partition);
  }
}
