import { setTimeout as sleep } from 'node:timers/promises';
import { failed, ok, type Result } from '../model/result.js';
import { type Failure, resultOf } from './failure.js';
import { loadAddon } from './load.js';
import type { BindingInspection, BindingInspectOptions, BindingTopicName, Finding, IoName } from './log-binding.js';

export type { Failure } from './failure.js';
export type { Finding } from './log-binding.js';

/** Of whoever waits for an inspection. */
export interface InspectionWatch {
  /** Bytes that were looked at so far, now and then. */
  onRead(size: number): void;
  /** Ends it: it fails as `cancelled`. */
  readonly signal: AbortSignal;
}

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
/** Between two looks at how far it is. */
const lookMsMin = 1;
const lookMsMax = 50;

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

  static ofDirectory(path: string, io: IoName, watch: InspectionWatch): Promise<Result<Inspection, Failure>> {
    return Inspection.#open({ path, isSegment: false, io }, watch);
  }

  static ofSegment(path: string, io: IoName, watch: InspectionWatch): Promise<Result<Inspection, Failure>> {
    return Inspection.#open({ path, isSegment: true, io }, watch);
  }

  static async #open(options: BindingInspectOptions, { onRead, signal }: InspectionWatch): Promise<Result<Inspection, Failure>> {
    const native = loadAddon().inspectLog(options);
    for (let lookMs = lookMsMin; native.isRunning(); lookMs = Math.min(2 * lookMs, lookMsMax)) {
      if (signal.aborted) native.cancel();
      await sleep(lookMs);
      onRead(native.readSize());
    }
    const failure = native.failure();
    if (failure === null) return ok(new Inspection(native));
    native.close();
    return failed(failure);
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
