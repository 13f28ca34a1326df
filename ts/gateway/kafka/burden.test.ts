import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Burdens } from './burden.js';

const sizeMax = 25_600;

test('whoever has much waits, whoever has next to nothing goes on, and nobody beyond the whole', () => {
  const burdens = new Burdens(sizeMax);
  const [heavy, other, light] = [burdens.open(), burdens.open(), burdens.open()];
  heavy.add(sizeMax / 8);
  expect([burdens.mayBegin(heavy), burdens.mayBegin(other)]).toEqual([false, true]);
  other.add(sizeMax / 2);
  light.add(99);
  expect([burdens.isFull, burdens.mayBegin(heavy), burdens.mayBegin(light)]).toEqual([true, false, true]);
  light.add(1);
  expect(burdens.mayBegin(light)).toBe(false);
  const late = burdens.open();
  expect(burdens.mayBegin(late)).toBe(true);
  other.add(sizeMax / 2);
  expect(burdens.mayBegin(late)).toBe(false);
  other.close();
  other.add(-5);
  expect([burdens.total, burdens.mayBegin(late)]).toEqual([sizeMax / 8 + 100, true]);
});

test('whatever begins and ends, nothing is counted that is not there, and the last request alone goes beyond the whole', () => {
  const steps = fc.array(fc.tuple(fc.nat(20), fc.nat(4000), fc.boolean()), { maxLength: 300 });
  fc.assert(
    fc.property(steps, (drawn) => {
      const burdens = new Burdens(sizeMax);
      const connections = Array.from({ length: 21 }, () => ({ burden: burdens.open(), under: [] as number[] }));
      for (const [at, size, ends] of drawn) {
        const { burden, under } = connections[at] as (typeof connections)[number];
        if (ends) burden.add(-(under.pop() ?? 0));
        else if (burdens.mayBegin(burden)) {
          expect(burdens.total).toBeLessThan(sizeMax);
          burden.add(size);
          under.push(size);
        }
      }
      expect(burdens.total).toBe(connections.reduce((sum, { under }) => sum + under.reduce((a, b) => a + b, 0), 0));
      for (const { burden } of connections) burden.close();
      expect(burdens.total).toBe(0);
    }),
  );
});
