import { randomBytes } from 'node:crypto';
import type { CivilClock, Random } from '../model/ports.js';

/** One per thread. */
export function systemClock(): CivilClock {
  const startedAt = Date.now() - performance.now();
  return {
    monotonicMs: () => performance.now(),
    wallMs: () => Math.floor(startedAt + performance.now()),
    civilMs: () => Date.now(),
    after: (delayMs, callback) => {
      // Rounded up: a timer that fires early would find nothing to do and be set again.
      const timer = setTimeout(callback, Math.min(Math.ceil(delayMs), 2 ** 31 - 1));
      timer.unref();
      return () => clearTimeout(timer);
    },
  };
}

export const systemRandom: Random = { bytes: (size) => randomBytes(size) };
