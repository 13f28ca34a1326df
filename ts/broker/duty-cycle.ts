import type { Clock } from '../model/ports.js';
import { type Doorbell, type Sleeper, type Waiter, Wakeup } from '../ring/wakeup.js';

/** Something on a data thread that does a bounded amount of work when it is woken. */
export interface Worker {
  /** True: there is more to do at once. */
  turn(): boolean;
  /** When it wants a turn though nothing wakes it; undefined: never. */
  deadlineMs?(): number | undefined;
}

/**
 * The rhythm of a data thread: woken by a doorbell, a completion, a timer or by its own islands, it gives each of them a turn
 * until all of them are done, then sleeps.
 *
 * Lives on: its thread. Ends when: `stop`.
 */
export class DutyCycle {
  /** For rings whose both ends live here: no system call to wake oneself. */
  readonly ownDoorbell: Doorbell = { ring: () => this.wakeSoon() };
  readonly #clock: Clock;
  readonly #onWake: () => void;
  readonly #workers: Worker[] = [];
  readonly #wakeup = new Wakeup(() => this.#turn());
  #timer: { readonly deadlineMs: number; readonly cancel: () => void } | undefined;

  /** `onWake`: for each call out of the event loop, to count it. */
  constructor(clock: Clock, onWake: () => void) {
    this.#clock = clock;
    this.#onWake = onWake;
  }

  add(worker: Worker, sleepers: readonly Sleeper[], waiters: readonly Waiter[]): void {
    this.#workers.push(worker);
    for (const waiter of waiters) this.#wakeup.produce(waiter);
    for (const sleeper of sleepers) this.#wakeup.consume(sleeper);
  }

  /** One that takes in what others work on in the same turn. */
  addFirst(worker: Worker): void {
    this.#workers.unshift(worker);
  }

  /** From a callback of the event loop. */
  wake(): void {
    this.#onWake();
    this.#wakeup.wake();
  }

  /** From within a turn or a call that must not be answered before it returns: once what waits in the event loop is done. */
  wakeSoon(): void {
    this.#wakeup.wakeLater();
  }

  #turn(): boolean {
    let hasMore = false;
    for (const worker of this.#workers) hasMore = worker.turn() || hasMore;
    if (!hasMore) this.#setTimer();
    return hasMore;
  }

  /** One that comes too early costs one turn, which sets the next: less than a new timer in every turn. */
  #setTimer(): void {
    const deadlineMs = this.#deadlineMs();
    if (deadlineMs === Number.POSITIVE_INFINITY || (this.#timer !== undefined && this.#timer.deadlineMs <= deadlineMs)) return;
    this.#timer?.cancel();
    const cancel = this.#clock.after(Math.max(0, deadlineMs - this.#clock.monotonicMs()), () => {
      this.#timer = undefined;
      this.wake();
    });
    this.#timer = { deadlineMs, cancel };
  }

  #deadlineMs(): number {
    let deadlineMs = Number.POSITIVE_INFINITY;
    for (const worker of this.#workers) deadlineMs = Math.min(deadlineMs, worker.deadlineMs?.() ?? deadlineMs);
    return deadlineMs;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#wakeup.stop();
  }
}
