import { expect, test } from 'vitest';
import { BatchPlan } from './build.js';
import { crc32c } from './crc32c.js';
import { BatchHeader, hasRightCrc } from './header.js';
import { layout } from './layout.js';

function aBatch(): Uint8Array {
  const plan = new BatchPlan([{ timestamp: 1000, key: null, value: new Uint8Array(20) }]);
  const batch = new Uint8Array(plan.size);
  plan.write(batch, crc32c);
  return batch;
}

function patched(write: (view: DataView) => void): Uint8Array {
  const batch = aBatch();
  write(new DataView(batch.buffer));
  return batch;
}

const problemOf = (bytes: Uint8Array) => {
  const parsed = BatchHeader.parse(bytes);
  return parsed.ok ? undefined : parsed.error;
};

test('what is no batch says why', () => {
  expect(problemOf(aBatch())).toBeUndefined();
  expect(problemOf(aBatch().subarray(0, layout.headerSize))).toBeUndefined();
  expect(problemOf(aBatch().subarray(0, layout.headerSize - 1))).toBe('too-short');
  expect(problemOf(new Uint8Array(0))).toBe('too-short');
  // A message of the oldest format may be shorter than our header.
  expect(problemOf(new Uint8Array(26))).toBe('unsupported-magic');
  for (const length of [-1, 0, 48])
    expect(problemOf(patched((view) => view.setInt32(layout.length, length)))).toBe('invalid-length');
});

test('offsets and timestamps that a number does not hold exactly are no offsets and timestamps', () => {
  const at = (field: number, value: bigint) => problemOf(patched((view) => view.setBigInt64(field, value)));
  expect(at(layout.baseOffset, 2n ** 53n - 1n)).toBeUndefined();
  for (const value of [2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, -1n])
    expect(at(layout.baseOffset, value)).toBe('impossible-offsets');
  expect(problemOf(patched((view) => view.setInt32(layout.lastOffsetDelta, -1)))).toBe('impossible-offsets');
  expect(problemOf(patched((view) => view.setInt32(layout.recordsCount, -1)))).toBe('impossible-offsets');
  const lastBeyond = patched((view) => {
    view.setBigInt64(layout.baseOffset, 2n ** 53n - 1n);
    view.setInt32(layout.lastOffsetDelta, 1);
  });
  expect(problemOf(lastBeyond)).toBe('impossible-offsets');
  expect(at(layout.firstTimestamp, -1n)).toBeUndefined();
  expect(at(layout.firstTimestamp, -(2n ** 63n))).toBe('impossible-timestamps');
  expect(at(layout.maxTimestamp, 2n ** 53n)).toBe('impossible-timestamps');
});

test('every flipped bit from the CRC on is found, and a cut batch has no right CRC', () => {
  const batch = aBatch();
  const parsed = BatchHeader.parse(batch);
  if (!parsed.ok) throw new Error(parsed.error);
  expect(hasRightCrc(batch, parsed.value, crc32c)).toBe(true);
  expect(hasRightCrc(batch.subarray(0, batch.length - 1), parsed.value, crc32c)).toBe(false);
  // The header is a view: it reads the flipped bits of its own fields too.
  for (let bit = layout.crc * 8; bit < batch.length * 8; bit++) {
    const byte = bit >>> 3;
    batch[byte] = (batch[byte] ?? 0) ^ (1 << (bit & 7));
    expect(hasRightCrc(batch, parsed.value, crc32c)).toBe(false);
    batch[byte] = (batch[byte] ?? 0) ^ (1 << (bit & 7));
  }
});
