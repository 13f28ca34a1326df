import { stampBatch } from '../../../wire/records/batch-writer.js';
import type { CompressionName } from '../../../wire/records/header.js';
import type { Context } from '../context.js';
import { MillraceError } from '../errors.js';
import type { OpenBatch } from './open-batch.js';
import type { ProducerSettings } from './options.js';
import { type Entry, PartitionSender, type Settled, underWayLimit } from './partition-sender.js';

/** Batches of one partition: the open one, those being compressed, and the sender with those that are ready. */
export class PartitionQueue {
  readonly topic: string;
  readonly partition: number;
  readonly sender: PartitionSender<OpenBatch>;
  open: OpenBatch | undefined;
  attempts = 0;
  isAskingForIdentity = false;
  hasHadIdentity = false;
  readonly #context: Context;
  readonly #compression: CompressionName;
  /** Ends when all that was closed is with the sender, in order. */
  #readying: Promise<void> | undefined;
  #compressing: OpenBatch[] = [];

  constructor(topic: string, partition: number, context: Context, settings: ProducerSettings) {
    this.topic = topic;
    this.partition = partition;
    this.#context = context;
    this.#compression = settings.compression;
    // Without sequences only one batch at a time keeps its order through a retry.
    const underWayMax = settings.isIdempotent || settings.acks === 'none' ? underWayLimit : 1;
    const isRepeated = settings.acks !== 'none';
    this.sender = new PartitionSender({ isIdempotent: settings.isIdempotent, isRepeated, underWayMax });
  }

  /** Whether a closed batch is on its way. */
  get isBusy(): boolean {
    return this.#compressing.length > 0 || !this.sender.isEmpty;
  }

  /** Closes the open batch. `onReady` is called when it can be sent, or has failed. */
  close(onReady: () => void, onFailed: (settled: readonly Settled<OpenBatch>[]) => void): void {
    const batch = this.open;
    if (batch === undefined) return;
    this.open = undefined;
    if (this.#compression === 'none') {
      batch.bytes = batch.writer.finish();
      this.sender.push(batch);
      onReady();
      return;
    }
    this.#compressing.push(batch);
    const before = this.#readying;
    this.#readying = this.#compress(batch, before).then(onReady, (error: unknown) => {
      this.#compressing = this.#compressing.filter((other) => other !== batch);
      onFailed([{ batch, error: error instanceof MillraceError ? error : new MillraceError('unknown-error', String(error)) }]);
    });
  }

  async #compress(batch: OpenBatch, before: Promise<void> | undefined): Promise<void> {
    const name = this.#compression;
    if (name === 'none') return;
    const compressed = this.#context.codecs.compress(name, batch.writer.records());
    compressed.catch(() => undefined);
    await before;
    batch.bytes = batch.writer.finish(name, await compressed);
    this.#compressing = this.#compressing.filter((other) => other !== batch);
    this.sender.push(batch);
  }

  /** The bytes as they go out now: with the sequence that the sender has given. */
  bytesOf({ batch, identity, sequence }: Entry<OpenBatch>): Uint8Array {
    const { bytes } = batch;
    if (bytes === undefined) throw new MillraceError('unknown-error', 'a batch was sent before it was closed');
    const sequenced = identity === undefined || sequence === undefined ? undefined : { ...identity, baseSequence: sequence };
    stampBatch(bytes, this.#context.crc32c, sequenced);
    return bytes;
  }

  /** All that is not with the sender. */
  abandon(): readonly OpenBatch[] {
    const batches = [...this.#compressing, ...(this.open === undefined ? [] : [this.open])];
    this.#compressing = [];
    this.open = undefined;
    return batches;
  }
}
