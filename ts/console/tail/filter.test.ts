import { expect, test } from 'vitest';
import { filterOf, termsOf } from './filter.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const record = {
  key: bytes('customer-42'),
  value: bytes('{"state":"PAID","note":"two words"}'),
  headers: [
    { name: 'Trace', value: bytes('abc') },
    { name: 'empty', value: null },
  ],
};

test.each([
  ['', true],
  ['   ', true],
  ['paid', true],
  ['PAID 42', true],
  ['paid refused', false],
  ['"two words"', true],
  ['"words two"', false],
  ['-refused', true],
  ['-paid', false],
  ['key:42', true],
  ['key:paid', false],
  ['value:paid', true],
  ['value:customer', false],
  ['header:trace', true],
  ['header:trace=abc', true],
  ['-header:trace=abc', false],
  ['header:paid', false],
  ['abc', true],
  ['"two wor', true],
  ['"', true],
])('%j: %j', (query, expected) => {
  expect(filterOf(query).matches(record)).toBe(expected);
});

test('a record without key and value has nothing to find', () => {
  const empty = { key: null, value: null, headers: [] };
  expect(filterOf('null').matches(empty)).toBe(false);
  expect(filterOf('-null').matches(empty)).toBe(true);
});

test('bytes that are no text are looked through as far as they are', () => {
  expect(filterOf('ok').matches({ key: null, value: new Uint8Array([0xff, 0x6f, 0x6b, 0xfe]), headers: [] })).toBe(true);
});

test('terms know their place', () => {
  expect(termsOf('a -key:"b c"')).toEqual([
    { place: 'any', text: 'a', isExcluded: false },
    { place: 'key', text: 'b c', isExcluded: true },
  ]);
  expect(filterOf(' "" ').isEmpty).toBe(true);
});
