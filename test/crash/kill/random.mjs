/** A small seeded generator (mulberry32): the same seed, the same campaign, as far as the kernel's timing allows. */
export class Random {
  #state;

  /** @param {number} seed */
  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** In [0, 1). */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Both ends included. @param {number} min @param {number} max */
  between(min, max) {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  /** @template T @param {readonly [T, ...T[]]} choices @returns {T} */
  pick(choices) {
    return choices[this.between(0, choices.length - 1)] ?? choices[0];
  }

  /** @param {number} share */
  chance(share) {
    return this.next() < share;
  }
}
