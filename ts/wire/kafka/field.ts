import type { TopicId } from '../../model/ids.js';
import type { Span } from './writer.js';

// What a schema is made of. A field says in which versions it exists, from which on it may be null, under which tag it goes
// and what it is where it is absent; the types of decoded and of encoded values follow from it.

export type Scalar =
  | 'boolean'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'float64'
  | 'uuid'
  | 'string'
  | 'bytes'
  | 'records';

export type Type = Scalar | { readonly array: Field } | { readonly struct: Fields };

export type Fields = Readonly<Record<string, Field>>;

interface Traits {
  readonly from: number;
  /** The last version that has the field. */
  readonly to: number;
  readonly nullableFrom: number;
  readonly tag: number | undefined;
  /** Undefined: the zero of the type, which is 0, false, "", no bytes, no elements or a struct of defaults. */
  readonly fallback: unknown;
  /** To a version without the field it may be lost, whatever its value. */
  readonly isIgnorable: boolean;
}

const plain: Traits = {
  from: 0,
  to: Number.POSITIVE_INFINITY,
  nullableFrom: Number.POSITIVE_INFINITY,
  tag: undefined,
  fallback: undefined,
  isIgnorable: false,
};

/** `Out` is decoded, `In` is encoded; with `IsOptional` it may be left out there and has its default. Never changes: each method makes another. */
export class Field<Out = unknown, In = unknown, IsOptional extends boolean = boolean> {
  declare readonly out: Out;
  declare readonly in: In;
  declare readonly isOptional: IsOptional;
  readonly type: Type;
  readonly traits: Traits;

  constructor(type: Type, traits: Traits = plain) {
    this.type = type;
    this.traits = traits;
  }

  #with<O, I, Optional extends boolean>(traits: Partial<Traits>): Field<O, I, Optional> {
    return new Field<O, I, Optional>(this.type, { ...this.traits, ...traits });
  }

  since(from: number): Field<Out, In, true> {
    return this.#with({ from });
  }

  upTo(to: number): Field<Out, In, true> {
    return this.#with({ to });
  }

  nullable(nullableFrom = 0): Field<Out | null, In | null, IsOptional> {
    return this.#with({ nullableFrom });
  }

  tagged(tag: number): Field<Out, In, true> {
    return this.#with({ tag });
  }

  default(fallback: Out): Field<Out, In, true> {
    return this.#with({ fallback });
  }

  ignorable(): Field<Out, In, IsOptional> {
    return this.#with({ isIgnorable: true });
  }
}

export type Decoded<F extends Fields> = { readonly [Name in keyof F]: F[Name]['out'] };

type OptionalNames<F extends Fields> = { [Name in keyof F]: F[Name]['isOptional'] extends true ? Name : never }[keyof F];

export type Encodable<F extends Fields> = { readonly [Name in Exclude<keyof F, OptionalNames<F>>]: F[Name]['in'] } & {
  readonly [Name in OptionalNames<F>]?: F[Name]['in'] | undefined;
};

type Plain<T> = Field<T, T, false>;

export const boolean: Plain<boolean> = new Field('boolean');
export const int8: Plain<number> = new Field('int8');
export const int16: Plain<number> = new Field('int16');
export const uint16: Plain<number> = new Field('uint16');
export const int32: Plain<number> = new Field('int32');
export const uint32: Plain<number> = new Field('uint32');
/** See `Reader.int64` for those that a number does not hold exactly. */
export const int64: Plain<number> = new Field('int64');
export const float64: Plain<number> = new Field('float64');
export const string: Plain<string> = new Field('string');
/** Decoded, a view on the frame. */
export const bytes: Plain<Uint8Array> = new Field('bytes');
/**
 * Record batches, which nothing here looks into. Decoded, a view on the frame, whose byteOffset says where; encoded, bytes to copy or a
 * span to leave a gap for.
 */
export const records: Field<Uint8Array | null, Uint8Array | Span | null, false> = new Field<Uint8Array, Uint8Array | Span, false>(
  'records',
).nullable();
export const topicId: Plain<TopicId> = new Field('uuid');
/** Of anything else, as a log directory. */
export const uuid: Plain<string> = new Field('uuid');

/** "None" on the wire. */
export const noUuid = '0'.repeat(32);
export const noTopicId = noUuid as TopicId;

type List<F extends Field> = Field<readonly F['out'][], readonly F['in'][], false>;
type Struct<F extends Fields> = Field<Decoded<F>, Encodable<F>, false>;

export function struct<F extends Fields>(fields: F): Struct<F> {
  return new Field({ struct: fields });
}

/** Of scalars. */
export function list<F extends Field>(element: F): List<F> {
  return new Field({ array: element });
}

/** Of structs. */
export function rows<F extends Fields>(fields: F): List<Struct<F>> {
  return list(struct(fields));
}
