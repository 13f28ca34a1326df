import { expect, test } from 'vitest';
import { copierOf } from './copy.js';

let crossings = 0;
const copyInto = copierOf(() => crossings++);

test('bytes arrive wherever both sides lie, and nothing beside them changes', () => {
  const memory = (size: number) => new Uint8Array(new SharedArrayBuffer(size));
  for (const [from, at] of [
    [0, 0],
    [3, 8],
    [8, 5],
  ] as const) {
    for (const size of [0, 1, 1023, 1024, 70_001]) {
      const [source, target] = [memory(80_000), memory(80_000)];
      for (let index = 0; index < source.length; index++) source[index] = (index * 7) % 251;
      target.fill(255);
      const part = source.subarray(from, from + size);
      const before = crossings;
      copyInto(target, at, part);
      expect(crossings - before).toBe(size < 1024 ? 0 : 1);
      expect(Buffer.compare(target.subarray(at, at + size), part)).toBe(0);
      expect([...target.subarray(0, at)].every((byte) => byte === 255)).toBe(true);
      expect(target[at + size]).toBe(255);
    }
  }
});

test('what would not fit is not copied', () => {
  const target = new Uint8Array(new SharedArrayBuffer(2000));
  expect(() => copyInto(target, 1000, new Uint8Array(new SharedArrayBuffer(1024)))).toThrow('has room');
  expect(target.every((byte) => byte === 0)).toBe(true);
});
