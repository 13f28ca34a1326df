import type { Clock } from '../model/ports.js';

/** Something that is called off or given up at a time. */
export interface Deadline {
  onTime(): void;
}

const tickMs = 20;

/**
 * Thousands of deadlines behind one timer of the clock: they share ticks, so one comes up to a tick late and never early. The
 * timer is set for the earliest of them: a node where nothing happens sleeps.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #ticks = new Map<number, Set<Deadline>>();
  #count = 0;
  #cancelTimer: (() => void) | undefined;
  /** What the timer is set for. */
  #timerTick = 0;
  #lastTick: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lastTick = this.#tickOf(clock.monotonicMs());
  }

  get count(): number {
    return this.#count;
  }

  /** Returns the tick: with it the deadline is taken back. */
  add(delayMs: number, deadline: Deadline): number {
    const tick = Math.max(this.#tickOf(this.#clock.monotonicMs() + delayMs) + 1, this.#lastTick + 1);
    let sharing = this.#ticks.get(tick);
    if (sharing === undefined) {
      sharing = new Set();
      this.#ticks.set(tick, sharing);
    }
    sharing.add(deadline);
    this.#count += 1;
    this.#wind(tick);
    return tick;
  }

  remove(tick: number, deadline: Deadline): void {
    const sharing = this.#ticks.get(tick);
    if (sharing?.delete(deadline) !== true) return;
    this.#count -= 1;
    if (sharing.size === 0) this.#ticks.delete(tick);
    if (this.#count === 0) this.#unwind();
  }

  close(): void {
    this.#unwind();
    this.#ticks.clear();
    this.#count = 0;
  }

  #tickOf(timeMs: number): number {
    return Math.floor(timeMs / tickMs);
  }

  #wind(tick: number): void {
    if (this.#cancelTimer !== undefined && this.#timerTick <= tick) return;
    this.#unwind();
    this.#timerTick = tick;
    const delayMs = Math.max(tickMs, tick * tickMs - this.#clock.monotonicMs());
    this.#cancelTimer = this.#clock.after(delayMs, () => this.#onTimer());
  }

  #unwind(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #onTimer(): void {
    this.#cancelTimer = undefined;
    const now = this.#tickOf(this.#clock.monotonicMs());
    // A clock that jumped far has more ticks behind it than there are sets to look into.
    const due =
      now - this.#lastTick > this.#ticks.size ? [...this.#ticks.keys()].sort((a, b) => a - b) : range(this.#lastTick + 1, now);
    this.#lastTick = now;
    for (const tick of due) if (tick <= now) this.#fire(tick);
    if (this.#count > 0) this.#wind(this.#earliest());
  }

  #earliest(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const tick of this.#ticks.keys()) earliest = Math.min(earliest, tick);
    return earliest;
  }

  #fire(tick: number): void {
    const sharing = this.#ticks.get(tick);
    if (sharing === undefined) return;
    this.#ticks.delete(tick);
    this.#count -= sharing.size;
    for (const deadline of sharing) deadline.onTime();
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}
