import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { errors } from '../../model/errors.js';
import { configSources, durabilities, durabilityNamed, errorNamed, retries } from './enums.js';
import { millrace } from './generated/messages.js';

const { v1 } = millrace;

/** The names of an enum in the way of the code: `RETRY_NEVER` is `never`. */
function rowsOf(values: Readonly<Record<string, number>>, prefix: string): Readonly<Record<string, number>> {
  const rows = Object.entries(values).map(([name, value]) => [
    name.slice(prefix.length).toLowerCase().replaceAll('_', '-'),
    value,
  ]);
  return Object.fromEntries(rows);
}

test('the table of errors and error.proto name the same codes', () => {
  const { none, ...rows } = rowsOf(v1.ErrorCode, 'ERROR_CODE_');
  expect(none).toBe(0);
  expect(Object.fromEntries(Object.entries(errors).map(([name, { code }]) => [name, code]))).toEqual(rows);
});

test('codes are named and used once', () => {
  const codes = Object.values(errors).map(({ code }) => code);
  expect(new Set(codes).size).toBe(codes.length);
  expect([errorNamed(errors['disk-full'].code), errorNamed(0), errorNamed(999)]).toEqual(['disk-full', undefined, undefined]);
});

test('every row of the tables is one of the enum, and the reverse', () => {
  expect(retries).toEqual(rowsOf(v1.Retry, 'RETRY_'));
  expect(configSources).toEqual(rowsOf(v1.ConfigSource, 'CONFIG_SOURCE_'));
  const { unspecified, ...rest } = rowsOf(v1.Durability, 'DURABILITY_');
  expect(durabilities).toEqual({ none: unspecified, ...rest });
  expect([durabilityNamed(2), durabilityNamed(7)]).toEqual(['fsync', undefined]);
});

test('the retry advice of the table has a number in the protocol', () => {
  for (const { retry } of Object.values(errors)) expect(Object.keys(retries)).toContain(retry);
  expect(readFileSync(new URL('../../../proto/millrace/v1/error.proto', import.meta.url), 'utf8')).toContain(
    'ERROR_CODE_NONE = 0',
  );
});
