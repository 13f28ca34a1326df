import { type Field, type Fields, noUuid } from '../../ts/wire/kafka/field.js';

// Values as Kafka's JSON converters write them, and what a decoder has to make of them. Written without the codec's compiler, so that a
// default it gets wrong is noticed.

type Value = Readonly<Record<string, unknown>>;

/** In our terms. What the JSON lacks, the value lacks. */
export function valueFromJson(fields: Fields, json: Value): Value {
  const entries = Object.entries(json).map(([name, value]) => {
    const field = fields[name];
    if (field === undefined) throw new Error(`Kafka has a field ${name}, the schema has none`);
    return [name, fromJson(field, value)];
  });
  return Object.fromEntries(entries);
}

function fromJson({ type }: Field, json: unknown): unknown {
  if (json === null) return null;
  if (typeof type === 'object') {
    if ('struct' in type) return valueFromJson(type.struct, json as Value);
    return (json as readonly unknown[]).map((element) => fromJson(type.array, element));
  }
  if (type === 'uuid') return Buffer.from(json as string, 'base64url').toString('hex');
  return type === 'bytes' || type === 'records' ? new Uint8Array(Buffer.from(json as string, 'base64')) : json;
}

/** With the default of every field that it lacks: what decoding has to give. */
export function completed(fields: Fields, value: Value): Value {
  const entries = Object.entries(fields).map(([name, field]) => {
    const given = value[name];
    return [name, given === undefined ? defaultOf(field) : complete(field, given)];
  });
  return Object.fromEntries(entries);
}

function complete({ type }: Field, value: unknown): unknown {
  if (typeof type !== 'object' || value === null) return value;
  if ('struct' in type) return completed(type.struct, value as Value);
  return (value as readonly unknown[]).map((element) => complete(type.array, element));
}

function defaultOf({ type, traits }: Field): unknown {
  if (traits.fallback !== undefined) return traits.fallback;
  if (typeof type === 'object') return 'struct' in type ? completed(type.struct, {}) : [];
  switch (type) {
    case 'boolean':
      return false;
    case 'string':
      return '';
    case 'uuid':
      return noUuid;
    case 'bytes':
    case 'records':
      return new Uint8Array(0);
    default:
      return 0;
  }
}
