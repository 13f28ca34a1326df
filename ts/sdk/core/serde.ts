import { CorruptDataError, invalidArgument } from './errors.js';

// Values of an application to the bytes of a record and back. Both directions are plain functions: a schema registry or another
// encoding is one function of the application's own.

export type Serializer<T> = (value: T, topic: string) => Uint8Array | null;
export type Deserializer<T> = (bytes: Uint8Array | null, topic: string) => T;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export type Bytes = Uint8Array | string | null | undefined;

/** What producers begin with: bytes as they are, strings as UTF-8, null and undefined as none. */
export const plain: Serializer<Bytes> = (value) => {
  if (typeof value === 'string') return encoder.encode(value);
  if (value instanceof Uint8Array) return value;
  if (value === null || value === undefined) return null;
  throw invalidArgument(`keys and values are strings or bytes unless there is a serializer: this is a ${typeof value}`);
};

/** What consumers begin with: a view over the batch. Copy what is kept for long, as it keeps its whole batch in memory. */
export const bytes: Deserializer<Uint8Array | null> = (value) => value;

interface Both<T> {
  readonly serialize: Serializer<T>;
  readonly deserialize: Deserializer<T>;
}

export const text: Both<string | null> = {
  serialize: (value) => (value === null ? null : encoder.encode(value)),
  deserialize: (value) => (value === null ? null : decoded(value)),
};

/** `undefined` is a record without value. */
export const json: Both<unknown> = {
  serialize: (value) => (value === undefined ? null : encoder.encode(JSON.stringify(value))),
  deserialize: (value) => (value === null ? undefined : parsed(decoded(value))),
};

function decoded(value: Uint8Array): string {
  try {
    return decoder.decode(value);
  } catch {
    throw new CorruptDataError('corrupt-data', 'a key or value is not UTF-8', false, 'read it as bytes');
  }
}

function parsed(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    throw new CorruptDataError('corrupt-data', 'a key or value is not JSON', false, 'read it as bytes');
  }
}
