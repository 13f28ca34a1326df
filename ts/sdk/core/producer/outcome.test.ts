import { expect, test } from 'vitest';
import { type ErrorName, errors } from '../../../model/errors.js';
import { retries } from '../../../wire/proto/enums.js';
import type { ProduceResult } from '../../../wire/proto/generated/messages.js';
import { errorNamedAs, errorOf, MillraceError } from '../errors.js';
import { outcomeOf, outcomeOfError } from './outcome.js';

const names = Object.keys(errors) as ErrorName[];

test('what an error advises never to repeat is not repeated, and the reverse', () => {
  const special: readonly string[] = ['duplicate-sequence', 'out-of-order-sequence', 'unknown-producer'];
  for (const name of names.filter((one) => !special.includes(one))) {
    const isAgain = outcomeOfError(errorNamedAs(name)).kind === 'again';
    expect([name, isAgain]).toEqual([name, errors[name].retry !== 'never']);
  }
  expect(special.map((name) => outcomeOfError(errorNamedAs(name as ErrorName)).kind)).toEqual([
    'stored',
    'gap',
    'unknown-producer',
  ]);
});

test('an error of a newer server is taken by its advice, and as one that may have stored', () => {
  const wire = (retry: number) => ({ code: 999, text: 'new', retry, retryAfterMs: 7 });
  expect(outcomeOfError(errorOf(wire(retries.later)))).toMatchObject({ kind: 'again', isMaybeStored: true });
  expect(outcomeOfError(errorOf(wire(retries.never)))).toMatchObject({ kind: 'refused', isMaybeStored: true });
  expect(outcomeOfError(errorOf(wire(77)))).toMatchObject({ kind: 'refused' });
});

test('the advice decides whether a refusal is repeated: a limit that others use up for now is waited for', () => {
  const { code } = errors['limit-exceeded'];
  const wire = (retry: number) => ({ code, text: 'too many', retry, retryAfterMs: 70 });
  expect(outcomeOfError(errorOf(wire(retries.never)))).toMatchObject({ kind: 'refused', isMaybeStored: false });
  const later = outcomeOfError(errorOf(wire(retries.later)));
  expect(later).toMatchObject({ kind: 'again', isMaybeStored: false, error: { retryAfterMs: 70 } });
});

test('an error names its kind, its code and what to do', () => {
  const { code } = errors['disk-full'];
  const error = errorOf({ code, text: 'full', retry: retries.later, retryAfterMs: 50 });
  expect(error).toBeInstanceOf(MillraceError);
  expect(error).toMatchObject({ name: 'StorageError', code: 'disk-full', isRetriable: true, retryAfterMs: 50 });
  expect(error.message).toContain(error.advice);
  for (const name of names) expect(errorNamedAs(name).name).not.toBe('MillraceError');
});

test('a result without error is stored', () => {
  const result = { error: null, baseOffset: 5 } as ProduceResult;
  expect(outcomeOf(result)).toEqual({ kind: 'stored', result });
});
