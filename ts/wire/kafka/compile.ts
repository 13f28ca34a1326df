import { assert } from '../../model/assert.js';
import { under } from './codec-error.js';
import type { Field, Fields, Type } from './field.js';
import type { Reader } from './reader.js';
import { longPrefix, type Prefix, readSize, scalars, type Wire, writeNull } from './scalars.js';
import { type Step, straightRead, straightWrite, type Value } from './straight.js';
import type { Writer } from './writer.js';

// A schema and a version become closures that know neither: what a version decides (is the field there, may it be null, how is its
// size told) is decided here once. Nesting is that of the schema, so no bytes make it deeper.

export interface Place {
  readonly version: number;
  readonly isFlexible: boolean;
}

/** Fields of a struct in one version. */
export function structWire(fields: Fields, place: Place): Wire {
  const all = Object.entries(fields);
  const present = all.filter(([, { traits }]) => traits.from <= place.version && place.version <= traits.to);
  const steps = present.filter(([, { traits }]) => traits.tag === undefined).map((entry) => stepOf(entry, place));
  const refused = all.filter((entry) => !present.includes(entry) && !entry[1].traits.isIgnorable).map(checkOf);
  const tags = place.isFlexible ? taggedWire(present, place) : undefined;
  const readFields = straightRead(steps, fallbacks(fields));
  const writeFields = straightWrite(steps);
  const read = (reader: Reader): unknown => {
    const value = readFields(reader);
    tags?.read(reader, value);
    return value;
  };
  const write = (writer: Writer, value: Value): void => {
    for (const { name, isDefault } of refused) {
      if (!isDefault(value[name])) throw under(writer.failure(`version ${place.version} has no such field`), name);
    }
    writeFields(writer, value);
    tags?.write(writer, value);
  };
  const sizeMin = steps.reduce((sum, step) => sum + step.sizeMin, tags === undefined ? 0 : 1);
  return { sizeMin, read, write };
}

function stepOf([name, field]: readonly [string, Field], place: Place): Step {
  return { name, fallback: fallbackOf(field), ...wireOf(field, place) };
}

function wireOf(field: Field, place: Place): Wire {
  const { type, traits } = field;
  const isNullable = place.version >= traits.nullableFrom;
  if (typeof type === 'string') return scalars[type].wire(place.isFlexible, isNullable);
  if ('array' in type) return arrayWire(wireOf(type.array, place), place.isFlexible, isNullable);
  const wire = structWire(type.struct, place);
  return traits.nullableFrom === Number.POSITIVE_INFINITY ? wire : nullableWire(wire, isNullable);
}

/** A byte before the struct says whether it is there. */
function nullableWire(wire: Wire, isNullable: boolean): Wire {
  assert(isNullable, 'a struct that becomes nullable in a later version than its own');
  return {
    sizeMin: 1,
    read: (reader) => (reader.int8() < 0 ? null : wire.read(reader)),
    write: (writer: Writer, value: Value | null) => {
      writer.int8(value === null ? -1 : 1);
      if (value !== null) wire.write(writer, value as never);
    },
  };
}

function arrayWire(element: Wire, isFlexible: boolean, isNullable: boolean): Wire {
  const prefix = longPrefix(isFlexible);
  assert(element.sizeMin > 0, 'elements without bytes: a count would say nothing about what is left');
  const read = (reader: Reader): unknown => {
    const count = readSize(prefix, reader, isNullable);
    if (count === null) return null;
    reader.elements(count, element.sizeMin);
    const values: unknown[] = [];
    try {
      while (values.length < count) values.push(element.read(reader));
    } catch (error) {
      throw under(error, values.length);
    }
    return values;
  };
  const write = (writer: Writer, values: readonly unknown[] | null): void => {
    if (values === null) writeNull(prefix, writer, isNullable);
    else writeElements(element, prefix, writer, values);
  };
  return { sizeMin: prefix.sizeMin, read, write };
}

function writeElements(element: Wire, prefix: Prefix, writer: Writer, values: readonly unknown[]): void {
  prefix.write(writer, values.length);
  let index = 0;
  try {
    for (; index < values.length; index++) element.write(writer, values[index] as never);
  } catch (error) {
    throw under(error, index);
  }
}

interface TaggedWire {
  read(reader: Reader, value: Record<string, unknown>): void;
  write(writer: Writer, value: Value): void;
}

/** Behind the other fields of a flexible version: those with a tag, if they are not what they would be anyway. */
function taggedWire(present: readonly (readonly [string, Field])[], place: Place): TaggedWire {
  const known = present
    .flatMap(([name, field]) => {
      const { tag } = field.traits;
      return tag === undefined ? [] : [{ tag, ...stepOf([name, field], place), isDefault: defaultTest(field) }];
    })
    .sort((a, b) => a.tag - b.tag);
  const byTag = new Map(known.map((step) => [step.tag, step]));
  return {
    read(reader, value) {
      // Each takes two bytes at least: the bytes end before a count that lies does.
      for (let left = reader.varint(); left > 0; left--) {
        const step = byTag.get(reader.varint());
        const size = reader.varint();
        if (step === undefined) reader.take(size);
        else value[step.name] = readTagged(step, reader, size);
      }
    },
    write(writer, value) {
      let count = 0;
      for (const { name, isDefault } of known) if (!isDefault(value[name])) count++;
      writer.varint(count);
      if (count === 0) return;
      for (const step of known) {
        if (step.isDefault(value[step.name])) continue;
        writer.varint(step.tag);
        try {
          writer.sized(() => step.write(writer, value[step.name] as never));
        } catch (error) {
          throw under(error, step.name);
        }
      }
    },
  };
}

/** It ends where its size says, or it is not what its tag says. */
function readTagged(step: Step, reader: Reader, size: number): unknown {
  const { end } = reader;
  try {
    if (size > reader.left) reader.fail(`${size} bytes wanted, ${reader.left} left`);
    reader.end = reader.position + size;
    const value = step.read(reader);
    if (reader.left > 0) reader.fail(`${reader.left} bytes too many`);
    reader.end = end;
    return value;
  } catch (error) {
    throw under(error, step.name);
  }
}

/** What all fields are where nothing is said: shared by all values, so nobody may change it. */
function fallbacks(fields: Fields): Value {
  return Object.freeze(Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, fallbackOf(field)])));
}

function fallbackOf({ type, traits }: Field): unknown {
  return traits.fallback === undefined ? zeroOf(type) : traits.fallback;
}

function zeroOf(type: Type): unknown {
  if (typeof type === 'string') return scalars[type].zero;
  return 'array' in type ? Object.freeze([]) : fallbacks(type.struct);
}

interface Check {
  readonly name: string;
  readonly isDefault: (value: unknown) => boolean;
}

function checkOf([name, field]: readonly [string, Field]): Check {
  return { name, isDefault: defaultTest(field) };
}

/** Whether a value, or its absence, is what the field has where nothing is said. */
function defaultTest(field: Field): (value: unknown) => boolean {
  const { type } = field;
  const fallback = fallbackOf(field);
  if (fallback === null || (typeof type === 'string' && typeof fallback !== 'object'))
    return (value) => value === undefined || value === fallback;
  if (typeof type === 'string' || 'array' in type)
    return (value) => value === undefined || (value !== null && (value as { readonly length: number }).length === 0);
  const checks = Object.entries(type.struct).map(checkOf);
  return (value) => value === undefined || checks.every(({ name, isDefault }) => isDefault((value as Value)[name]));
}
