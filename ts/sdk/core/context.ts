import type { Clock } from '../../model/ports.js';
import type { Crc32c } from '../../wire/records/crc32c.js';
import { type Backoff, backoffMs } from './backoff.js';
import type { Chance } from './clock.js';
import type { Codecs } from './compression/codec.js';
import type { Connection } from './connection/connection.js';
import { MillraceError } from './errors.js';
import type { FreshTopics } from './fresh-topics.js';
import type { Observer } from './observer.js';

/** What producers, consumers and admin share. */
export interface Context {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly codecs: Codecs;
  readonly fresh: FreshTopics;
  readonly crc32c: Crc32c;
  readonly observe: Observer;
  readonly retryBackoff: Backoff;
  /** How long closing waits for a connection that is away. */
  readonly closeWaitMs: number;
}

export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => clock.after(delayMs, resolve));
}

/** Repeats what may be repeated, until it succeeds, fails for good, or the time is over. */
export async function retrying<T>(context: Context, timeoutMs: number, attempt: (remainingMs: number) => Promise<T>): Promise<T> {
  const { clock, chance, retryBackoff } = context;
  const until = clock.monotonicMs() + timeoutMs;
  for (let attempts = 0; ; attempts++) {
    try {
      return await attempt(Math.max(1, until - clock.monotonicMs()));
    } catch (error) {
      if (!(error instanceof MillraceError) || !error.isRetriable) throw error;
      const delay = Math.max(error.retryAfterMs, backoffMs(retryBackoff, attempts, chance));
      if (clock.monotonicMs() + delay >= until) throw error;
      await sleep(clock, delay);
    }
  }
}
