import * as fc from 'fast-check';
import type { Field, Fields, Scalar } from '../../ts/wire/kafka/field.js';

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.nat(200).map((size) => 'é'.repeat(size)),
);
const bytes = fc.uint8Array({ maxLength: 200 });
const signed = (bits: number) => fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });
const unsigned = (bits: number) => fc.integer({ min: 0, max: 2 ** bits - 1 });

const scalars: Readonly<Record<Scalar, fc.Arbitrary<unknown>>> = {
  boolean: fc.boolean(),
  int8: signed(8),
  int16: signed(16),
  uint16: unsigned(16),
  int32: signed(32),
  uint32: unsigned(32),
  int64: fc.oneof(fc.maxSafeInteger(), fc.constantFrom(-1, 0, 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER)),
  float64: fc.double(),
  uuid: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((digits) => Buffer.from(digits).toString('hex')),
  string: text,
  bytes,
  records: bytes,
};

/** Values of a version: fields that it has, those with a tag not always. */
export function randomValue(fields: Fields, version: number): fc.Arbitrary<Readonly<Record<string, unknown>>> {
  const present = Object.entries(fields).filter(([, { traits }]) => traits.from <= version && version <= traits.to);
  const requiredKeys = present.filter(([, { traits }]) => traits.tag === undefined).map(([name]) => name);
  const model = Object.fromEntries(present.map(([name, field]) => [name, randomField(field, version)]));
  return fc.record(model, { requiredKeys, noNullPrototype: true });
}

function randomField({ type, traits }: Field, version: number): fc.Arbitrary<unknown> {
  const value = randomOf(type, version);
  return version >= traits.nullableFrom ? fc.option(value, { nil: null, freq: 4 }) : value;
}

function randomOf(type: Field['type'], version: number): fc.Arbitrary<unknown> {
  if (typeof type === 'string') return scalars[type];
  if ('struct' in type) return randomValue(type.struct, version);
  return fc.array(randomField(type.array, version), { maxLength: 3 });
}
