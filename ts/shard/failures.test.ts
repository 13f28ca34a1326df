import { expect, test } from 'vitest';
import { errors } from '../model/errors.js';
import { refusalCodes } from '../native/log-events.js';
import { failureOfRefusal } from './failures.js';

const refusalOf = (code: (typeof refusalCodes)[number], first = 0) =>
  ({ partition: 0, ticket: 0, code, details: [first, 0, 0] }) as const;

test.each([
  ['fenced', 'storage-failed'],
  ['unconfirmed', 'unconfirmed'],
] as const)('%s: the log directory’s own reason is passed on', (code, error) => {
  expect(failureOfRefusal(refusalOf(code), 'a sync failed')).toEqual({ error, message: 'a sync failed' });
  expect(failureOfRefusal(refusalOf(code), undefined)).toEqual({ error });
});

/** What the sender of the same bytes would meet again. */
const ofTheBatch = ['invalid-batch', 'invalid-timestamp', 'batch-too-large', 'unsupported-compression'];

test('Kafka’s clients send again what was damaged, and nothing that stays refused', () => {
  const retriable = refusalCodes.filter((code) => errors[failureOfRefusal(refusalOf(code, 7), undefined).error].kafka === 2);
  expect(retriable).toEqual(['too-short', 'unsupported-magic', 'invalid-length', 'corrupt-batch']);
  expect(failureOfRefusal(refusalOf('unsupported-magic', 1), undefined).error).toBe('invalid-batch');
});

test.each(refusalCodes)('%s: who wrote the batch is told what is wrong with it', (code) => {
  const { error, message } = failureOfRefusal(refusalOf(code), undefined);
  if (ofTheBatch.includes(error)) expect(message).toMatch(/^.{20,}$/);
});
