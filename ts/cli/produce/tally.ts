import type { AckedDurability, BatchDelivery, BatchFailure, MillraceError, ProducerCallbacks } from '../../sdk/node/index.js';
import type { Advance } from '../client/progress.js';

const promises: Readonly<Record<AckedDurability, string>> = {
  fsync: 'on stable media',
  replicated: 'in memory of the replicas',
  none: 'nothing was promised',
};

/** What became of the records so far. */
export class Tally {
  readonly callbacks: ProducerCallbacks;
  readonly #topic: string;
  readonly #onFailure: () => void;
  readonly #startedAt = performance.now();
  /** The least that any acknowledgement promised. */
  #durability: AckedDurability | undefined;
  #acknowledged = 0;
  #failed = 0;
  #failure: string | undefined;

  /** `onFailure` is called when it makes no sense to go on. */
  constructor(topic: string, onFailure: () => void) {
    this.#topic = topic;
    this.#onFailure = onFailure;
    this.callbacks = {
      onDelivery: (delivery) => this.#delivered(delivery),
      onFailure: ({ error, count }: BatchFailure) => this.refused(error, count),
    };
  }

  get topic(): string {
    return this.#topic;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  get failed(): number {
    return this.#failed;
  }

  get durability(): AckedDurability | undefined {
    return this.#durability;
  }

  /** Why sending ended before the input did. */
  get failure(): string | undefined {
    return this.#failure;
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  advance(part: number | undefined): Advance {
    return { count: this.#acknowledged, elapsedMs: this.elapsedMs, part };
  }

  refused(error: MillraceError, count: number): void {
    this.#failed += count;
    const isTooLarge = error.code === 'batch-too-large' && count === 1;
    this.stop(
      isTooLarge
        ? `${error.message} (millrace topic alter ${this.#topic} --config max.message.bytes=… takes more)`
        : error.message,
    );
  }

  stop(why: string): void {
    if (this.#failure !== undefined) return;
    this.#failure = why;
    this.#onFailure();
  }

  #delivered({ count, durability }: BatchDelivery): void {
    this.#acknowledged += count;
    if (this.#durability === undefined || rank(durability) < rank(this.#durability)) this.#durability = durability;
  }
}

function rank(durability: AckedDurability): number {
  return ['none', 'replicated', 'fsync'].indexOf(durability);
}

/** The last line of `produce`. */
export function deliveryText(tally: Tally, isInterrupted: boolean): string {
  const { acknowledged: count, durability, failed, failure, elapsedMs } = tally;
  const records = `${count} record${count === 1 ? '' : 's'}`;
  const verb = durability === 'none' ? 'sent to' : 'acknowledged by';
  const promise = durability === undefined ? '' : `, durability ${durability}: ${promises[durability]}`;
  const outcome = `${records} ${verb} ${tally.topic} in ${(elapsedMs / 1000).toFixed(2)} s${promise}`;
  if (failure !== undefined) return `${failure}; ${outcome}${failed > 0 ? `; ${failed} failed` : ''}`;
  return isInterrupted ? `stopped by Ctrl-C; ${outcome}` : outcome;
}
