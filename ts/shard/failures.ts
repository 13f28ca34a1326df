import type { ErrorName } from '../model/errors.js';
import type { Failure } from '../model/ports.js';
import type { Refusal, StoreFailure } from '../native/log.js';

// What the log's own words mean to whoever asked.

const ofRefusal: Readonly<Record<Refusal['code'], ErrorName>> = {
  'too-short': 'corrupt-batch',
  'unsupported-magic': 'corrupt-batch',
  'invalid-length': 'corrupt-batch',
  'trailing-bytes': 'corrupt-batch',
  'too-large': 'batch-too-large',
  'corrupt-batch': 'corrupt-batch',
  'unknown-compression': 'corrupt-batch',
  'records-count': 'corrupt-batch',
  'records-count-implausible': 'corrupt-batch',
  'last-offset-delta': 'corrupt-batch',
  'offset-overflow': 'corrupt-batch',
  'base-offset': 'corrupt-batch',
  'control-batch-from-client': 'corrupt-batch',
  'delete-horizon-from-client': 'corrupt-batch',
  'log-append-time-from-client': 'invalid-timestamp',
  'timestamp-out-of-bounds': 'invalid-timestamp',
  'producer-fields': 'corrupt-batch',
  'transactional-without-producer': 'corrupt-batch',
  'out-of-order-sequence': 'out-of-order-sequence',
  'stale-producer-epoch': 'producer-fenced',
  'offset-below-end': 'internal',
  'leader-epoch-went-back': 'not-leader',
  'leader-epoch-used': 'not-leader',
  'no-space': 'disk-full',
  fenced: 'storage-failed',
  'unknown-partition': 'unknown-partition',
  damaged: 'storage-failed',
  'log-full': 'internal',
  unconfirmed: 'unconfirmed',
};

/** `fence`: why the log takes no more. */
export function failureOfRefusal({ code, details }: Refusal, fence: string | undefined): Failure {
  const error = ofRefusal[code];
  switch (code) {
    case 'too-large':
      return { error, message: `a batch of ${details[0]} bytes where at most ${details[1]} are allowed` };
    case 'out-of-order-sequence':
      return { error, message: `expected sequence ${details[0]}, got ${details[1]}` };
    case 'stale-producer-epoch':
      return { error, message: `producer epoch ${details[1]} is older than ${details[0]}` };
    case 'fenced':
    case 'unconfirmed':
      return fence === undefined ? { error } : { error, message: fence };
    default:
      return error === 'corrupt-batch' || error === 'internal' ? { error, message: code.replaceAll('-', ' ') } : { error };
  }
}

const ofStore: Readonly<Record<StoreFailure['code'], ErrorName>> = {
  io: 'storage-failed',
  'no-space': 'disk-full',
  'unknown-partition': 'unknown-partition',
  damaged: 'storage-failed',
  fenced: 'storage-failed',
  busy: 'overloaded',
  'out-of-range': 'offset-out-of-range',
  corrupt: 'corrupt-log',
  'leader-epoch-used': 'not-leader',
};

export function failureOfStore({ code, message }: StoreFailure): Failure {
  return { error: ofStore[code], message };
}
