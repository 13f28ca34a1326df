import type { Chance } from './clock.js';

export interface Backoff {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** Doubles with each attempt (the first is 0); half of it is chance, so that clients that fell together do not rise together. */
export function backoffMs({ firstMs, mostMs }: Backoff, attempt: number, chance: Chance): number {
  const whole = Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 30));
  return whole / 2 + (whole / 2) * chance();
}
