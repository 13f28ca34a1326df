import { expect, test } from 'vitest';
import { storageSecondsSince } from './processes.js';

const times = (seconds: Readonly<Record<string, number>>) =>
  new Map(Object.entries(seconds).map(([id, second]) => [id, second * 1e9]));

test('the time of kernel threads counts once, whether they stay, come, or go', () => {
  expect(storageSecondsSince(times({ 7: 100, 8: 5 }), times({ 7: 101, 9: 2 }))).toBe(3);
});

test('a thread that was given the number of one that ended counts from its beginning', () => {
  expect(storageSecondsSince(times({ 7: 100 }), times({ 7: 0.5 }))).toBe(0.5);
});
