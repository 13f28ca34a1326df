import { expect, test } from 'vitest';
import { flatnessOf, type Sample } from './flatness.js';

const samples = (resident: (index: number) => number, descriptors: (index: number) => number = () => 50): readonly Sample[] =>
  Array.from({ length: 60 }, (_, index) => ({
    seconds: index * 10,
    residentMib: resident(index),
    descriptors: descriptors(index),
  }));

test('what only fills up in the beginning is flat, and so is noise', () => {
  expect(flatnessOf(samples((index) => 200 + (index % 5) * 10 - 100 / (index + 1))).isFlat).toBe(true);
  expect(flatnessOf(samples((index) => (index < 15 ? index * 20 : 300))).isFlat).toBe(true);
});

test('a slow leak is seen, in memory and in descriptors', () => {
  const memory = flatnessOf(samples((index) => 200 + index));
  expect(memory).toMatchObject({ isFlat: false, findings: [expect.stringContaining('memory GROWS'), expect.any(String)] });
  const descriptors = flatnessOf(
    samples(
      () => 200,
      (index) => 50 + index,
    ),
  );
  expect(descriptors).toMatchObject({
    isFlat: false,
    findings: [expect.any(String), expect.stringContaining('descriptors GROW')],
  });
});

test('too little to tell is not flat', () => {
  expect(flatnessOf(samples(() => 200).slice(0, 9)).isFlat).toBe(false);
});
