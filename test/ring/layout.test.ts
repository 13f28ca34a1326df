import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { describeRingLayout } from '../../ts/native/ring.js';
import { layout, slotSize } from '../../ts/ring/layout.js';

const golden = JSON.parse(readFileSync(new URL('../golden/ring-layout.json', import.meta.url), 'utf8'));
const own = Object.fromEntries(Object.entries(layout).map(([name, value]) => [name, String(value)]));

it('is the same in TypeScript, in Rust and in the golden file', () => {
  expect(own).toEqual(golden);
  expect(describeRingLayout()).toEqual(golden);
});

it('rounds slots up to the alignment', () => {
  expect([0, 1, 32, 33, 2 ** 28].map(slotSize)).toEqual([32, 64, 64, 96, 2 ** 28 + 32]);
});
