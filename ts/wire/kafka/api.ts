import { assert } from '../../model/assert.js';
import { CodecError } from './codec-error.js';
import { type Place, structWire } from './compile.js';
import type { Decoded, Encodable, Fields } from './field.js';
import type { Reader } from './reader.js';
import type { Wire } from './scalars.js';
import type { Writer } from './writer.js';

/** First and last. */
export type Versions = readonly [number, number];

export function isWithin([first, last]: Versions, version: number): boolean {
  return first <= version && version <= last;
}

/** One direction of an API in all its versions. Compiled when a version is first used. */
export class Message<F extends Fields> {
  readonly name: string;
  readonly fields: F;
  readonly #versions: Versions;
  readonly #flexibleFrom: number;
  readonly #wires: (Wire | undefined)[] = [];

  constructor(name: string, fields: F, versions: Versions, flexibleFrom: number) {
    this.name = name;
    this.fields = fields;
    this.#versions = versions;
    this.#flexibleFrom = flexibleFrom;
  }

  /**
   * Takes a message from where the reader stands. Bytes behind it are not looked at, as Kafka does not; bytes and records are views.
   * Throws a `CodecError`.
   */
  decode(version: number, reader: Reader): Decoded<F> {
    const wire = this.#wireOf(version);
    try {
      return wire.read(reader) as Decoded<F>;
    } catch (error) {
      throw this.#named(error, version);
    }
  }

  /** Throws a `CodecError` for a value that the version cannot hold; what was written until then stays. */
  encode(version: number, value: Encodable<F>, writer: Writer): void {
    const wire = this.#wireOf(version);
    try {
      wire.write(writer, value as never);
    } catch (error) {
      throw this.#named(error, version);
    }
  }

  #wireOf(version: number): Wire {
    assert(isWithin(this.#versions, version), `${this.name} has no version ${version}`);
    const place: Place = { version, isFlexible: version >= this.#flexibleFrom };
    this.#wires[version] ??= structWire(this.fields, place);
    return this.#wires[version];
  }

  #named(error: unknown, version: number): unknown {
    if (error instanceof CodecError) error.of(`${this.name} v${version}`);
    return error;
  }
}

/** A row of Kafka's protocol: what a file of schema/ holds. */
export interface Api<Key extends number = number, Request extends Fields = Fields, Response extends Fields = Fields> {
  readonly key: Key;
  readonly name: string;
  /** Those that are spoken. */
  readonly served: Versions;
  /** Those that ApiVersions names: more than are served where a client asks for nothing but the number. */
  readonly advertised: Versions;
  readonly flexibleFrom: number;
  readonly request: Message<Request>;
  readonly response: Message<Response>;
}

interface ApiRow<Key extends number, Request extends Fields, Response extends Fields> {
  readonly key: Key;
  readonly name: string;
  readonly served: Versions;
  /** As served, where absent. */
  readonly advertised?: Versions;
  /** The first version with compact sizes and tagged fields; none has them where it is absent. */
  readonly flexibleFrom?: number;
  readonly request: Request;
  readonly response: Response;
}

export function api<const Key extends number, Request extends Fields, Response extends Fields>(
  row: ApiRow<Key, Request, Response>,
): Api<Key, Request, Response> {
  const { key, name, served, advertised = served, flexibleFrom = Number.POSITIVE_INFINITY } = row;
  const request = new Message(`${name} request`, row.request, served, flexibleFrom);
  const response = new Message(`${name} response`, row.response, served, flexibleFrom);
  return { key, name, served, advertised, flexibleFrom, request, response };
}
