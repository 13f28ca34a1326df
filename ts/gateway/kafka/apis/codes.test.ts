import { expect, test } from 'vitest';
import { type ErrorName, errors } from '../../../model/errors.js';
import { kafkaErrors } from '../../../wire/kafka/error-codes.js';
import { outcomeOf } from './refusal.js';
import { codeOf, messageOf } from './row.js';

/** What Kafka's tools expect to be told for each of our errors. */
const expected: Readonly<Record<ErrorName, keyof typeof kafkaErrors>> = {
  malformed: 'INVALID_REQUEST',
  'unsupported-version': 'UNSUPPORTED_VERSION',
  'out-of-order': 'INVALID_REQUEST',
  'limit-exceeded': 'INVALID_REQUEST',
  idle: 'NETWORK_EXCEPTION',
  'shutting-down': 'NETWORK_EXCEPTION',
  'invalid-request': 'INVALID_REQUEST',
  'timed-out': 'REQUEST_TIMED_OUT',
  internal: 'UNKNOWN_SERVER_ERROR',
  overloaded: 'THROTTLING_QUOTA_EXCEEDED',
  'unknown-topic': 'UNKNOWN_TOPIC_OR_PARTITION',
  'unknown-partition': 'UNKNOWN_TOPIC_OR_PARTITION',
  'topic-exists': 'TOPIC_ALREADY_EXISTS',
  'invalid-topic': 'INVALID_TOPIC_EXCEPTION',
  'invalid-config': 'INVALID_CONFIG',
  'invalid-partitions': 'INVALID_PARTITIONS',
  'invalid-replication-factor': 'INVALID_REPLICATION_FACTOR',
  'stale-topic-id': 'UNKNOWN_TOPIC_ID',
  'not-leader': 'NOT_LEADER_OR_FOLLOWER',
  'deletion-incomplete': 'KAFKA_STORAGE_ERROR',
  'invalid-assignment': 'INVALID_REPLICA_ASSIGNMENT',
  'policy-violation': 'POLICY_VIOLATION',
  'corrupt-batch': 'CORRUPT_MESSAGE',
  'batch-too-large': 'MESSAGE_TOO_LARGE',
  'invalid-timestamp': 'INVALID_TIMESTAMP',
  'out-of-order-sequence': 'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'unknown-producer': 'UNKNOWN_PRODUCER_ID',
  'producer-fenced': 'INVALID_PRODUCER_EPOCH',
  'duplicate-sequence': 'DUPLICATE_SEQUENCE_NUMBER',
  'invalid-batch': 'INVALID_RECORD',
  'unsupported-compression': 'UNSUPPORTED_COMPRESSION_TYPE',
  'no-transaction': 'INVALID_TXN_STATE',
  'not-enough-replicas': 'NOT_ENOUGH_REPLICAS',
  'storage-failed': 'KAFKA_STORAGE_ERROR',
  'disk-full': 'KAFKA_STORAGE_ERROR',
  'offset-out-of-range': 'OFFSET_OUT_OF_RANGE',
  'corrupt-log': 'CORRUPT_MESSAGE',
  'durability-unavailable': 'INVALID_RECORD',
  unconfirmed: 'KAFKA_STORAGE_ERROR',
};

test.each(Object.entries(expected))('%s is told as %s', (error, name) => {
  expect(codeOf({ error: error as ErrorName })).toBe(kafkaErrors[name].code);
  expect(messageOf({ error: error as ErrorName })).toBe(errors[error as ErrorName].text);
});

test('a command that finds no leader is told that there is no controller', () => {
  const message = 'node 2 is asked';
  expect(outcomeOf({ error: 'not-leader', message })).toEqual({
    errorCode: kafkaErrors.NOT_CONTROLLER.code,
    errorMessage: message,
  });
  expect(outcomeOf({ error: 'topic-exists' })).toMatchObject({ errorCode: kafkaErrors.TOPIC_ALREADY_EXISTS.code });
});
