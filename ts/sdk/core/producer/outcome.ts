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

/** What a code says of the batch. Whether it is sent again is the server's advice. */
type Reading = 'stored' | 'not-stored' | 'maybe-stored' | 'gap' | 'unknown-producer';

const readings: Readonly<Record<ErrorName, Reading>> = {
  malformed: 'not-stored',
  'unsupported-version': 'not-stored',
  'out-of-order': 'not-stored',
  'limit-exceeded': 'not-stored',
  idle: 'maybe-stored',
  'shutting-down': 'not-stored',
  'invalid-request': 'not-stored',
  'timed-out': 'maybe-stored',
  internal: 'maybe-stored',
  overloaded: 'not-stored',
  'unknown-topic': 'not-stored',
  'unknown-partition': 'not-stored',
  'topic-exists': 'not-stored',
  'invalid-topic': 'not-stored',
  'invalid-config': 'not-stored',
  'invalid-partitions': 'not-stored',
  'invalid-replication-factor': 'not-stored',
  'invalid-assignment': 'not-stored',
  'policy-violation': 'not-stored',
  'stale-topic-id': 'not-stored',
  'not-leader': 'not-stored',
  'deletion-incomplete': 'not-stored',
  'corrupt-batch': 'not-stored',
  'batch-too-large': 'not-stored',
  'invalid-timestamp': 'not-stored',
  'out-of-order-sequence': 'gap',
  'unknown-producer': 'unknown-producer',
  'producer-fenced': 'not-stored',
  'duplicate-sequence': 'stored',
  'invalid-batch': 'not-stored',
  'unsupported-compression': 'not-stored',
  'no-transaction': 'not-stored',
  'not-enough-replicas': 'not-stored',
  'storage-failed': 'not-stored',
  'disk-full': 'not-stored',
  'offset-out-of-range': 'not-stored',
  'corrupt-log': 'maybe-stored',
  'durability-unavailable': 'not-stored',
  unconfirmed: 'maybe-stored',
};

export function outcomeOf(result: ProduceResult): Outcome {
  return result.error === null ? { kind: 'stored', result } : outcomeOfError(errorOf(result.error));
}

/** Of one entry, or of a whole request. */
export function outcomeOfError(error: MillraceError): Outcome {
  // Of an error of a newer server nothing is known but its advice.
  const reading = Object.hasOwn(readings, error.code) ? readings[error.code as ErrorName] : 'maybe-stored';
  if (reading === 'stored') return { kind: 'stored', result: undefined };
  if (reading === 'gap' || reading === 'unknown-producer') return { kind: reading, error };
  return { kind: error.isRetriable ? 'again' : 'refused', isMaybeStored: reading === 'maybe-stored', error };
}
