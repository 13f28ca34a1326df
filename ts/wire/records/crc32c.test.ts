import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32c } from './crc32c.js';

/** The definition, a bit at a time. */
function reference(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

test('known answers', () => {
  expect(crc32c(new Uint8Array(0))).toBe(0);
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
  // The examples of RFC 3720, appendix B.4.
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index))).toBe(0x46dd794e);
});

test('agrees with the definition at any size and at any place in a buffer', () => {
  const property = fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(9), (bytes, from) => {
    const part = bytes.subarray(Math.min(from, bytes.length));
    expect(crc32c(part)).toBe(reference(part));
  });
  fc.assert(property, { numRuns: 200 });
});
