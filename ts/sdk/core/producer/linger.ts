import type { Clock } from '../../../model/ports.js';
import type { PartitionQueue } from './partition-queue.js';

/**
 * When open batches are closed, but for full ones. Alone a batch does not wait: what gathers company is the time that those before it
 * are on their way. One that has waited enough, but would only wait behind other closed ones, goes on taking records until those have
 * left.
 */
export class Linger {
  /** Those that wait for more records, by age. */
  readonly #waiting = new Set<PartitionQueue>();
  /** Those that have waited enough. */
  readonly #due = new Set<PartitionQueue>();
  /** Those that go when the present turn of the event loop ends. */
  readonly #soon = new Set<PartitionQueue>();
  readonly #lingerMs: number;
  readonly #clock: Clock;
  readonly #close: (queue: PartitionQueue) => void;
  #isTimed = false;

  constructor(lingerMs: number, clock: Clock, close: (queue: PartitionQueue) => void) {
    this.#lingerMs = lingerMs;
    this.#clock = clock;
    this.#close = close;
  }

  /** A batch was opened. */
  opened(queue: PartitionQueue): void {
    if (queue.isBusy && this.#lingerMs > 0) {
      this.#waiting.add(queue);
      this.#time();
      return;
    }
    if (this.#soon.size === 0) queueMicrotask(() => this.#closeSoon());
    this.#soon.add(queue);
  }

  /** Its batch was closed, for whatever reason. */
  closed(queue: PartitionQueue): void {
    for (const queues of [this.#waiting, this.#due, this.#soon]) queues.delete(queue);
  }

  /** Something of the partition was answered: perhaps nothing is left to wait for. */
  answered(queue: PartitionQueue): void {
    if (queue.open === undefined) return;
    const hasWaitedEnough = this.#due.has(queue) && queue.sender.waitingCount === 0;
    if (!queue.isBusy || hasWaitedEnough) this.#close(queue);
  }

  closeAll(): void {
    for (const queue of [...this.#waiting, ...this.#due, ...this.#soon]) this.#close(queue);
  }

  end(): void {
    for (const queues of [this.#waiting, this.#due, this.#soon]) queues.clear();
  }

  #closeSoon(): void {
    const queues = [...this.#soon];
    this.#soon.clear();
    for (const queue of queues) this.#closeOrHold(queue);
  }

  #closeOrHold(queue: PartitionQueue): void {
    if (queue.sender.waitingCount === 0) {
      this.#close(queue);
      return;
    }
    this.#waiting.delete(queue);
    this.#due.add(queue);
  }

  /** One timer for all: they are closed in the order in which they were opened. */
  #time(): void {
    const [oldest] = this.#waiting;
    if (this.#isTimed || oldest?.open === undefined) return;
    this.#isTimed = true;
    const dueAt = oldest.open.openedAt + this.#lingerMs;
    this.#clock.after(Math.max(0, dueAt - this.#clock.monotonicMs()), () => {
      this.#isTimed = false;
      const openedUntil = this.#clock.monotonicMs() - this.#lingerMs;
      for (const queue of this.#waiting) {
        if (queue.open !== undefined && queue.open.openedAt > openedUntil) break;
        this.#closeOrHold(queue);
      }
      this.#time();
    });
  }
}
