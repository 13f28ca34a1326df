import type { Scalar } from './field.js';
import { noUuid } from './field.js';
import type { Reader } from './reader.js';
import type { Span, Writer } from './writer.js';

/** How one field of one version goes to bytes and back. */
export interface Wire {
  /** No value takes fewer bytes. */
  readonly sizeMin: number;
  readonly read: (reader: Reader) => unknown;
  /** Only values of the field's own type come here, which is what `Encodable` is for. */
  readonly write: (writer: Writer, value: never) => void;
}

interface ScalarRow {
  /** What the field is where it is absent and says nothing else. */
  readonly zero: unknown;
  readonly wire: (isFlexible: boolean, isNullable: boolean) => Wire;
}

function fixed<T>(sizeMin: number, zero: T, read: (reader: Reader) => T, write: (writer: Writer, value: T) => void): ScalarRow {
  const wire: Wire = { sizeMin, read, write };
  return { zero, wire: () => wire };
}

/** How a size or a count is told: by an integer in which -1 is null, or by a varint one higher, in which 0 is. */
export interface Prefix {
  readonly sizeMin: number;
  /** -1 for null. */
  readonly read: (reader: Reader) => number;
  readonly write: (writer: Writer, size: number) => void;
}

const compact: Prefix = {
  sizeMin: 1,
  read: (reader) => reader.varint() - 1,
  write: (writer, size) => writer.varint(size + 1),
};
const short: Prefix = { sizeMin: 2, read: (reader) => reader.int16(), write: (writer, size) => writer.int16(size) };
const long: Prefix = { sizeMin: 4, read: (reader) => reader.int32(), write: (writer, size) => writer.int32(size) };

/** The prefix of arrays and bytes. */
export function longPrefix(isFlexible: boolean): Prefix {
  return isFlexible ? compact : long;
}

/** A size or count of zero and more, or null where that may be. */
export function readSize(prefix: Prefix, reader: Reader, isNullable: boolean): number | null {
  const size = prefix.read(reader);
  if (size >= 0) return size;
  if (size === -1) return isNullable ? null : reader.fail('null, where this version has none');
  return reader.fail(`a size of ${size}`);
}

export function writeNull(prefix: Prefix, writer: Writer, isNullable: boolean): void {
  if (!isNullable) writer.fail('null, where this version has none');
  prefix.write(writer, -1);
}

function prefixed<T>(
  zero: T,
  prefixOf: (isFlexible: boolean) => Prefix,
  read: (reader: Reader, size: number) => T,
  write: (writer: Writer, value: T, prefix: Prefix) => void,
): ScalarRow {
  const wire = (isFlexible: boolean, isNullable: boolean): Wire => {
    const prefix = prefixOf(isFlexible);
    return {
      sizeMin: prefix.sizeMin,
      read: (reader) => {
        const size = readSize(prefix, reader, isNullable);
        return size === null ? null : read(reader, size);
      },
      write: (writer: Writer, value: T | null) => {
        if (value === null) writeNull(prefix, writer, isNullable);
        else write(writer, value, prefix);
      },
    };
  };
  return { zero, wire };
}

function readView(reader: Reader, size: number): Uint8Array {
  return reader.view(size);
}

function writeBytes(writer: Writer, value: Uint8Array, prefix: Prefix): void {
  prefix.write(writer, value.length);
  writer.raw(value);
}

function writeRecords(writer: Writer, value: Uint8Array | Span, prefix: Prefix): void {
  if (value instanceof Uint8Array) {
    writeBytes(writer, value, prefix);
  } else {
    prefix.write(writer, value.size);
    writer.span(value);
  }
}

const empty = new Uint8Array(0);
const shortPrefix = (isFlexible: boolean) => (isFlexible ? compact : short);

export const scalars: Readonly<Record<Scalar, ScalarRow>> = {
  boolean: fixed(
    1,
    false,
    (reader) => reader.uint8() !== 0,
    (writer, value) => writer.uint8(value ? 1 : 0),
  ),
  int8: fixed(
    1,
    0,
    (reader) => reader.int8(),
    (writer, value) => writer.int8(value),
  ),
  int16: fixed(
    2,
    0,
    (reader) => reader.int16(),
    (writer, value) => writer.int16(value),
  ),
  uint16: fixed(
    2,
    0,
    (reader) => reader.uint16(),
    (writer, value) => writer.uint16(value),
  ),
  int32: fixed(
    4,
    0,
    (reader) => reader.int32(),
    (writer, value) => writer.int32(value),
  ),
  uint32: fixed(
    4,
    0,
    (reader) => reader.uint32(),
    (writer, value) => writer.uint32(value),
  ),
  int64: fixed(
    8,
    0,
    (reader) => reader.int64(),
    (writer, value) => writer.int64(value),
  ),
  float64: fixed(
    8,
    0,
    (reader) => reader.float64(),
    (writer, value) => writer.float64(value),
  ),
  uuid: fixed(
    16,
    noUuid,
    (reader) => reader.uuid(),
    (writer, value) => writer.uuid(value),
  ),
  string: prefixed(
    '',
    shortPrefix,
    (reader, size) => reader.text(size),
    (writer, value, prefix) => writer.text(value, prefix.write),
  ),
  bytes: prefixed(empty, longPrefix, readView, writeBytes),
  records: prefixed<Uint8Array | Span>(empty, longPrefix, readView, writeRecords),
};
