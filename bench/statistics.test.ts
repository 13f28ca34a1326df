import { expect, test } from 'vitest';
import { median, medianRatio, takeTurns } from './statistics.js';

test('medians, and of neighbours rather than of sides', () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
  expect(median([])).toBeNaN();
  // The machine was half as quick in the second lap, for both.
  expect(medianRatio([10, 20, 12], [10, 20, 10], (value) => value)).toBe(1);
});

test('sides take turns in coming first', async () => {
  const order: string[] = [];
  await takeTurns(['a', 'b'], 3, async (side) => {
    order.push(side);
  });
  expect(order.join('')).toBe('abbaab');
});
