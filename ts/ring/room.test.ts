import { expect, test } from 'vitest';
import { Room } from './room.js';

test('reads begin in their order, and no more of them at once than there is room for', () => {
  const reads = new Room(10);
  const begun: string[] = [];
  const reserve = (name: string, size: number) => reads.reserve(size, () => begun.push(name));
  reserve('a', 6);
  reserve('b', 4);
  reserve('c', 5);
  reserve('small, and not before c', 1);
  expect(begun).toEqual(['a', 'b']);
  reads.release(4);
  expect(begun).toEqual(['a', 'b']);
  reads.release(6);
  expect(begun).toEqual(['a', 'b', 'c', 'small, and not before c']);
});

test('one that is larger than all there is goes alone', () => {
  const reads = new Room(10);
  const begun: string[] = [];
  reads.reserve(1, () => begun.push('small'));
  reads.reserve(100, () => begun.push('large'));
  expect(begun).toEqual(['small']);
  reads.release(1);
  reads.reserve(1, () => begun.push('behind'));
  expect(begun).toEqual(['small', 'large']);
  reads.release(100);
  expect(begun).toEqual(['small', 'large', 'behind']);
});

test('room that is given back at once serves the next', () => {
  const reads = new Room(10);
  const begun: number[] = [];
  for (let number = 0; number < 20_000; number += 1) {
    reads.reserve(10, () => {
      begun.push(number);
      if (number > 0) reads.release(10);
    });
  }
  reads.release(10);
  expect(begun).toHaveLength(20_000);
});
