import { expect, test } from 'vitest';
import { keyRefusal } from '../../ts/gateway/verbs/keys.js';
import { produceRulesOf } from '../../ts/model/produce-rules.js';
import { findKeyless } from '../../ts/native/codec.js';
import { BatchPlan } from '../../ts/wire/records/build.js';
import { crc32c } from '../../ts/wire/records/crc32c.js';
import { layout } from '../../ts/wire/records/layout.js';

// What a topic that is to be compacted takes; through a client, in every codec: test/conformance/kcat.test.ts.

const compacted = produceRulesOf({ 'cleanup.policy': 'compact,delete' });
const key = new TextEncoder().encode('key');

function batchOf(...keys: readonly (Uint8Array | null)[]): Uint8Array {
  const plan = new BatchPlan(keys.map((each) => ({ timestamp: 1, key: each, value: null })));
  const bytes = new Uint8Array(plan.size);
  plan.write(bytes, crc32c);
  return bytes;
}

function seal(batch: Uint8Array): Uint8Array {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length);
  view.setUint32(layout.crc, crc32c(batch.subarray(layout.attributes)));
  return batch;
}

test('each record has a key, be it an empty one', () => {
  expect(keyRefusal(batchOf(key, new Uint8Array(0)), compacted, findKeyless)).toBeUndefined();
  expect(keyRefusal(batchOf(key, null, null), compacted, findKeyless)).toEqual({
    error: 'invalid-batch',
    message: 'record 1 has no key, and the topic is to be compacted by key (cleanup.policy)',
  });
});

test('records that nobody could read are refused with the reason', () => {
  const batch = batchOf(key);
  batch[layout.headerSize] = 0x7e;
  expect(keyRefusal(seal(batch), compacted, findKeyless)).toEqual({
    error: 'invalid-batch',
    message: 'its records cannot be read: record 0 ends inside a field',
  });
});

test('what is damaged is left to the log, which says so', () => {
  const batch = batchOf(null);
  batch[layout.headerSize] = 0x7e;
  expect(keyRefusal(batch, compacted, findKeyless)).toBeUndefined();
  expect(keyRefusal(batch.subarray(0, 20), compacted, findKeyless)).toBeUndefined();
});

test('of other topics no record is looked at', () => {
  const unasked = () => {
    throw new Error('looked at');
  };
  expect(keyRefusal(batchOf(null), produceRulesOf({}), unasked)).toBeUndefined();
});
