import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { BrokenInvariant } from '../../model/assert.js';
import { offset } from '../../model/offset.js';
import { BatchPlan, type NewRecord } from './build.js';
import { crc32c } from './crc32c.js';
import { attributeBits, BatchHeader, hasRightCrc, recordsOf } from './header.js';
import { type BatchRecord, iterateRecords } from './iterate.js';
import { layout } from './layout.js';
import type { RecordProblem } from './scan.js';
import { type Cursor, putVarint } from './varint.js';

function headerOf(batch: Uint8Array): BatchHeader {
  const parsed = BatchHeader.parse(batch);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

function read(batch: Uint8Array): readonly (BatchRecord | RecordProblem)[] {
  const header = headerOf(batch);
  return [...iterateRecords(header, recordsOf(batch, header))].map((taken) => (taken.ok ? taken.value : taken.error));
}

const bytes = fc.uint8Array({ maxLength: 80 });
const nullable = fc.option(bytes);
const record: fc.Arbitrary<NewRecord> = fc.record({
  timestamp: fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 2 ** 45 })),
  key: nullable,
  value: nullable,
  headers: fc.array(fc.record({ name: bytes, value: nullable }), { maxLength: 3 }),
});

test('what was built is read, byte for byte within the size that was planned', () => {
  const property = fc.property(fc.array(record, { minLength: 1, maxLength: 100 }), fc.maxSafeInteger(), (records, number) => {
    const baseOffset = offset(Math.floor(Math.abs(number) / 2));
    const plan = new BatchPlan(records);
    // As in a ring: somewhere inside a larger buffer, whose other bytes are not ours.
    const memory = new Uint8Array(plan.size + 14).fill(0xee);
    const batch = memory.subarray(7, 7 + plan.size);
    plan.write(batch, crc32c, { baseOffset, leaderEpoch: 3, producerId: 2n ** 62n, producerEpoch: 4, baseSequence: 5 });

    const header = headerOf(batch);
    expect(hasRightCrc(batch, header, crc32c)).toBe(true);
    expect(header.maxTimestamp).toBe(Math.max(...records.map(({ timestamp }) => timestamp)));
    expect([header.baseOffset, header.lastOffset, header.size]).toEqual([baseOffset, baseOffset + records.length - 1, plan.size]);
    expect([header.producerId, header.producerEpoch, header.baseSequence, header.leaderEpoch]).toEqual([2n ** 62n, 4, 5, 3]);
    expect(read(batch)).toEqual(records.map((original, index) => ({ ...original, offset: baseOffset + index })));
    expect([...memory.subarray(0, 7), ...memory.subarray(7 + plan.size)].every((byte) => byte === 0xee)).toBe(true);
  });
  fc.assert(property, { numRuns: 100 });
});

test('attributes are read as they were set', () => {
  const plan = new BatchPlan([{ timestamp: 0, key: null, value: null }]);
  const batch = new Uint8Array(plan.size);
  const claims = () => {
    const header = headerOf(batch);
    return [header.isLogAppendTime, header.isTransactional, header.isControl, header.hasProducer, header.compression];
  };
  plan.write(batch, crc32c, { attributes: attributeBits.transactional, producerId: 0n });
  expect(claims()).toEqual([false, true, false, true, 'none']);
  plan.write(batch, crc32c, { attributes: attributeBits.control | attributeBits.logAppendTime | 4 });
  expect(claims()).toEqual([true, false, true, false, 'zstd']);
});

test('a plan is written into exactly its size, and is of something', () => {
  expect(() => new BatchPlan([])).toThrow(BrokenInvariant);
  expect(() => new BatchPlan([{ timestamp: 0.5, key: null, value: null }])).toThrow(BrokenInvariant);
  const plan = new BatchPlan([{ timestamp: 0, key: null, value: null }]);
  expect(() => plan.write(new Uint8Array(plan.size + 1), crc32c)).toThrow(BrokenInvariant);
});

/** A batch around records of any bytes. Its CRC is left wrong: reading records does not ask for it. */
function around(records: readonly number[], recordsCount: number): Uint8Array {
  const plan = new BatchPlan([{ timestamp: 0, key: null, value: null }]);
  const header = new Uint8Array(plan.size);
  plan.write(header, crc32c);
  const batch = Uint8Array.from([...header.subarray(0, layout.headerSize), ...records]);
  const view = new DataView(batch.buffer);
  view.setInt32(layout.length, batch.length - layout.prefixSize);
  view.setInt32(layout.lastOffsetDelta, recordsCount - 1);
  view.setInt32(layout.recordsCount, recordsCount);
  return batch;
}

/** One record: its size, then the fields as given. */
function recordOf(...fields: readonly number[]): readonly number[] {
  const cursor: Cursor = { bytes: new Uint8Array(200), position: 1, end: 200 };
  for (const field of fields) putVarint(cursor, field);
  return [cursor.position * 2, ...cursor.bytes.subarray(0, cursor.position)];
}

test('each fault has its name, and nothing follows it', () => {
  // timestamp delta, offset delta, key size, value size, headers count
  const good = recordOf(0, 0, -1, -1, 0);
  expect(read(around(good, 1))).toHaveLength(1);
  expect(read(around(good.slice(0, -1), 1))).toEqual(['cut']);
  expect(read(around(good, 2))).toEqual([expect.objectContaining({ offset: 0 }), 'cut']);
  expect(read(around([...good, 7], 1)).at(-1)).toBe('trailing-bytes');
  expect(read(around(recordOf(0, 0, 9, -1, 0), 1))).toEqual(['cut']);
  expect(read(around(recordOf(0, 0, -2, -1, 0), 1))).toEqual(['negative-size']);
  expect(read(around(recordOf(0, 0, -1, -1, -1), 1))).toEqual(['negative-size']);
  expect(read(around(recordOf(0, 0, -1, -1, 1, -1, -1), 1))).toEqual(['negative-size']);
  expect(read(around(recordOf(0, 0, -1, -1, 2 ** 31 - 1), 1))).toEqual(['cut']);
  expect(read(around(recordOf(0, 0, -1, -1, 0, 0), 1))).toEqual(['trailing-bytes']);
  expect(read(around(recordOf(0, 1, -1, -1, 0), 1))).toEqual(['offset-delta']);
  expect(read(around([...good, ...good], 2)).at(-1)).toBe('offset-delta');
  expect(read(around([1], 1))).toEqual(['negative-size']);
  expect(read(around([0], 1))).toEqual(['cut']);
});

test('a timestamp beyond what a number holds exactly is named', () => {
  const batch = around(recordOf(-Number.MAX_SAFE_INTEGER, 0, -1, -1, 0), 1);
  new DataView(batch.buffer).setBigInt64(layout.firstTimestamp, -1n);
  expect(read(batch)).toEqual(['timestamp']);
});

test('arbitrary bytes give records or a problem, and an end', () => {
  const byte = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 4 }));
  const property = fc.property(fc.array(byte, { maxLength: 60 }), fc.integer({ min: 1, max: 6 }), (records, count) => {
    expect(read(around(records, count)).length).toBeLessThanOrEqual(count + 1);
  });
  fc.assert(property, { numRuns: 300 });
});
