import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { murmur2, partitionOfKey } from '../../../wire/records/murmur2.js';
import { checkedPartition, StickyRotation } from './partitioner.js';

const utf8 = (text: string) => new TextEncoder().encode(text);

test('the hash is the one of Kafka, by the answers of its own tests', () => {
  const known = {
    '21': -973932308,
    foobar: -790332482,
    'a-little-bit-long-string': -985981536,
    'a-little-bit-longer-string': -1486304829,
    lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8: -58897971,
    abc: 479470107,
  };
  for (const [text, hash] of Object.entries(known)) expect([text, murmur2(utf8(text))]).toEqual([text, hash]);
});

test('a key has one partition, wherever its bytes lie', () => {
  const property = fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 5000 }), (key, count) => {
    const partition = partitionOfKey(key, count);
    expect(checkedPartition(partition, 't', count)).toBe(partition);
    expect(partitionOfKey(Uint8Array.from([1, ...key, 2]).subarray(1, 1 + key.length), count)).toBe(partition);
  });
  fc.assert(property);
});

test('records without key stay with a partition until its batch is closed, and take them all in turn', () => {
  const rotation = new StickyRotation(() => 0.5);
  const chosen = Array.from({ length: 4 }, () => {
    const partition = rotation.choose('t', null, 3);
    expect(rotation.choose('t', null, 3)).toBe(partition);
    rotation.turn('t', partition, 3);
    return partition;
  });
  expect(chosen).toEqual([1, 2, 0, 1]);
  rotation.turn('t', 0, 3);
  expect(rotation.choose('t', null, 3)).toBe(2);
  expect(rotation.choose('t', utf8('k'), 3)).toBe(partitionOfKey(utf8('k'), 3));
});

test('a partition that is none is the caller’s mistake', () => {
  for (const wrong of [-1, 3, 0.5, Number.NaN]) expect(() => checkedPartition(wrong, 't', 3)).toThrow('topic t has no partition');
});
