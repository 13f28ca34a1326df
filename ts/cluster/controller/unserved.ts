import type { HostAnswer, PartitionName } from '../../model/assignment.js';
import type { TopicId } from '../../model/ids.js';
import type { Clock } from '../../model/ports.js';

/** Between two attempts: twice as long each time that one fails. */
const retryMinMs = 1000;
const retryMaxMs = 60_000;

/**
 * Partitions whose shard found no room for their files: they are given to it again, now and then, and as soon as there is room.
 * What else keeps a partition from being served stays so until the next start.
 */
export class Unserved {
  readonly #clock: Clock;
  readonly #assign: (names: readonly PartitionName[]) => void;
  readonly #partitions = new Map<TopicId, Set<number>>();
  #waitMs = retryMinMs;
  #attemptedMs = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  /** `assign`: gives them to their shards, whose answers come back to `answer`. */
  constructor(clock: Clock, assign: (names: readonly PartitionName[]) => void) {
    this.#clock = clock;
    this.#assign = assign;
  }

  answer(answer: HostAnswer): void {
    if (!('failure' in answer) || answer.isRemoval === true || answer.failure.error !== 'disk-full') return;
    const partitions = this.#partitions.get(answer.topicId) ?? new Set();
    this.#partitions.set(answer.topicId, partitions.add(answer.partition));
    this.#cancel ??= this.#clock.after(this.#waitMs, () => this.#attempt());
  }

  /** The disk has some again: no need to wait, unless it was tried just now. */
  roomAgain(): void {
    if (this.#cancel !== undefined && this.#clock.monotonicMs() - this.#attemptedMs >= retryMinMs) this.#attempt();
  }

  #attempt(): void {
    this.stop();
    const now = this.#clock.monotonicMs();
    // One that comes after a long time of peace has nothing to do with those before.
    const isInARow = now - this.#attemptedMs <= 2 * this.#waitMs;
    this.#waitMs = isInARow ? Math.min(2 * this.#waitMs, retryMaxMs) : retryMinMs;
    this.#attemptedMs = now;
    const names = [...this.#partitions].flatMap(([topicId, partitions]) =>
      [...partitions].map((partition) => ({ topicId, partition })),
    );
    this.#partitions.clear();
    this.#assign(names);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
