import { expect, test } from 'vitest';
import { BrokenInvariant } from './assert.js';
import { isOffset, offset, offsetMax } from './offset.js';

test('an offset is a whole number from 0 to 2^53-1', () => {
  expect([0, 1, offsetMax].every(isOffset)).toBe(true);
  expect([-1, 0.5, offsetMax + 1, Number.NaN, Number.POSITIVE_INFINITY].some(isOffset)).toBe(false);
  expect(offset(7)).toBe(7);
  expect(() => offset(2 ** 53)).toThrow(BrokenInvariant);
});
