import { type ErrorName, errors, type Retry } from '../../model/errors.js';
import { errorNamed, retryNamed } from '../../wire/proto/enums.js';
import type { Error as WireError } from '../../wire/proto/generated/messages.js';

/** What went wrong here rather than at a node. */
type LocalCode =
  | 'buffer-full'
  | 'closed'
  | 'cluster-changed'
  | 'connection-failed'
  | 'connection-lost'
  | 'corrupt-data'
  | 'delivery-uncertain'
  | 'invalid-argument'
  | 'topic-deleted'
  | 'unexpected-reply';

export type ErrorCode = ErrorName | LocalCode | 'unknown-error';

/** All errors of this package. */
export class MillraceError extends Error {
  override readonly name: string = 'MillraceError';
  readonly code: ErrorCode;
  /** Whether the same call may succeed later. */
  readonly isRetriable: boolean;
  /** What to do about it, in a sentence; empty where the message says it all. */
  readonly advice: string;
  /** The message without the advice. */
  readonly reason: string;
  /** What a server asks to wait before the next attempt; 0: it does not say. */
  retryAfterMs = 0;

  constructor(code: ErrorCode, message: string, isRetriable = false, advice = '') {
    super(advice === '' ? message : `${message} (${advice})`);
    this.code = code;
    this.isRetriable = isRetriable;
    this.advice = advice;
    this.reason = message;
  }
}

/** No connection, or one that was lost. The client connects again by itself; a call that failed this way may be repeated. */
export class ConnectionError extends MillraceError {
  override readonly name = 'ConnectionError';
}

/** No answer in time: it may or may not have happened. */
export class TimeoutError extends MillraceError {
  override readonly name = 'TimeoutError';
}

/** Client and server do not understand one another. */
export class ProtocolError extends MillraceError {
  override readonly name = 'ProtocolError';
}

/** More than the server, or the client's own buffer, takes at once. */
export class LimitError extends MillraceError {
  override readonly name = 'LimitError';
}

/** An argument that cannot be: the caller has to change it. */
export class InvalidArgumentError extends MillraceError {
  override readonly name = 'InvalidArgumentError';
}

/** The topic or partition is not there, or not any more. */
export class UnknownTopicError extends MillraceError {
  override readonly name = 'UnknownTopicError';
}

/** The server refused a batch: nothing of it was stored. */
export class BatchRefusedError extends MillraceError {
  override readonly name = 'BatchRefusedError';
}

/** The server lost track of this producer, or another one took its place. */
export class ProducerStateError extends MillraceError {
  override readonly name = 'ProducerStateError';
}

/** Sent, but whether it was stored is not known and cannot be found out any more. */
export class DeliveryUncertainError extends MillraceError {
  override readonly name = 'DeliveryUncertainError';
}

/** The node's disk. */
export class StorageError extends MillraceError {
  override readonly name = 'StorageError';
}

/** The log does not hold this offset. */
export class OffsetOutOfRangeError extends MillraceError {
  override readonly name = 'OffsetOutOfRangeError';
}

/** Bytes that are not what was written: a wrong checksum, or a batch or value that cannot be read. */
export class CorruptDataError extends MillraceError {
  override readonly name = 'CorruptDataError';
}

/** Another cluster answers at this address: offsets, positions and producer ids mean nothing there. */
export class ClusterChangedError extends MillraceError {
  override readonly name = 'ClusterChangedError';
}

/** The client, producer or consumer was closed. */
export class ClosedError extends MillraceError {
  override readonly name = 'ClosedError';
}

/** A fault of the node. */
export class ServerError extends MillraceError {
  override readonly name = 'ServerError';
}

type ErrorClass = new (code: ErrorCode, message: string, isRetriable?: boolean, advice?: string) => MillraceError;

const classes: Readonly<Record<ErrorName, ErrorClass>> = {
  malformed: ProtocolError,
  'unsupported-version': ProtocolError,
  'out-of-order': ProtocolError,
  'limit-exceeded': LimitError,
  idle: ConnectionError,
  'shutting-down': ConnectionError,
  'invalid-request': InvalidArgumentError,
  'timed-out': TimeoutError,
  internal: ServerError,
  overloaded: LimitError,
  'unknown-topic': UnknownTopicError,
  'unknown-partition': UnknownTopicError,
  'topic-exists': InvalidArgumentError,
  'invalid-topic': InvalidArgumentError,
  'invalid-config': InvalidArgumentError,
  'invalid-partitions': InvalidArgumentError,
  'invalid-replication-factor': InvalidArgumentError,
  'invalid-assignment': InvalidArgumentError,
  'policy-violation': InvalidArgumentError,
  'stale-topic-id': UnknownTopicError,
  'not-leader': UnknownTopicError,
  'deletion-incomplete': StorageError,
  'corrupt-batch': BatchRefusedError,
  'batch-too-large': BatchRefusedError,
  'invalid-timestamp': BatchRefusedError,
  'out-of-order-sequence': ProducerStateError,
  'unknown-producer': ProducerStateError,
  'producer-fenced': ProducerStateError,
  'duplicate-sequence': ProducerStateError,
  'invalid-batch': BatchRefusedError,
  'unsupported-compression': BatchRefusedError,
  'no-transaction': BatchRefusedError,
  'not-enough-replicas': BatchRefusedError,
  'storage-failed': StorageError,
  'disk-full': StorageError,
  'offset-out-of-range': OffsetOutOfRangeError,
  'corrupt-log': CorruptDataError,
  'durability-unavailable': BatchRefusedError,
  unconfirmed: StorageError,
};

const adviceFor: Readonly<Record<Retry, string>> = {
  never: '',
  later: 'try again a little later',
  reconnect: 'connect again',
  refresh: 'ask for the topic again, then repeat',
};

/** Where the retry says too little. */
const adviceAbout: Readonly<Partial<Record<ErrorName, string>>> = {
  'storage-failed':
    'nothing was written: do not repeat it on this node before it was started again on a disk that works; what it holds can still be read',
  unconfirmed: 'once the node was started again, read what is there before you send it again',
};

function adviceOn(name: ErrorName, retry: Retry): string {
  return adviceAbout[name] ?? adviceFor[retry];
}

/** What a server answered, as it is thrown. */
export function errorOf(wire: WireError): MillraceError {
  const name = errorNamed(wire.code);
  const retry = retryNamed(wire.retry) ?? 'never';
  if (name === undefined) {
    return new ServerError(
      'unknown-error',
      wire.text || `error ${wire.code}`,
      retry !== 'never',
      'a newer client knows this error',
    );
  }
  const error = new classes[name](name, wire.text || errors[name].text, retry !== 'never', adviceOn(name, retry));
  error.retryAfterMs = wire.retryAfterMs;
  return error;
}

export function errorNamedAs(name: ErrorName, message: string = errors[name].text): MillraceError {
  const { retry } = errors[name];
  return new classes[name](name, message, retry !== 'never', adviceOn(name, retry));
}

export const connectionLost = (why: string) =>
  new ConnectionError('connection-lost', `the connection was lost: ${why}`, true, 'it comes back by itself: repeat the call');

export const timedOut = (what: string, timeoutMs: number) =>
  new TimeoutError('timed-out', `${what}: no answer within ${timeoutMs} ms`, true, 'it may or may not have happened');

export const closedError = (what: string) => new ClosedError('closed', `${what} is closed`);

export const invalidArgument = (message: string) => new InvalidArgumentError('invalid-argument', message);
