import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { BatchWriter, stampBatch } from './batch-writer.js';
import { crc32c } from './crc32c.js';
import { BatchHeader, recordsOf } from './header.js';
import { headersAt, RecordReader, recordAt } from './iterate.js';
import { absent, RecordScan } from './scan.js';

const bytes = fc.uint8Array({ maxLength: 200 });
const record = fc.record({
  timestamp: fc.integer({ min: 0, max: 2 ** 45 }),
  key: fc.option(bytes),
  value: bytes,
  headers: fc.array(fc.record({ name: bytes, value: fc.option(bytes) }), { maxLength: 3 }),
});

function headerOf(batch: Uint8Array): BatchHeader {
  const parsed = BatchHeader.parse(batch);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

test('parts of larger bytes give the batch that values of their own give, and a scan finds them', () => {
  const property = fc.property(fc.array(record, { minLength: 1, maxLength: 30 }), (records) => {
    const whole = Buffer.concat(records.map(({ value }) => value));
    const parts = new BatchWriter();
    const values = new BatchWriter();
    let at = 0;
    for (const { timestamp, key, value, headers } of records) {
      parts.appendPart(timestamp, key, whole, at, at + value.length, headers);
      values.append(timestamp, key, value, headers);
      at += value.length;
    }
    const [batch, expected] = [parts.finish(), values.finish()];
    for (const each of [batch, expected]) stampBatch(each, crc32c);
    expect(Buffer.compare(batch, expected)).toBe(0);
    const header = headerOf(batch);
    const scan = new RecordScan(header, recordsOf(batch, header));
    for (const [offset, { timestamp, key, value, headers }] of records.entries()) {
      expect(scan.next()).toBe(true);
      expect(recordAt(scan)).toEqual({ offset, timestamp, key, value, headers });
      expect(headersAt(scan)).toEqual(headers);
      expect(scan.keyEnd === absent).toBe(key === null);
    }
    expect([scan.next(), scan.problem, scan.next()]).toEqual([false, undefined, false]);
  });
  fc.assert(property, { numRuns: 100 });
});

test('whatever bytes stand for records, a scan ends, and a reader tells the same problem once', () => {
  const writer = new BatchWriter();
  for (let count = 0; count < 5; count++)
    writer.append(count, null, Uint8Array.of(1, 2, 3), [{ name: Uint8Array.of(4), value: null }]);
  const batch = writer.finish();
  const header = headerOf(batch);
  const good = recordsOf(batch, header);
  const property = fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, byte, size) => {
    const bad = good.slice(0, size);
    if (at < size) bad[at] = byte;
    const scan = new RecordScan(header, bad);
    let count = 0;
    while (scan.next()) count++;
    expect(count).toBeLessThanOrEqual(5);
    expect(scan.next()).toBe(false);
    const reader = new RecordReader(header, bad);
    for (let index = 0; index < count; index++) expect(typeof reader.next()).toBe('object');
    expect([reader.next(), reader.next()]).toEqual([scan.problem, undefined]);
  });
  fc.assert(property, { numRuns: 500 });
});
