import type { ErrorName } from '../model/errors.js';
import type { Failure } from '../model/ports.js';
import type { Refusal, StoreFailure } from '../native/log.js';

// What the log's own words mean to whoever asked.

const ofRefusal: Readonly<Record<Refusal['code'], ErrorName>> = {
  'too-short': 'corrupt-batch',
  'unsupported-magic': 'corrupt-batch',
  'invalid-length': 'corrupt-batch',
  'trailing-bytes': 'invalid-batch',
  'too-large': 'batch-too-large',
  'corrupt-batch': 'corrupt-batch',
  'unknown-compression': 'unsupported-compression',
  'records-count': 'invalid-batch',
  'records-count-implausible': 'invalid-batch',
  'last-offset-delta': 'invalid-batch',
  'offset-overflow': 'invalid-batch',
  'base-offset': 'invalid-batch',
  'control-batch-from-client': 'invalid-batch',
  'delete-horizon-from-client': 'invalid-batch',
  'log-append-time-from-client': 'invalid-timestamp',
  'transactional-from-client': 'no-transaction',
  'timestamp-out-of-bounds': 'invalid-timestamp',
  'producer-fields': 'invalid-batch',
  'transactional-without-producer': 'invalid-batch',
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

/** What was wrong with the batch, for who wrote it; `details` are those of native/src/binding/event_words.rs. */
const messages: Readonly<Partial<Record<Refusal['code'], (...details: Refusal['details']) => string>>> = {
  'too-short': (size, needed) => `there are ${size} bytes of a batch of ${needed} or more`,
  'unsupported-magic': (magic) =>
    isOldFormat(magic)
      ? `a batch of format ${magic}: only format 2 is stored, which clients write since Kafka 0.11`
      : `its magic is ${magic}, which no record batch has`,
  'invalid-length': (length) => `the batch gives its length as ${length}, which no batch has`,
  'trailing-bytes': (size, batchSize) =>
    `behind the batch of ${batchSize} bytes there are ${size - batchSize} more: one request carries one batch for each partition`,
  'too-large': (size, max) => `a batch of ${size} bytes where at most ${max} are allowed`,
  'corrupt-batch': () => 'the batch’s CRC is not that of its bytes: they were changed on their way',
  'unknown-compression': (id) => `the batch’s compression has number ${id}, which no codec has`,
  'records-count': (count, lastOffsetDelta) =>
    `the batch counts ${count} records where its last offset delta is ${lastOffsetDelta}`,
  'records-count-implausible': (count, size) => `the batch counts ${count} records, and has ${size} bytes of them`,
  'last-offset-delta': (delta) => `the batch’s last offset delta is ${delta}`,
  'offset-overflow': (base, lastOffsetDelta) => `no log has room for ${lastOffsetDelta} offsets behind ${base}`,
  'base-offset': (base) => `the batch’s base offset is ${base}: a producer writes 0, the log gives the offsets`,
  'control-batch-from-client': () => 'a producer cannot write control batches',
  'delete-horizon-from-client': () => 'a producer cannot set a delete horizon',
  'log-append-time-from-client': () => 'a producer cannot set the timestamp type to LogAppendTime',
  'transactional-from-client': () => 'a transactional batch: there are no transactions here, leave transactional.id out',
  'timestamp-out-of-bounds': (timestamp, min, max) => `timestamp ${timestamp} is not from ${min} to ${max}`,
  'producer-fields': (id, epoch, sequence) =>
    `the batch of producer ${id} has epoch ${epoch} and base sequence ${sequence}: none of the three can be below 0`,
  'transactional-without-producer': () => 'a transactional batch without a producer id',
  'out-of-order-sequence': (expected, got) => `expected sequence ${expected}, got ${got}`,
  'stale-producer-epoch': (current, got) => `producer epoch ${got} is older than ${current}`,
  'offset-below-end': (end, got) => `offset ${got} is below the log’s end, ${end}`,
  'log-full': () => 'the log has no more offsets',
};

/** Before record batches there were message sets, and clients in use that still write them. Any other number is damage. */
function isOldFormat(magic: number): boolean {
  return magic === 0 || magic === 1;
}

function errorOf({ code, details }: Refusal): ErrorName {
  return code === 'unsupported-magic' && isOldFormat(details[0]) ? 'invalid-batch' : ofRefusal[code];
}

/** `fence`: why the log takes no more. */
export function failureOfRefusal(refusal: Refusal, fence: string | undefined): Failure {
  const { code, details } = refusal;
  const isFence = code === 'fenced' || code === 'unconfirmed';
  const message = isFence ? fence : messages[code]?.(...details);
  const error = errorOf(refusal);
  return message === undefined ? { error } : { error, message };
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
