import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { BrokenInvariant } from '../../model/assert.js';
import { BatchWriter, recordSizeMax, stampBatch } from './batch-writer.js';
import { BatchPlan, type NewRecord } from './build.js';
import { crc32c } from './crc32c.js';
import { attributeBits, BatchHeader } from './header.js';
import { layout } from './layout.js';

const bytes = fc.uint8Array({ maxLength: 80 });
const record: fc.Arbitrary<NewRecord> = fc.record({
  timestamp: fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 2 ** 45 })),
  key: fc.option(bytes),
  value: fc.option(fc.oneof(bytes, fc.uint8Array({ minLength: 5000, maxLength: 5000 }))),
  headers: fc.array(fc.record({ name: bytes, value: fc.option(bytes) }), { maxLength: 3 }),
});

test('record by record gives the bytes that a plan of all of them gives', () => {
  const property = fc.property(fc.array(record, { minLength: 1, maxLength: 40 }), (records) => {
    const writer = new BatchWriter();
    for (const { timestamp, key, value, headers } of records) {
      const before = writer.size;
      writer.append(timestamp, key, value, headers);
      expect(writer.size - before).toBeLessThanOrEqual(recordSizeMax(key, value, headers));
    }
    const batch = writer.finish();
    stampBatch(batch, crc32c, { producerId: 2 ** 40, producerEpoch: 3, baseSequence: 9 });
    const plan = new BatchPlan(records);
    const expected = new Uint8Array(plan.size);
    plan.write(expected, crc32c, { producerId: 2n ** 40n, producerEpoch: 3, baseSequence: 9 });
    expect(Buffer.compare(batch, expected)).toBe(0);
    expect([writer.count, writer.size]).toEqual([records.length, plan.size]);
  });
  fc.assert(property, { numRuns: 100 });
});

test('stamped again, a batch is that of another producer and whole', () => {
  const writer = new BatchWriter();
  writer.append(5, null, Uint8Array.of(1));
  const batch = writer.finish('zstd', Uint8Array.of(7, 7, 7));
  for (const sequenced of [undefined, { producerId: 4, producerEpoch: 0, baseSequence: 2 ** 31 - 1 }]) {
    stampBatch(batch, crc32c, sequenced);
    const header = BatchHeader.parse(batch);
    if (!header.ok) throw new Error(header.error);
    expect(header.value.crc).toBe(crc32c(batch.subarray(layout.attributes)));
    expect([header.value.hasProducer, header.value.compression, header.value.size]).toEqual([
      sequenced !== undefined,
      'zstd',
      64,
    ]);
    expect(header.value.baseSequence).toBe(sequenced?.baseSequence ?? -1);
  }
});

test('a batch of nothing, a broken timestamp and a control batch are our own mistakes', () => {
  expect(() => new BatchWriter().finish()).toThrow(BrokenInvariant);
  expect(() => new BatchWriter().append(0.5, null, null)).toThrow(BrokenInvariant);
  const plan = new BatchPlan([{ timestamp: 0, key: null, value: null }]);
  const control = new Uint8Array(plan.size);
  plan.write(control, crc32c, { attributes: attributeBits.control });
  expect(() => stampBatch(control, crc32c)).toThrow(BrokenInvariant);
});
