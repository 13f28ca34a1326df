import { expect, test } from 'vitest';
import { progressText } from './progress.js';

test.each([
  [{ count: 1_500_000, elapsedMs: 3000, part: undefined }, '1,500,000 records, 500,000 a second'],
  [{ count: 250, elapsedMs: 10_000, part: 0.25 }, '25 %, 250 records, 25 a second, 30 s left'],
  [{ count: 1, elapsedMs: 60_000, part: 0.001 }, '0 %, 1 records, 0 a second, 16 h 39 min left'],
  [{ count: 1, elapsedMs: 60_000, part: 0.5 }, '50 %, 1 records, 0 a second, 1 min 0 s left'],
  // More came than there was in the beginning.
  [{ count: 20, elapsedMs: 1000, part: 1.4 }, '100 %, 20 records, 20 a second, 0 s left'],
  [{ count: 0, elapsedMs: 0, part: 0 }, '0 records, 0 a second'],
])('%j', (advance, text) => {
  expect(progressText(advance)).toBe(text);
});
