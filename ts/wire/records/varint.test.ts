import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Cursor, putVarint, takeVarint, takeVarlong, varintSize } from './varint.js';

function cursorOver(bytes: readonly number[]): Cursor {
  return { bytes: Uint8Array.from(bytes), position: 0, end: bytes.length };
}

function written(value: number): readonly number[] {
  const cursor = cursorOver(new Array(10).fill(0));
  putVarint(cursor, value);
  return [...cursor.bytes.subarray(0, cursor.position)];
}

test('known bytes', () => {
  expect(written(0)).toEqual([0]);
  expect(written(-1)).toEqual([1]);
  expect(written(63)).toEqual([126]);
  expect(written(64)).toEqual([0x80, 1]);
  expect(written(-65)).toEqual([0x81, 1]);
  expect(written(-(2 ** 31))).toEqual([0xff, 0xff, 0xff, 0xff, 0x0f]);
  expect(written(Number.MAX_SAFE_INTEGER)).toEqual([0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f]);
});

test('what does not end, does not fit or is not exact is refused, and nothing is taken', () => {
  const tooLong = [0x80, 0x80, 0x80, 0x80, 0x80, 0];
  const twoToThe53 = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20];
  for (const bytes of [[], [0x80], new Array(9).fill(0x80), new Array(20).fill(0x80), twoToThe53]) {
    const cursor = cursorOver(bytes);
    expect(takeVarlong(cursor)).toBeUndefined();
    expect(cursor.position).toBe(0);
  }
  expect(takeVarlong(cursorOver([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]))).toBeUndefined();
  for (const bytes of [tooLong, written(2 ** 31), written(-(2 ** 31) - 1)]) {
    const cursor = cursorOver(bytes);
    expect(takeVarint(cursor)).toBeUndefined();
    expect(cursor.position).toBe(0);
  }
});

test('the end of a cursor counts, not the end of its bytes', () => {
  expect(takeVarlong({ ...cursorOver([0x80, 1]), end: 1 })).toBeUndefined();
});

const edge = fc.integer({ min: 0, max: 53 }).chain((bits) => {
  const bound = Math.min(2 ** bits, Number.MAX_SAFE_INTEGER);
  return fc.constantFrom(bound, bound - 1, -bound, -bound + 1);
});

test('every number that is held exactly is read as it was written', () => {
  const property = fc.property(fc.oneof(edge, fc.maxSafeInteger(), fc.integer()), fc.nat(3), (value, padding) => {
    const bytes = written(value);
    expect(varintSize(value)).toBe(bytes.length);
    const cursor = cursorOver([...bytes, ...new Array(padding).fill(0xff)]);
    // -0 is no integer of the wire.
    expect(takeVarlong(cursor)).toBe(value + 0);
    expect(cursor.position).toBe(bytes.length);
    expect(takeVarint(cursorOver(bytes))).toBe(value === (value | 0) ? value + 0 : undefined);
  });
  fc.assert(property, { numRuns: 500 });
});
