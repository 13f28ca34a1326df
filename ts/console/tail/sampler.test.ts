import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Sampler } from './sampler.js';

const settings = { windowMs: 200, admittedMax: 100, saidMs: 2_000 };

test('a slow stream is shown whole', () => {
  const sampler = new Sampler(settings);
  for (let now = 0; now < 5_000; now += 20) {
    expect(sampler.pick(8, now)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(sampler.isSampling(now)).toBe(false);
  }
});

test('a fast one is bounded in every window, spread over it, and said to be sampled', () => {
  const sampler = new Sampler(settings);
  const shown: number[] = [];
  for (let now = 0; now < 10_000; now += 10) shown.push(sampler.pick(500, now).length);
  for (let from = 0; from < shown.length; from += 20) {
    expect(shown.slice(from, from + 20).reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(100);
  }
  // From the second window on every hundredth: five of each call.
  expect(new Set(shown.slice(20))).toEqual(new Set([5]));
  expect(sampler.isSampling(11_900)).toBe(true);
  expect(sampler.isSampling(11_990)).toBe(false);
});

test('after a burst all is shown again', () => {
  const sampler = new Sampler(settings);
  expect(sampler.pick(10_000, 0)).toHaveLength(100);
  expect(sampler.pick(3, 1_000)).toEqual([0, 1, 2]);
});

test('never more than the bound, never an index twice', () => {
  const step = fc.record({ count: fc.nat(5_000), afterMs: fc.nat(500) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const sampler = new Sampler(settings);
      let now = 0;
      let windowStart: number | undefined;
      let inWindow = 0;
      for (const { count, afterMs } of steps) {
        now += afterMs;
        windowStart ??= now;
        if (now - windowStart >= settings.windowMs) {
          windowStart += Math.floor((now - windowStart) / settings.windowMs) * settings.windowMs;
          inWindow = 0;
        }
        const picked = sampler.pick(count, now);
        inWindow += picked.length;
        expect(inWindow).toBeLessThanOrEqual(settings.admittedMax);
        expect(picked).toEqual([...new Set(picked)].sort((a, b) => a - b));
        expect(picked.every((index) => index >= 0 && index < count)).toBe(true);
        if (count > 0 && inWindow === 0) expect(picked.length).toBeGreaterThan(0);
      }
    }),
  );
});
