import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesOfHex, hex, json, preview, utf8 } from './bytes.js';
import { count, latency, recordRate, short, size } from './numbers.js';
import { clock, dateTime, duration, utc } from './times.js';

const bytes = (source: string) => new TextEncoder().encode(source);

test.each([
  [0, '0'],
  [1.5, '1.5'],
  [12.34, '12.3'],
  [999, '999'],
  [999.6, '1 k'],
  [12_345, '12.3 k'],
  [4_560_000, '4.56 M'],
  [Number.NaN, '–'],
  [-1, '0'],
])('%d in short is %j', (value, shown) => {
  expect(short(value)).toBe(shown);
});

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1536, '1.5 KiB'],
  [64 * 1024 * 1024, '64 MiB'],
])('%d bytes are %j', (value, shown) => {
  expect(size(value)).toBe(shown);
});

test('numbers of every size stay short', () => {
  const value = fc.double({ min: 0, max: 1e15, noNaN: true });
  fc.assert(fc.property(value, (each) => short(each).length <= 6));
});

test('counts, rates and latencies', () => {
  expect(count(1_234_567)).toBe('1,234,567');
  expect(recordRate(undefined)).toBe('–');
  expect(recordRate(50_000)).toBe('50 k/s');
  expect([latency(0.00025), latency(0.0015), latency(2.34), latency(undefined)]).toEqual(['250 µs', '1.5 ms', '2.34 s', '–']);
});

test('times are local, and what is none is said to be none', () => {
  const time = new Date(2026, 0, 2, 3, 4, 5, 6).getTime();
  expect(clock(time)).toBe('03:04:05.006');
  expect(dateTime(time)).toBe('2026-01-02 03:04:05.006');
  expect(utc(0)).toBe('1970-01-01T00:00:00.000Z');
  for (const none of [-1, Number.NaN, 9e15]) expect([clock(none), dateTime(none), utc(none)]).toEqual(['–', '–', '–']);
});

test.each([
  [0, '0 s'],
  [8_900, '8 s'],
  [725_000, '12 min 5 s'],
  [3_600_000, '1 h'],
  [273_600_000, '3 d 4 h'],
])('%d ms are %j', (ms, shown) => {
  expect(duration(ms)).toBe(shown);
});

test('bytes as JSON where they are JSON', () => {
  expect(json(bytes('{"a":[1]}'))).toBe('{\n  "a": [\n    1\n  ]\n}');
  for (const none of ['12', 'plain', '{broken', '']) expect(json(bytes(none))).toBeUndefined();
  expect(json(new Uint8Array([0x7b, 0xff, 0x7d]))).toBeUndefined();
  expect(utf8(new Uint8Array([0xff]))).toBeUndefined();
});

test('bytes as hexdump shows them', () => {
  expect(hex(bytes('0123456789abcdef\u0000Z'))).toBe(
    '00000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef\n' +
      '00000010  00 5a                                            .Z',
  );
  expect(hex(new Uint8Array(40), 1)).toMatch(/24 bytes more$/);
});

test('any bytes survive being shown as hexadecimal digits', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (given) => {
      const digits = [...given].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
      expect(bytesOfHex(digits)).toEqual(given);
    }),
  );
  expect(bytesOfHex('abc')).toBeUndefined();
  expect(bytesOfHex('zz')).toBeUndefined();
});

test('a preview is one line, whatever the bytes', () => {
  expect(preview(bytes('a\n b\tc\u0001'))).toBe('a b c␁');
  expect(preview(bytes('ä'.repeat(1000)), 10)).toHaveLength(7);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (given) => !/\p{Cc}/u.test(preview(given, 100))));
});
