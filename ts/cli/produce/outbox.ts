import { BatchWriter, MillraceError, type Producer, partitionOfKey } from '../../sdk/node/index.js';
import { InputError } from './lines.js';

export type OutgoingHeaders = readonly { readonly name: Uint8Array; readonly value: Uint8Array | null }[];

/** How long records may wait for more of them; whoever types wants to see them soon. */
const lingerMs = 5;
/** What a record takes besides its key, value and headers, at most. */
const recordOverhead = 64;

export interface OutboxOptions {
  readonly topic: string;
  readonly partitions: number;
  readonly batchSizeMax: number;
  /** A batch that the producer does not take. */
  readonly onRefused: (error: MillraceError, count: number) => void;
}

/**
 * Gathers records into a batch for each partition, straight from the bytes that were read, and hands full ones to the producer.
 * Records without a key fill one batch after the other, each on the next partition.
 */
export class Outbox {
  readonly #producer: Producer;
  readonly #options: OutboxOptions;
  /** By partition: those that have records. */
  readonly #batches: (BatchWriter | undefined)[];
  /** Where records without a key go at present. */
  #turn: number;
  #now = Date.now();
  #room: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(producer: Producer, options: OutboxOptions) {
    this.#producer = producer;
    this.#options = options;
    this.#batches = Array.from({ length: options.partitions }, () => undefined);
    this.#turn = Math.floor(Math.random() * options.partitions);
  }

  get partitions(): number {
    return this.#batches.length;
  }

  /** A chunk of input is there: records without a time have this one's. */
  chunkCame(): void {
    this.#now = Date.now();
  }

  /** A record whose value is a part of larger bytes. */
  put(
    partition: number | undefined,
    key: Uint8Array | null,
    bytes: Uint8Array,
    from: number,
    end: number,
    headers: OutgoingHeaders,
    timestamp = this.#now,
  ): void {
    this.#batch(partition, key, end - from).appendPart(timestamp, key, bytes, from, end, headers);
  }

  /** A record without value: where a topic is compacted, its key is deleted. */
  putEmpty(partition: number | undefined, key: Uint8Array | null, headers: OutgoingHeaders, timestamp = this.#now): void {
    this.#batch(partition, key, 0).append(timestamp, key, null, headers);
  }

  /** What to await before the next chunk, if the producer has too much. */
  room(): Promise<void> | undefined {
    const room = this.#room;
    this.#room = undefined;
    return room;
  }

  /** Sends what waits for more records. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (let partition = 0; partition < this.#batches.length; partition++) this.#send(partition);
  }

  #batch(asked: number | undefined, key: Uint8Array | null, valueSize: number): BatchWriter {
    const size = valueSize + (key?.length ?? 0) + recordOverhead;
    const partition = asked ?? (key === null ? this.#turn : partitionOfKey(key, this.#batches.length));
    const open = this.#batches[partition];
    if (open !== undefined && open.size + size <= this.#options.batchSizeMax) return open;
    if (open === undefined) return this.#open(partition);
    this.#send(partition);
    return this.#open(asked === undefined && key === null ? this.#turn : partition);
  }

  #open(partition: number): BatchWriter {
    const open = this.#batches[partition];
    if (open !== undefined) this.#send(partition);
    const batch = new BatchWriter();
    this.#batches[partition] = batch;
    this.#timer ??= setTimeout(() => this.flush(), lingerMs);
    return batch;
  }

  #send(partition: number): void {
    const batch = this.#batches[partition];
    if (batch === undefined) return;
    this.#batches[partition] = undefined;
    if (partition === this.#turn) this.#turn = (this.#turn + 1) % this.#batches.length;
    try {
      this.#room = this.#producer.writeBatch(this.#options.topic, partition, batch) ?? this.#room;
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      this.#options.onRefused(error, batch.count);
    }
  }
}

export function checkedIndex(partition: number, partitions: number, line: number): number {
  if (partition < partitions) return partition;
  throw new InputError(`line ${line}: the topic has no partition ${partition}, only ${partitions}`);
}
