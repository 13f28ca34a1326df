import type { ErrorName } from '../../ts/model/errors.js';
import { type TopicId, topicIdOf } from '../../ts/model/ids.js';
import { crc32c } from '../../ts/wire/records/crc32c.js';
import { BatchHeader, hasRightCrc } from '../../ts/wire/records/header.js';
import { layout } from '../../ts/wire/records/layout.js';

export interface StoredBatch {
  readonly base: number;
  readonly next: number;
  readonly leaderEpoch: number;
  readonly maxTimestamp: number;
  readonly bytes: Uint8Array;
}

interface Remembered {
  readonly sequence: number;
  readonly count: number;
  readonly base: number;
}

export interface AppendOutcome {
  readonly error?: ErrorName;
  readonly base: number;
  readonly isDuplicate: boolean;
}

/** One partition as a broker keeps it, in memory: the rules that a client sees, and nothing else. */
export class ModelPartition {
  batches: StoredBatch[] = [];
  logStart = 0;
  leaderEpoch = 1;
  readonly #producers = new Map<string, Remembered[]>();

  get end(): number {
    return this.batches.at(-1)?.next ?? this.logStart;
  }

  append(batch: Uint8Array): AppendOutcome {
    const parsed = BatchHeader.parse(batch);
    const none = { base: 0, isDuplicate: false };
    if (!parsed.ok || !hasRightCrc(batch, parsed.value, crc32c) || parsed.value.size !== batch.length) {
      return { error: 'corrupt-batch', ...none };
    }
    const header = parsed.value;
    const count = header.lastOffsetDelta + 1;
    if (header.hasProducer) {
      const verdict = this.#judge(header, count);
      if (verdict === 'gap') return { error: 'out-of-order-sequence', ...none };
      if (verdict !== undefined) return { base: verdict.base, isDuplicate: true };
    }
    const base = this.end;
    const bytes = Uint8Array.from(batch);
    const view = new DataView(bytes.buffer);
    view.setBigInt64(layout.baseOffset, BigInt(base));
    view.setInt32(layout.leaderEpoch, this.leaderEpoch);
    this.batches.push({ base, next: base + count, leaderEpoch: this.leaderEpoch, maxTimestamp: header.maxTimestamp, bytes });
    if (header.hasProducer) this.#remember(header, { sequence: header.baseSequence, count, base });
    return { base, isDuplicate: false };
  }

  /** Retention took what lies below. */
  trim(offset: number): void {
    this.logStart = offset;
    this.batches = this.batches.filter(({ next }) => next > offset);
  }

  /** A new leader had less. */
  truncate(offset: number): void {
    this.batches = this.batches.filter(({ next }) => next <= offset);
    this.leaderEpoch++;
  }

  epochBefore(offset: number): number | undefined {
    return this.batches.findLast(({ base }) => base < offset)?.leaderEpoch;
  }

  #judge(header: BatchHeader, count: number): Remembered | 'gap' | undefined {
    const known = this.#producers.get(`${header.producerId}`);
    const last = known?.at(-1);
    if (known === undefined || last === undefined) return undefined;
    const original = known.find((one) => one.sequence === header.baseSequence && one.count === count);
    if (original !== undefined) return original;
    return header.baseSequence === (last.sequence + last.count) % 2 ** 31 ? undefined : 'gap';
  }

  #remember(header: BatchHeader, batch: Remembered): void {
    const id = `${header.producerId}`;
    this.#producers.set(id, [...(this.#producers.get(id) ?? []), batch].slice(-5));
  }
}

let topicsCount = 0;

export class ModelTopic {
  readonly topicId: TopicId;
  readonly topicIdBytes = new Uint8Array(16);
  readonly partitions: ModelPartition[] = [];

  constructor(partitions: number) {
    new DataView(this.topicIdBytes.buffer).setUint32(12, ++topicsCount);
    this.topicId = topicIdOf(this.topicIdBytes) as TopicId;
    this.grow(partitions);
  }

  grow(partitions: number): void {
    while (this.partitions.length < partitions) this.partitions.push(new ModelPartition());
  }
}
