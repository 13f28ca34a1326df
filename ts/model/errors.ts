// Every way in which a request can fail, once. Codes are those of proto/millrace/v1/error.proto and of Kafka's protocol, and are
// never used again for anything else. docs/generated/error-codes.md is made from this table.

export type Retry = 'never' | 'later' | 'reconnect' | 'refresh';

interface ErrorRow {
  /** ErrorCode in error.proto. */
  readonly code: number;
  /** Kafka's code for it. */
  readonly kafka: number;
  readonly retry: Retry;
  /** For people, where nothing more is known. */
  readonly text: string;
}

export const errors = {
  malformed: { code: 1, kafka: 42, retry: 'never', text: 'this is no message of the protocol' },
  'unsupported-version': { code: 2, kafka: 35, retry: 'never', text: 'this version of the protocol is not spoken here' },
  'out-of-order': { code: 3, kafka: 42, retry: 'never', text: 'the message came at the wrong time' },
  'limit-exceeded': { code: 4, kafka: 42, retry: 'never', text: 'more than this connection may ask for' },
  idle: { code: 5, kafka: 13, retry: 'reconnect', text: 'nothing came for too long' },
  'shutting-down': { code: 6, kafka: 13, retry: 'reconnect', text: 'the node is shutting down' },
  'invalid-request': { code: 7, kafka: 42, retry: 'never', text: 'a field of the request makes no sense' },
  'timed-out': { code: 8, kafka: 7, retry: 'later', text: 'no answer in time: it may or may not have happened' },
  internal: { code: 9, kafka: -1, retry: 'never', text: 'a fault of the node: its log says more' },
  overloaded: { code: 10, kafka: 89, retry: 'later', text: 'a queue is full: nothing was done' },

  'unknown-topic': { code: 20, kafka: 3, retry: 'refresh', text: 'there is no such topic: create it first' },
  'unknown-partition': { code: 21, kafka: 3, retry: 'refresh', text: 'the topic has no such partition' },
  'topic-exists': { code: 22, kafka: 36, retry: 'never', text: 'a topic of this name exists' },
  'invalid-topic': { code: 23, kafka: 17, retry: 'never', text: 'no topic can have this name' },
  'invalid-config': { code: 24, kafka: 40, retry: 'never', text: 'a setting is unknown or cannot have this value' },
  'invalid-partitions': { code: 25, kafka: 37, retry: 'never', text: 'a topic cannot have this many partitions' },
  'invalid-replication-factor': { code: 26, kafka: 38, retry: 'never', text: 'there are not that many nodes' },
  'stale-topic-id': { code: 27, kafka: 100, retry: 'refresh', text: 'the topic of this id was deleted' },
  'not-leader': { code: 28, kafka: 6, retry: 'refresh', text: 'another node leads this partition' },
  'deletion-incomplete': {
    code: 29,
    kafka: 56,
    retry: 'never',
    text: 'the topic is deleted, but not all of its files are removed',
  },
  'invalid-assignment': { code: 30, kafka: 39, retry: 'never', text: 'partitions cannot lie on these nodes' },
  'policy-violation': { code: 31, kafka: 44, retry: 'never', text: 'the topic’s settings forbid it' },

  'corrupt-batch': { code: 40, kafka: 2, retry: 'never', text: 'the batch is damaged or not a batch' },
  'batch-too-large': { code: 41, kafka: 10, retry: 'never', text: 'the batch is larger than its topic allows' },
  'invalid-timestamp': { code: 42, kafka: 32, retry: 'never', text: 'a timestamp is out of bounds' },
  'out-of-order-sequence': { code: 43, kafka: 45, retry: 'never', text: 'a batch of this producer is missing' },
  'unknown-producer': { code: 44, kafka: 59, retry: 'never', text: 'nothing is known of this producer any more' },
  'producer-fenced': { code: 45, kafka: 47, retry: 'never', text: 'a newer producer with this id took over' },
  'duplicate-sequence': { code: 46, kafka: 46, retry: 'never', text: 'stored before, longer ago than is remembered' },
  'invalid-batch': { code: 47, kafka: 87, retry: 'never', text: 'the batch is nothing that a producer may write' },
  'unsupported-compression': { code: 48, kafka: 76, retry: 'never', text: 'batches of this compression are not taken' },
  'no-transaction': { code: 49, kafka: 48, retry: 'never', text: 'the batch is of a transaction that nobody began' },
  'not-enough-replicas': { code: 50, kafka: 19, retry: 'later', text: 'fewer replicas are in sync than the topic asks for' },

  'storage-failed': {
    code: 60,
    kafka: 56,
    retry: 'never',
    text: 'the log directory failed: nothing was written, and this node takes no more before it is started again',
  },
  'disk-full': { code: 61, kafka: 56, retry: 'later', text: 'the disk is full' },
  'offset-out-of-range': { code: 62, kafka: 1, retry: 'never', text: 'the log does not hold this offset' },
  'corrupt-log': { code: 63, kafka: 2, retry: 'never', text: 'what is stored at this offset cannot be read' },
  'durability-unavailable': { code: 64, kafka: 87, retry: 'never', text: 'the topic promises less than was asked for' },
  unconfirmed: {
    code: 65,
    kafka: 56,
    retry: 'never',
    text: 'the log directory failed while the batch was written: whether it is there the next start of the node tells',
  },
} as const satisfies Readonly<Record<string, ErrorRow>>;

export type ErrorName = keyof typeof errors;

export interface Failure {
  readonly error: ErrorName;
  /** What happened here, for people; the table's own words where absent. */
  readonly message?: string;
  /** What to do about it here, where that is not what the table says. */
  readonly retry?: Retry;
}

export function errorRow(name: ErrorName): ErrorRow {
  return errors[name];
}
