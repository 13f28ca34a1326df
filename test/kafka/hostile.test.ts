import * as fc from 'fast-check';
import { describe, test } from 'vitest';
import { assert } from '../../ts/model/assert.js';
import { apis } from '../../ts/wire/kafka/apis.js';
import { CodecError } from '../../ts/wire/kafka/codec-error.js';
import { readRequestHeader } from '../../ts/wire/kafka/frames.js';
import { Reader } from '../../ts/wire/kafka/reader.js';
import { encoded, type Versioned, versionsOf } from './messages.js';
import { randomValue } from './random-values.js';

// Bytes that nobody has to mean well with: refused with one kind of error, and never worth more memory than a multiple of themselves.

/** Fields, elements and characters that may come of a byte. The widest struct of few bytes is a Fetch response's partition. */
const partsOfByteMax = 24;

function partsOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return 1;
  const parts = Array.isArray(value) ? value : Object.values(value);
  return parts.reduce<number>((sum, part) => sum + partsOf(part), 1);
}

/** Decodes or refuses; anything else fails the test. */
function survive({ api, message, version, kind }: Versioned, bytes: Uint8Array): void {
  try {
    const value = message.decode(version, new Reader(bytes));
    assert(partsOf(value) < partsOfByteMax * (bytes.length + 10), 'more was made of these bytes than they are worth');
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    assert(error.position <= bytes.length, 'a position behind the bytes');
    assert(error.message.startsWith(`${api.name} ${kind} v${version}`), 'an error that does not say of what it is');
  }
}

// Sizes and counts at the edges of what they can say.
const edges = [
  [0xff, 0xff, 0xff, 0xff],
  [0x7f, 0xff, 0xff, 0xff],
  [0x80, 0, 0, 0],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0, 0],
  [0x7f, 0xff],
];

interface Mutation {
  readonly place: number;
  readonly removed: number;
  readonly added: readonly number[];
}

const mutations: fc.Arbitrary<readonly Mutation[]> = fc.array(
  fc.record({
    place: fc.double({ min: 0, max: 1, noNaN: true }),
    removed: fc.nat(6),
    added: fc.oneof(fc.constantFrom(...edges), fc.array(fc.nat(255), { maxLength: 4 })),
  }),
  { minLength: 1, maxLength: 3 },
);

function mutated(bytes: Uint8Array, { place, removed, added }: Mutation): Uint8Array {
  const at = Math.floor(place * bytes.length);
  return Uint8Array.from([...bytes.subarray(0, at), ...added, ...bytes.subarray(at + removed)]);
}

describe.each(apis.map((api) => [api.name, api] as const))('%s', (_, api) => {
  test.each(versionsOf(api).map((versioned) => [versioned.title, versioned] as const))('%s survives', (_title, versioned) => {
    const { message, version } = versioned;
    const anything = fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => survive(versioned, bytes));
    fc.assert(anything, { numRuns: 25 });
    const almost = fc.property(randomValue(message.fields, version), mutations, (value, steps) => {
      survive(versioned, steps.reduce(mutated, encoded(versioned, value)));
    });
    fc.assert(almost, { numRuns: 40 });
  });
});

test('a header of any bytes is read or refused', () => {
  const property = fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(80), fc.nat(20), (rest, key, version) => {
    try {
      readRequestHeader(new Reader(Uint8Array.from([0, key, 0, version, ...rest])));
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
    }
  });
  fc.assert(property, { numRuns: 2000 });
});
