import type { Advance } from '../client/progress.js';

/** How far a consume is, and when it is over: after so many records, when nothing came for so long, or when asked to end. */
export class Reading {
  readonly #max: number;
  readonly #idleMs: number | undefined;
  readonly #abort = new AbortController();
  readonly #startedAt = performance.now();
  #count = 0;
  #cameAt = performance.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(max: number, idleMs: number | undefined) {
    this.#max = max;
    this.#idleMs = idleMs;
  }

  /** From now on there is something to wait for. */
  begin(): void {
    this.#cameAt = performance.now();
    this.#watch();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get count(): number {
    return this.#count;
  }

  get left(): number {
    return this.#max - this.#count;
  }

  came(count: number): void {
    this.#count += count;
    this.#cameAt = performance.now();
  }

  advance(total: number | undefined): Advance {
    const part = total === undefined ? undefined : this.#count / total;
    return { count: this.#count, elapsedMs: performance.now() - this.#startedAt, part };
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#abort.abort();
  }

  // One timer, set anew when it is due: not at each batch.
  #watch(): void {
    if (this.#idleMs === undefined || this.#abort.signal.aborted) return;
    const left = this.#cameAt + this.#idleMs - performance.now();
    if (left <= 0) this.end();
    else this.#timer = setTimeout(() => this.#watch(), Math.min(left, 2 ** 31 - 1));
  }
}
