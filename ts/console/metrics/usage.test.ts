import { expect, test } from 'vitest';
import { usageOf } from './usage.js';

const partition = (number: number, highWatermark: number, size = highWatermark * 10) => ({
  partition: number,
  logStartOffset: 5,
  highWatermark,
  size,
  segments: 1,
});

test('seen once, a topic has counts and no rates', () => {
  const usage = usageOf(undefined, 'a', [partition(0, 10), partition(1, 20)], 1_000);
  expect(usage).toMatchObject({ records: 20, size: 300, recordRate: undefined, sizeRate: undefined });
});

test('seen twice, it has both, each partition too', () => {
  const before = usageOf(undefined, 'a', [partition(0, 10), partition(1, 20)], 1_000);
  const now = usageOf(before, 'a', [partition(0, 30), partition(1, 20)], 3_000);
  expect(now).toMatchObject({ recordRate: 10, sizeRate: 100 });
  expect(now.partitions.map(({ recordRate }) => recordRate)).toEqual([10, 0]);
});

test('retention makes it smaller, which is no growth', () => {
  const before = usageOf(undefined, 'a', [partition(0, 10, 500)], 1_000);
  expect(usageOf(before, 'a', [partition(0, 12, 100)], 2_000)).toMatchObject({ recordRate: 2, sizeRate: undefined });
});

test('created anew, it begins anew; a partition that came has no rate yet', () => {
  const before = usageOf(undefined, 'a', [partition(0, 10)], 1_000);
  expect(usageOf(before, 'b', [partition(0, 12)], 2_000).recordRate).toBeUndefined();
  expect(usageOf(before, 'a', [partition(0, 10), partition(1, 7)], 2_000)).toMatchObject({ recordRate: 0 });
});
