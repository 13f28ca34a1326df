import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Row, rowOf, sizeOf } from './row.js';
import { RowBuffer } from './row-buffer.js';

const row = (offset: number, size = 0): Row =>
  rowOf({ partition: 0, offset, timestamp: 1, key: null, value: new Uint8Array(size), headers: [] });

test('keeps the newest rows within both limits, under numbers that stay', () => {
  const sizes = fc.array(fc.nat(3_000), { maxLength: 200 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 400, max: 20_000 }), (given, countMax, sizeMax) => {
      const buffer = new RowBuffer({ countMax, sizeMax });
      const rows = given.map((size, index) => row(index, size));
      for (const [index, each] of rows.entries()) {
        buffer.push(each);
        expect(buffer.end).toBe(index + 1);
        expect(buffer.at(index)).toBe(each);
        expect(buffer.count).toBeLessThanOrEqual(countMax);
        const kept = rows.slice(buffer.first, buffer.end);
        expect(buffer.size).toBe(kept.reduce((sum, one) => sum + sizeOf(one), 0));
        if (buffer.count > 1) expect(buffer.size).toBeLessThanOrEqual(sizeMax);
        for (let number = buffer.first; number < buffer.end; number++) expect(buffer.at(number)).toBe(rows[number]);
        expect(buffer.at(buffer.first - 1)).toBeUndefined();
        expect(buffer.at(buffer.end)).toBeUndefined();
      }
    }),
  );
});

test('drops no more than it must', () => {
  const buffer = new RowBuffer({ countMax: 3, sizeMax: 10_000 });
  for (let offset = 0; offset < 5; offset++) buffer.push(row(offset));
  expect([buffer.first, buffer.end]).toEqual([2, 5]);
});

test('cleared, it goes on with the next number', () => {
  const buffer = new RowBuffer({ countMax: 3, sizeMax: 10_000 });
  buffer.push(row(1));
  buffer.clear();
  expect([buffer.count, buffer.size, buffer.at(0)]).toEqual([0, 0, undefined]);
  buffer.push(row(2));
  expect(buffer.at(1)).toMatchObject({ offset: 2 });
});

test('a row has bytes of its own, and no more than is worth keeping', () => {
  const value = new Uint8Array(300 * 1024).fill(7);
  const kept = rowOf({ partition: 0, offset: 0, timestamp: 1, key: value.subarray(0, 3), value, headers: [] });
  value.fill(0);
  expect(kept.key.bytes).toEqual(new Uint8Array([7, 7, 7]));
  expect(kept.key.bytes?.buffer.byteLength).toBe(3);
  expect(kept.value).toMatchObject({ size: 300 * 1024 });
  expect(kept.value.bytes?.length).toBe(256 * 1024);
});

test('what is retained has new numbers', () => {
  const buffer = new RowBuffer({ countMax: 4, sizeMax: 10_000 });
  for (let offset = 0; offset < 6; offset++) buffer.push(row(offset));
  buffer.retain((each) => each.kind === 'record' && each.offset % 2 === 0);
  expect([buffer.first, buffer.end]).toEqual([6, 8]);
  expect([buffer.at(5), buffer.at(6), buffer.at(7)]).toEqual([undefined, row(2), row(4)]);
  expect(buffer.size).toBe(2 * sizeOf(row(0)));
});
