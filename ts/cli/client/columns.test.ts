import { expect, test } from 'vitest';
import { columns, durationText, plainRows, sizeText } from './columns.js';

test('columns are as wide as they must be, numbers stand to the right', () => {
  const rows = [
    ['orders', 12, ''],
    ['a', 3, 'yes'],
  ];
  expect(columns(['topic', 'partitions', 'seen'], rows)).toBe(
    'topic   partitions  seen\norders          12\na                3  yes\n',
  );
  expect(columns(['topic', 'n'], [])).toBe('topic  n\n');
});

test('sizes and durations as people say them', () => {
  expect([0, 1023, 1024, 5 * 2 ** 30, 2 ** 70].map(sizeText)).toEqual(['0 B', '1023 B', '1.0 KiB', '5.0 GiB', '1048576.0 PiB']);
  expect([999, 61_000, 3_700_000, 200 * 3_600_000].map(durationText)).toEqual(['0 s', '1 min 1 s', '1 h 1 min', '8 days 8 h']);
});

test('plain rows have a tab between two fields, and none within one', () => {
  const rows = [
    ['a', 1, 'x\ty'],
    ['', 22, 'z\n'],
  ];
  expect(plainRows(rows)).toBe('a\t1\tx y\n\t22\tz \n');
});
