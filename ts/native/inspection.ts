import { ok, type Result } from '../model/result.js';
import { type Failure, resultOf } from './failure.js';
import { loadAddon } from './load.js';
import type { BindingInspection, BindingTopicName, Finding, IoName } from './log-binding.js';

export type { Finding } from './log-binding.js';

/** A batch as recovery would leave it. */
export interface InspectedBatch {
  /** By which `bytes` fetches it. */
  readonly number: number;
  /** Its name. */
  readonly topic: string;
  /** 32 hexadecimal digits. */
  readonly topicId: string;
  readonly partition: number;
  readonly base: number;
  readonly last: number;
  readonly leaderEpoch: number;
  readonly crc: number;
  /** The base offset of its segment. */
  readonly segment: number;
  readonly position: number;
  readonly size: number;
}

const batchWords = 9;
const batchesPerCall = 1024;

/** What recovery would leave of a data directory, found out without changing a byte of it. */
export class Inspection {
  readonly outcome: 'clean' | 'torn-tail' | 'corrupt';
  readonly findings: readonly Finding[];
  readonly #native: BindingInspection;
  readonly #topics: readonly BindingTopicName[];

  private constructor(native: BindingInspection) {
    this.#native = native;
    this.outcome = native.outcome();
    this.findings = native.findings();
    this.#topics = native.topics();
  }

  static ofDirectory(path: string, io: IoName = 'auto'): Result<Inspection, Failure> {
    return Inspection.#open({ path, isSegment: false, io });
  }

  static ofSegment(path: string, io: IoName = 'auto'): Result<Inspection, Failure> {
    return Inspection.#open({ path, isSegment: true, io });
  }

  static #open(options: { path: string; isSegment: boolean; io: IoName }): Result<Inspection, Failure> {
    const opened = resultOf(loadAddon().inspectLog(options));
    return opened.ok ? ok(new Inspection(opened.value)) : opened;
  }

  /** By partition, in offset order. Once. */
  *batches(): Generator<InspectedBatch, void> {
    const words = new Float64Array(batchesPerCall * batchWords);
    let number = 0;
    for (let count = this.#native.nextBatches(words); count > 0; count = this.#native.nextBatches(words)) {
      for (let index = 0; index < count; index++) yield this.#batch(words.subarray(index * batchWords), number++);
    }
  }

  #batch(words: Float64Array, number: number): InspectedBatch {
    const [topic = 0, partition = 0, base = 0, last = 0, leaderEpoch = 0, crc = 0, segment = 0, position = 0, size = 0] = words;
    const { id: topicId = '', name = '' } = this.#topics[topic] ?? {};
    return { number, topic: name, topicId, partition, base, last, leaderEpoch, crc, segment, position, size };
  }

  /** The whole batch as stored. */
  bytes(batch: InspectedBatch): Result<Uint8Array, Failure> {
    return resultOf(this.#native.batchBytes(batch.number));
  }

  /** Lets go of the directory. */
  close(): void {
    this.#native.close();
  }
}
