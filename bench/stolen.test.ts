import { expect, test } from 'vitest';
import { stolenMeter, stolenShare, timesOf } from './stolen.js';

const stat = `cpu  639101 1 83983 560039 16722 2 13442 200754 7 0
cpu0 320000 0 42000 280000 8300 0 6700 100000 0 0
intr 1234
`;

test('what the host took, of what was wanted', () => {
  const before = timesOf(stat);
  expect(before).toEqual({ used: 639101 + 1 + 83983 + 2 + 13442, stolen: 200754 });
  const after = timesOf('cpu  639161 1 83993 570039 16722 2 13447 200779 7 0\n');
  // 75 used, 25 taken; idle time counts for nothing.
  expect(stolenShare(before, after)).toBe(0.25);
  expect(stolenShare(before, before)).toBe(0);
});

test('a machine tells it now', () => {
  const share = stolenMeter()();
  expect(share >= 0 && share <= 1).toBe(true);
});
