import type { ErrorName } from '../../../model/errors.js';
import type { ProduceResult } from '../../../wire/proto/generated/messages.js';
import { errorOf, type MillraceError } from '../errors.js';

/** What an answer says about one batch, as far as the sender's decisions go. */
export type Outcome =
  | { readonly kind: 'stored'; readonly result: ProduceResult | undefined }
  /** To be sent again. `isMaybeStored`: this attempt may have been stored all the same. */
  | { readonly kind: 'again'; readonly isMaybeStored: boolean; readonly error: MillraceError }
  /** Not to be sent again. */
  | { readonly kind: 'refused'; readonly isMaybeStored: boolean; readonly error: MillraceError }
  /** The log expects another sequence of this producer: nothing was stored. */
  | { readonly kind: 'gap'; readonly error: MillraceError }
  /** The log does not know this producer: nothing was stored. */
  | { readonly kind: 'unknown-producer'; readonly error: MillraceError };

type Reading = 'stored' | 'gap' | 'unknown-producer' | 'again' | 'again-maybe' | 'refused' | 'refused-maybe';

const readings: Readonly<Record<ErrorName, Reading>> = {
  malformed: 'refused',
  'unsupported-version': 'refused',
  'out-of-order': 'refused',
  'limit-exceeded': 'refused',
  idle: 'again-maybe',
  'shutting-down': 'again',
  'invalid-request': 'refused',
  'timed-out': 'again-maybe',
  internal: 'refused-maybe',
  overloaded: 'again',
  'unknown-topic': 'again',
  'unknown-partition': 'again',
  'topic-exists': 'refused',
  'invalid-topic': 'refused',
  'invalid-config': 'refused',
  'invalid-partitions': 'refused',
  'invalid-replication-factor': 'refused',
  'stale-topic-id': 'again',
  'not-leader': 'again',
  'corrupt-batch': 'refused',
  'batch-too-large': 'refused',
  'invalid-timestamp': 'refused',
  'out-of-order-sequence': 'gap',
  'unknown-producer': 'unknown-producer',
  'producer-fenced': 'refused',
  'duplicate-sequence': 'stored',
  'storage-failed': 'refused-maybe',
  'disk-full': 'again',
  'offset-out-of-range': 'refused',
  'corrupt-log': 'refused-maybe',
  'durability-unavailable': 'refused',
};

export function outcomeOf(result: ProduceResult): Outcome {
  return result.error === null ? { kind: 'stored', result } : outcomeOfError(errorOf(result.error));
}

/** Of one entry, or of a whole request. */
export function outcomeOfError(error: MillraceError): Outcome {
  // An error of a newer server: its own advice decides, and nothing is known of what was stored.
  const reading = Object.hasOwn(readings, error.code)
    ? readings[error.code as ErrorName]
    : error.isRetriable
      ? 'again-maybe'
      : 'refused-maybe';
  if (reading === 'stored') return { kind: 'stored', result: undefined };
  if (reading === 'gap' || reading === 'unknown-producer') return { kind: reading, error };
  const [kind, maybe] = reading.split('-') as ['again' | 'refused', string | undefined];
  return { kind, isMaybeStored: maybe !== undefined, error };
}
