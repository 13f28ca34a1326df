import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rangeOf, scrollToRow } from './range.js';

test('draws what is seen and a little more, never what is not there', () => {
  const whole = fc.record({
    first: fc.nat(100_000),
    count: fc.nat(5_000),
    scrollTop: fc.nat(200_000),
    height: fc.nat(2_000),
  });
  fc.assert(
    fc.property(whole, ({ first, count, scrollTop, height }) => {
      const { from, to, top } = rangeOf(first, first + count, 24, { scrollTop, height });
      expect(from).toBeGreaterThanOrEqual(first);
      expect(to).toBeLessThanOrEqual(first + count);
      expect(to - from).toBeLessThanOrEqual(height / 24 + 22);
      expect(top).toBe((from - first) * 24);
      for (let number = first; number < first + count; number += 97) {
        const at = (number - first) * 24;
        if (at + 24 > scrollTop && at < scrollTop + height) expect(number >= from && number < to).toBe(true);
      }
    }),
  );
});

test('scrolls to a row no further than it must', () => {
  const viewport = { scrollTop: 240, height: 240 };
  expect(scrollToRow(15, 0, 24, viewport)).toBe(240);
  expect(scrollToRow(5, 0, 24, viewport)).toBe(120);
  expect(scrollToRow(20, 0, 24, viewport)).toBe(264);
});
