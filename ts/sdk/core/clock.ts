import type { Clock } from '../../model/ports.js';

// What browsers and Node both have. Tests bring clocks of their own.

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  // Not from the monotonic clock, which stands still in some browsers while the machine sleeps.
  wallMs: () => Date.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** From 0 to below 1. */
export type Chance = () => number;
