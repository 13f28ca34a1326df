import { expect, test } from 'vitest';
import { addressText, parseAddress, parseCount, parseSize } from './quantities.js';

test.each([
  ['0', 0],
  ['512', 512],
  ['4KiB', 4096],
  ['512MiB', 2 ** 29],
  ['2TiB', 2 ** 41],
])('%s is a size', (text, size) => {
  expect(parseSize(text)).toBe(size);
});

test.each(['', 'MiB', '1MB', '1.5GiB', '-1', '1 KiB', '99999999TiB', '0x10'])('%j is no size', (text) => {
  expect(parseSize(text)).toBeUndefined();
});

test('a count has digits only', () => {
  expect(parseCount('007')).toBe(7);
  expect(['', '-1', '1e3', '9007199254740993'].map(parseCount)).toEqual([undefined, undefined, undefined, undefined]);
});

test.each(['127.0.0.1:9092', 'localhost:0', '[::1]:65535'])('%s is an address, and is written as one', (text) => {
  const address = parseAddress(text);
  expect(address).toBeDefined();
  if (address !== undefined) expect(addressText(address)).toBe(text);
});

test.each(['', 'localhost', ':9092', '::1:9092', 'a:65536', 'a:', 'a b:1', 'http://a:1'])('%j is no address', (text) => {
  expect(parseAddress(text)).toBeUndefined();
});
