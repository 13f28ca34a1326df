import { expect, test } from 'vitest';
import { produceRulesOf } from '../../model/produce-rules.js';
import { longMax } from '../../model/topic-config.js';
import { BatchPlan } from '../../wire/records/build.js';
import { crc32c } from '../../wire/records/crc32c.js';
import { layout } from '../../wire/records/layout.js';
import { timestampRefusal } from './timestamps.js';

const now = 1_700_000_000_000;
const clock = { civilMs: () => now };
const rules = produceRulesOf({ 'message.timestamp.before.max.ms': '1000', 'message.timestamp.after.max.ms': '2000' });

function batchAt(...timestamps: readonly number[]): Uint8Array {
  const plan = new BatchPlan(timestamps.map((timestamp) => ({ timestamp, key: null, value: null })));
  const bytes = new Uint8Array(plan.size);
  plan.write(bytes, crc32c);
  return bytes;
}

const refusalOf = (batch: Uint8Array, asked = rules) => timestampRefusal(batch, asked, clock);
const behind = (timestamp: number, ms: number) => ({
  error: 'invalid-timestamp',
  message: `timestamp ${timestamp} is ${ms} ms behind the clock, and message.timestamp.before.max.ms is 1000`,
});
const ahead = (timestamp: number, ms: number) => ({
  error: 'invalid-timestamp',
  message: `timestamp ${timestamp} is ${ms} ms ahead of the clock, and message.timestamp.after.max.ms is 2000`,
});

test.each([[[now - 1000]], [[now + 2000]], [[now - 1000, now + 2000]], [[-1]], [[-1, now]]])('%j is taken', (timestamps) => {
  expect(refusalOf(batchAt(...timestamps))).toBeUndefined();
});

test('a batch whose first or largest timestamp is out of bounds is refused with the figures', () => {
  expect(refusalOf(batchAt(now - 1001, now))).toEqual(behind(now - 1001, 1001));
  expect(refusalOf(batchAt(0))).toEqual(behind(0, now));
  expect(refusalOf(batchAt(now, now + 2001, now))).toEqual(ahead(now + 2001, 2001));
  expect(refusalOf(batchAt(2 ** 45))).toEqual(ahead(2 ** 45, 2 ** 45 - now));
});

test('as Kafka does, nobody who says nothing is bound to the past, and everybody to the next hour', () => {
  const usual = produceRulesOf({});
  expect(refusalOf(batchAt(0), usual)).toBeUndefined();
  expect(refusalOf(batchAt(now + 3_600_000), usual)).toBeUndefined();
  expect(refusalOf(batchAt(now + 3_600_001), usual)).toMatchObject({ error: 'invalid-timestamp' });
});

test('where the log stamps, or there is no limit, not even the clock is asked', () => {
  const unasked = {
    civilMs: () => {
      throw new Error('asked');
    },
  };
  const stamped = produceRulesOf({ 'message.timestamp.type': 'LogAppendTime', 'message.timestamp.after.max.ms': '0' });
  const unlimited = produceRulesOf({ 'message.timestamp.after.max.ms': String(longMax) });
  for (const asked of [stamped, unlimited]) expect(timestampRefusal(batchAt(0, 2 ** 45), asked, unasked)).toBeUndefined();
});

test('what is damaged is left to the log, which says so: its timestamps say nothing of the producer', () => {
  const damaged = batchAt(now);
  damaged[layout.maxTimestamp + 1] = 0x10;
  expect(refusalOf(damaged)).toBeUndefined();
  expect(refusalOf(batchAt(0).subarray(0, 60))).toBeUndefined();
  expect(refusalOf(new Uint8Array(61))).toBeUndefined();
});
