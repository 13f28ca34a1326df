/** Wakes one thread from any other: native/src/io/doorbell.rs. */
export interface Doorbell {
  ring(): void;
}

/** For ends that live on one thread, where nobody sleeps beside work. */
export const noDoorbell: Doorbell = { ring: () => undefined };

/** The consumer of a ring, as far as sleeping goes. */
export interface Sleeper {
  beforeSleep(): boolean;
  awake(): void;
}

/** The producer of a ring, as far as waiting for space goes. */
export interface Waiter {
  woken(): void;
}

/**
 * Decides when a thread that serves rings sleeps: after a turn that left nothing to do, once every ring has agreed. While
 * work is left it takes the next turn behind whatever else waits in the event loop, so that sockets and timers come in
 * between; nobody rings a thread that is awake.
 *
 * Lives on: the thread whose doorbell calls `wake`. Ends when: `stop`.
 */
export class Wakeup {
  readonly #turn: () => boolean;
  readonly #later: (callback: () => void) => void;
  readonly #sleepers: Sleeper[] = [];
  readonly #waiters: Waiter[] = [];
  /** A turn runs or is scheduled. */
  #isAwake = false;
  /** Woken while awake: one more turn before sleep. */
  #isAskedAgain = false;
  #isWakeScheduled = false;
  #isStopped = false;

  /** `turn` does a bounded amount of work; true: some is left. `later` runs a callback after the events that wait. */
  constructor(turn: () => boolean, later: (callback: () => void) => void = setImmediate) {
    this.#turn = turn;
    this.#later = later;
  }

  /** A ring that this thread consumes. */
  consume(sleeper: Sleeper): void {
    this.#sleepers.push(sleeper);
    this.wake();
  }

  /** A ring that this thread produces into. */
  produce(waiter: Waiter): void {
    this.#waiters.push(waiter);
  }

  /** The doorbell rang, or there is work that no ring tells of. */
  wake(): void {
    this.#isAskedAgain = true;
    if (this.#isAwake || this.#isStopped) return;
    this.#isAwake = true;
    for (const sleeper of this.#sleepers) sleeper.awake();
    this.#run();
  }

  /**
   * As `wake`, but behind the events that wait: one turn takes all that they bring, and whoever calls from within a turn, or may not
   * be answered before its call returns, is safe.
   */
  wakeLater(): void {
    if (this.#isWakeScheduled) return;
    this.#isWakeScheduled = true;
    this.#later(() => {
      this.#isWakeScheduled = false;
      this.wake();
    });
  }

  stop(): void {
    this.#isStopped = true;
  }

  #run(): void {
    if (this.#isStopped) return;
    this.#isAskedAgain = false;
    for (const waiter of this.#waiters) waiter.woken();
    const isDone = !this.#turn() && !this.#isAskedAgain;
    if (isDone && this.#fallAsleep()) this.#isAwake = false;
    else this.#later(() => this.#run());
  }

  /** All or none: one ring with work keeps the thread awake, and then the others need not ring. */
  #fallAsleep(): boolean {
    if (this.#sleepers.every((sleeper) => sleeper.beforeSleep())) return true;
    for (const sleeper of this.#sleepers) sleeper.awake();
    return false;
  }
}
