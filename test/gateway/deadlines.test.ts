import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Deadlines } from '../../ts/gateway/deadlines.js';
import { ManualClock } from './memory-cluster.js';

const command = fc.oneof(
  fc.nat(500).map((delayMs) => ({ add: delayMs })),
  fc.nat(20).map((index) => ({ remove: index })),
  fc.oneof(fc.nat(50), fc.constant(10_000)).map((byMs) => ({ advance: byMs })),
);

test('each deadline that is not taken back comes once, never early, at most two ticks late', () => {
  const property = fc.property(fc.array(command, { maxLength: 60, size: 'max' }), fc.nat(1e6), (commands, startMs) => {
    const clock = new ManualClock();
    clock.nowMs = startMs;
    const deadlines = new Deadlines(clock);
    const waiting: { atMs: number; tick: number; self: { onTime(): void } }[] = [];
    for (const each of commands) {
      if ('add' in each) {
        const entry = { atMs: clock.nowMs + each.add, tick: 0, self: { onTime: () => fire(entry) } };
        const fire = (fired: typeof entry) => {
          expect(clock.nowMs).toBeGreaterThanOrEqual(fired.atMs);
          expect(clock.nowMs).toBeLessThanOrEqual(fired.atMs + 41);
          expect(waiting.includes(fired)).toBe(true);
          waiting.splice(waiting.indexOf(fired), 1);
        };
        entry.tick = deadlines.add(each.add, entry.self);
        waiting.push(entry);
      } else if ('remove' in each) {
        const [entry] = waiting.splice(each.remove, 1);
        if (entry !== undefined) deadlines.remove(entry.tick, entry.self);
      } else clock.advance(each.advance);
      expect(deadlines.count).toBe(waiting.length);
      expect(clock.timers).toBe(waiting.length > 0 ? 1 : 0);
    }
    clock.advance(1_000);
    expect([waiting.length, clock.timers]).toEqual([0, 0]);
  });
  fc.assert(property, { numRuns: 1000 });
});

test('a clock that jumps far fires everything that is due, in order', () => {
  const clock = new ManualClock();
  const deadlines = new Deadlines(clock);
  const fired: number[] = [];
  for (const delayMs of [900, 30, 400]) deadlines.add(delayMs, { onTime: () => void fired.push(delayMs) });
  clock.nowMs = 1e9;
  clock.advance(20);
  expect(fired).toEqual([30, 400, 900]);
});
