import { expect, test } from 'vitest';
import { recordWishOf } from './new-record.js';
import { wishOf } from './new-topic.js';

const topic = { name: 'orders', partitions: '3', durability: 'fsync', settings: '' } as const;
const record = { key: '', value: 'hello', encoding: 'text', hasNoValue: false, partition: '', headers: [] } as const;
const bytes = (text: string) => new TextEncoder().encode(text);

test('a topic as it was asked for', () => {
  expect(wishOf({ ...topic, name: ' orders ' })).toEqual({ isValid: true, wish: { name: 'orders', partitions: 3, configs: {} } });
  expect(wishOf({ ...topic, durability: 'replicated', settings: 'retention.ms = 1000\n\na=b=c' })).toMatchObject({
    wish: { configs: { durability: 'replicated', 'retention.ms': '1000', a: 'b=c' } },
  });
});

test.each([
  [{ name: '' }, 'name'],
  [{ name: 'a b' }, 'name'],
  [{ name: '..' }, 'name'],
  [{ name: 'x'.repeat(250) }, 'name'],
  [{ partitions: '0' }, 'partitions'],
  [{ partitions: '1.5' }, 'partitions'],
  [{ settings: 'nonsense' }, 'settings'],
  [{ settings: '=5' }, 'settings'],
])('%j is wrong in %s', (change, field) => {
  expect(wishOf({ ...topic, ...change })).toMatchObject({ isValid: false, problem: { field, why: expect.any(String) } });
});

test('a record as it was asked for', () => {
  expect(recordWishOf(record)).toEqual({
    isValid: true,
    wish: { key: null, value: bytes('hello'), partition: undefined, headers: [] },
  });
  const whole = {
    ...record,
    key: 'k',
    partition: '2',
    headers: [
      { name: 'a', value: 'b' },
      { name: '', value: '' },
    ],
  };
  expect(recordWishOf(whole)).toMatchObject({ wish: { key: bytes('k'), partition: 2, headers: [['a', 'b']] } });
  expect(recordWishOf({ ...record, hasNoValue: true })).toMatchObject({ wish: { value: null } });
  expect(recordWishOf({ ...record, encoding: 'hex', value: '00 FF' })).toMatchObject({
    wish: { value: new Uint8Array([0, 255]) },
  });
  expect(recordWishOf({ ...record, encoding: 'json', value: '{"a": 1}' })).toMatchObject({ wish: { value: bytes('{"a": 1}') } });
});

test.each([
  [{ encoding: 'json', value: '{' }, 'value'],
  [{ encoding: 'hex', value: 'xyz' }, 'value'],
  [{ headers: [{ name: '', value: 'b' }] }, 'headers'],
] as const)('%j is wrong in %s', (change, field) => {
  expect(recordWishOf({ ...record, ...change })).toMatchObject({ isValid: false, field });
});
