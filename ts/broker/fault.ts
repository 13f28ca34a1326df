import { BrokenInvariant } from '../model/assert.js';
import { fatal } from '../native/process.js';

/** A thread may not die alone: half a broker is worse than none. */
export function endOnFailure(error: unknown): never {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  fatal(error instanceof BrokenInvariant ? 'invariantBroken' : 'failed', `a thread has failed: ${text}`);
}
