import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buckets, parseExposition, total } from './exposition.js';
import { History } from './history.js';
import { bucketsBetween, quantile, rateBetween } from './rates.js';

const page = `# HELP millrace_x_total Something.
# TYPE millrace_x_total counter
millrace_x_total{thread="0"} 3
millrace_x_total{thread="1"} 4
millrace_plain 1.5e3 1700000000
millrace_t_seconds_bucket{thread="0",le="0.1"} 1
millrace_t_seconds_bucket{thread="0",le="+Inf"} 2
millrace_t_seconds_bucket{thread="1",le="0.1"} 10
millrace_t_seconds_bucket{thread="1",le="+Inf"} 20
nonsense
millrace_bad{a="b"} x
`;

test('a page of metrics is read, and what is none passed over', () => {
  const read = parseExposition(page);
  expect(total(read, 'millrace_x_total')).toBe(7);
  expect(total(read, 'millrace_plain')).toBe(1500);
  expect(total(read, 'millrace_bad')).toBeUndefined();
  expect([...buckets(read, 'millrace_t_seconds')]).toEqual([
    [0.1, 11],
    [Number.POSITIVE_INFINITY, 22],
  ]);
  expect(buckets(read, 'none').size).toBe(0);
});

test('any text is read without an exception', () => {
  fc.assert(fc.property(fc.string(), (source) => parseExposition(source).size >= 0));
});

test('rates are per second, and a counter that began anew counts from nothing', () => {
  expect(rateBetween(undefined, { atMs: 0, value: 5 })).toBeUndefined();
  expect(rateBetween({ atMs: 0, value: 5 }, { atMs: 2_000, value: 25 })).toBe(10);
  expect(rateBetween({ atMs: 0, value: 500 }, { atMs: 1_000, value: 7 })).toBe(7);
  expect(rateBetween({ atMs: 5, value: 0 }, { atMs: 5, value: 7 })).toBeUndefined();
});

test('quantiles lie within their bucket', () => {
  const cumulative = new Map([
    [1, 50],
    [2, 90],
    [Number.POSITIVE_INFINITY, 100],
  ]);
  expect(quantile(0.5, cumulative)).toBe(1);
  expect(quantile(0.7, cumulative)).toBe(1.5);
  expect(quantile(0.99, cumulative)).toBe(2);
  expect(quantile(0.5, new Map())).toBeUndefined();
  expect(quantile(0.5, new Map([[1, 0]]))).toBeUndefined();
});

test('quantiles rise with their share', () => {
  const counts = fc.array(fc.nat(100), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(counts, fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (given, a, b) => {
      const cumulative = new Map<number, number>();
      let sum = 0;
      for (const [index, each] of given.entries()) {
        sum += each;
        cumulative.set(index + 1, sum);
      }
      const [low, high] = [quantile(Math.min(a, b), cumulative), quantile(Math.max(a, b), cumulative)];
      if (sum === 0) expect(low).toBeUndefined();
      else expect(low).toBeLessThanOrEqual((high ?? 0) + 1e-9);
    }),
  );
});

test('a histogram that began anew is taken as it is', () => {
  const before = new Map([[1, 5]]);
  expect([...bucketsBetween(before, new Map([[1, 7]]))]).toEqual([[1, 2]]);
  expect([...bucketsBetween(before, new Map([[1, 2]]))]).toEqual([[1, 2]]);
});

test('a history keeps its newest points, gaps included', () => {
  let history = History.of(2, 3);
  for (let second = 1; second <= 5; second++) history = history.with(second * 1000, [second, second === 4 ? undefined : -second]);
  expect(history.columns).toEqual([
    [3, 4, 5],
    [3, 4, 5],
    [-3, null, -5],
  ]);
  expect([history.last(0), history.last(1)]).toEqual([5, -5]);
  expect(history.with(1_000, [9, 9]).columns).toEqual([[1], [9], [9]]);
});
