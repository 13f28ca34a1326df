export interface SamplerSettings {
  readonly windowMs: number;
  /** Shown of one window's records, at most. */
  readonly admittedMax: number;
  /** How long it is said that records were left out: a word that comes and goes with every pause of the stream tells nobody anything. */
  readonly saidMs: number;
}

/**
 * Chooses what is shown of a stream that is faster than anyone reads: all of it while it is slow, else every n-th, with n from the
 * rate of the window before. A sudden burst meets the bound of its window, whatever n was.
 */
export class Sampler {
  readonly #settings: SamplerSettings;
  #windowStart = Number.NEGATIVE_INFINITY;
  #seen = 0;
  #admitted = 0;
  #stride = 1;
  #phase = 0;
  #skippedAt = Number.NEGATIVE_INFINITY;

  constructor(settings: SamplerSettings) {
    this.#settings = settings;
  }

  /** Whether anything was left out lately. */
  isSampling(now: number): boolean {
    return now - this.#skippedAt < this.#settings.saidMs;
  }

  /** Of so many records that came now: the indices of those to show, ascending. */
  pick(count: number, now: number): readonly number[] {
    this.#turnTo(now);
    const picked: number[] = [];
    for (let index = 0; index < count; index++) {
      const isTurn = this.#phase === 0;
      this.#phase = (this.#phase + 1) % this.#stride;
      if (!isTurn || this.#admitted >= this.#settings.admittedMax) continue;
      this.#admitted++;
      picked.push(index);
    }
    this.#seen += count;
    if (picked.length < count) this.#skippedAt = now;
    return picked;
  }

  #turnTo(now: number): void {
    const { windowMs, admittedMax } = this.#settings;
    const windows = Math.floor((now - this.#windowStart) / windowMs);
    if (windows < 1) return;
    const isNext = windows === 1;
    this.#stride = isNext ? Math.max(1, Math.ceil(this.#seen / admittedMax)) : 1;
    this.#phase = 0;
    this.#seen = 0;
    this.#admitted = 0;
    this.#windowStart = Number.isFinite(this.#windowStart) ? this.#windowStart + windows * windowMs : now;
  }
}
