import { describe, expect, expectTypeOf, test } from 'vitest';
import { BrokenInvariant } from '../../model/assert.js';
import { api, isWithin, Message } from './api.js';
import { CodecError } from './codec-error.js';
import {
  boolean,
  bytes,
  type Decoded,
  type Encodable,
  type Fields,
  float64,
  int8,
  int16,
  int32,
  int64,
  list,
  noTopicId,
  records,
  rows,
  string,
  struct,
  topicId,
  uint16,
  uint32,
} from './field.js';
import { Reader } from './reader.js';
import { type Encoded, type Span, Writer } from './writer.js';

function messageOf<F extends Fields>(fields: F, flexibleFrom = Number.POSITIVE_INFINITY): Message<F> {
  return new Message('Trial request', fields, [0, 9], flexibleFrom);
}

function encode<F extends Fields>(message: Message<F>, version: number, value: Encodable<F>, writer = new Writer()): Encoded {
  message.encode(version, value, writer);
  return writer.finish();
}

function hex<F extends Fields>(message: Message<F>, version: number, value: Encodable<F>): string {
  return Buffer.from(encode(message, version, value).bytes).toString('hex');
}

function decode<F extends Fields>(message: Message<F>, version: number, text: string): Decoded<F> {
  return message.decode(version, new Reader(new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))));
}

function errorOf(act: () => unknown): CodecError {
  try {
    act();
  } catch (error) {
    if (error instanceof CodecError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('values', () => {
  const fields = { a: int8, b: int16, c: uint16, d: int32, e: uint32, f: int64, g: float64, h: boolean, i: string, j: bytes };
  const message = messageOf(fields);
  const value = { a: -1, b: -2, c: 65535, d: -3, e: 4294967295, f: -4, g: 0.5, h: true, i: 'né', j: Uint8Array.of(1, 2) };
  const text = 'ff fffe ffff fffffffd ffffffff fffffffffffffffc 3fe0000000000000 01 00036ec3a9 000000020102';

  test('known bytes, both ways', () => {
    expect(hex(message, 0, value)).toBe(text.replaceAll(' ', ''));
    expect(decode(message, 0, text)).toEqual(value);
  });

  test('types follow from the schema', () => {
    expectTypeOf<Decoded<typeof fields>['i']>().toEqualTypeOf<string>();
    const nullable = { name: string.nullable().since(3), parts: rows({ records }) };
    expectTypeOf<Decoded<typeof nullable>['name']>().toEqualTypeOf<string | null>();
    expectTypeOf<Decoded<typeof nullable>['parts'][number]['records']>().toEqualTypeOf<Uint8Array | null>();
    expectTypeOf<Encodable<typeof nullable>['parts'][number]['records']>().toEqualTypeOf<Uint8Array | Span | null>();
    expectTypeOf<{ readonly parts: [] }>().toExtend<Encodable<typeof nullable>>();
    expectTypeOf<{ readonly name: null }>().not.toExtend<Encodable<typeof nullable>>();
  });

  test.each([
    ['7fffffffffffffff', Number.MAX_SAFE_INTEGER],
    ['0020000000000000', Number.MAX_SAFE_INTEGER],
    ['001fffffffffffff', Number.MAX_SAFE_INTEGER],
    ['001ffffffffffffe', Number.MAX_SAFE_INTEGER - 1],
    ['ffe0000000000001', Number.MIN_SAFE_INTEGER],
    ['8000000000000000', Number.MIN_SAFE_INTEGER],
    ['ffffffff00000000', -(2 ** 32)],
    ['00000000ffffffff', 2 ** 32 - 1],
  ])('int64 %s is %d', (text, expected) => {
    expect(decode(messageOf({ at: int64 }), 0, text)).toEqual({ at: expected });
  });

  test('what is no UTF-8 is replaced, a byte order mark stays', () => {
    expect(decode(messageOf({ text: string }), 0, '0003 61ff62')).toEqual({ text: 'a\ufffdb' });
    expect(decode(messageOf({ text: string }), 0, '0004 efbbbf61')).toEqual({ text: '\ufeffa' });
  });

  test('a lone surrogate is written as what is read again', () => {
    expect(hex(messageOf({ text: string }), 0, { text: 'a\ud800' })).toBe('000461efbfbd');
  });

  test('memory that threads share is read like any other', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(5));
    shared.set([0, 3, 0x61, 0xc3, 0xa9]);
    expect(messageOf({ text: string }).decode(0, new Reader(shared))).toEqual({ text: 'aé' });
  });

  test('bytes are views on the frame', () => {
    const frame = Uint8Array.of(9, 0, 0, 0, 2, 5, 6);
    const { part } = messageOf({ part: records }).decode(0, new Reader(frame, 1));
    expect(part?.buffer).toBe(frame.buffer);
    expect(part?.byteOffset).toBe(5);
    expect(part).toEqual(Uint8Array.of(5, 6));
  });

  test('what lies behind a message is not looked at', () => {
    expect(decode(messageOf({ a: int8 }), 0, '01 ff ff')).toEqual({ a: 1 });
  });
});

describe('versions', () => {
  const message = messageOf({
    old: int8.upTo(1),
    name: string.nullable(2),
    young: int16.since(2).default(-1),
    easy: int16.since(2).ignorable(),
    names: list(string).since(2),
    where: struct({ id: int8.default(-1) }).since(3),
  });

  test('a field that a version lacks has its default', () => {
    const expected = { old: 1, name: 'a', young: -1, easy: 0, names: [], where: { id: -1 } };
    expect(decode(message, 0, '01 000161')).toEqual(expected);
    expect(decode(message, 2, '000161 0007 0008 00000000')).toEqual({ ...expected, old: 0, young: 7, easy: 8 });
  });

  test('a value that would be lost is refused, unless it may be, or is the default', () => {
    expect(hex(message, 0, { old: 1, name: 'a', young: -1, easy: 8, names: [], where: { id: -1 } })).toBe('01000161');
    expect(errorOf(() => hex(message, 0, { name: 'a', young: 7 })).path).toBe('young');
    expect(errorOf(() => hex(message, 0, { name: 'a', names: ['b'] })).path).toBe('names');
    expect(errorOf(() => hex(message, 2, { name: 'a', where: { id: 3 } })).path).toBe('where');
    expect(errorOf(() => hex(message, 2, { name: 'a', old: 3 })).message).toMatch(
      'Trial request v2 old: version 2 has no such field',
    );
  });

  test('null only where the version has it', () => {
    expect(errorOf(() => hex(message, 1, { name: null })).path).toBe('name');
    expect(errorOf(() => decode(message, 1, '01 ffff')).path).toBe('name');
    expect(decode(message, 2, 'ffff 0000 0000 00000000').name).toBeNull();
  });

  test('one that does not exist is our own mistake', () => {
    expect(() => hex(message, 10, { name: '' })).toThrow(BrokenInvariant);
  });

  test('served and advertised', () => {
    const row = { key: 99, name: 'Trial', served: [3, 4], request: {}, response: {} } as const;
    expect(api(row).advertised).toEqual([3, 4]);
    const { served, advertised } = api({ ...row, advertised: [0, 4] });
    expect([2, 3, 4, 5].map((version) => isWithin(served, version))).toEqual([false, true, true, false]);
    expect(isWithin(advertised, 0)).toBe(true);
  });
});

describe('flexible versions', () => {
  const message = messageOf(
    {
      name: string.nullable(),
      ids: list(int32),
      node: struct({ id: int8 }).tagged(1),
      note: string.tagged(0),
      far: int16.since(2).tagged(300).default(-1),
    },
    1,
  );

  test('known bytes: compact sizes, tags in order, defaults left out', () => {
    const value = { name: 'ab', ids: [1], node: { id: 2 }, note: 'n', far: 5 };
    const text = '036162 02 00000001 03 00 02 026e 01 02 02 00 ac02 02 0005';
    expect(hex(message, 2, value)).toBe(text.replaceAll(' ', ''));
    expect(decode(message, 2, text)).toEqual(value);
    expect(hex(message, 2, { name: null, ids: [], note: '', far: -1, node: { id: 0 } })).toBe('000100');
  });

  test('tags that are not known are passed over', () => {
    const expected = { name: null, ids: [], node: { id: 0 }, note: '', far: -1 };
    expect(decode(message, 1, '00 01 02 07 03 010203 ac02 02 0005')).toEqual(expected);
  });

  test('a large tagged field', () => {
    const note = 'x'.repeat(20_000);
    expect(decode(message, 1, hex(message, 1, { name: '', ids: [], note })).note).toBe(note);
  });

  test('one that is not as long as it says is refused', () => {
    const tooShort = errorOf(() => decode(message, 1, '00 01 01 00 01 026e'));
    expect([tooShort.path, tooShort.position]).toEqual(['note', 6]);
    expect(errorOf(() => decode(message, 1, '00 01 01 00 03 026e 00')).reason).toBe('1 bytes too many');
  });

  test('a struct that may be null has a byte that says so', () => {
    const cursor = messageOf({ cursor: struct({ id: int8 }).nullable() }, 0);
    expect(hex(cursor, 0, { cursor: null })).toBe('ff00');
    expect(hex(cursor, 0, { cursor: { id: 7 } })).toBe('01070000');
    expect(decode(cursor, 0, 'ff00')).toEqual({ cursor: null });
    expect(decode(cursor, 0, '01070000')).toEqual({ cursor: { id: 7 } });
  });
});

describe('what is refused tells where', () => {
  const message = messageOf({ topics: rows({ name: string, ids: list(int32) }) });

  test.each([
    ['00000001 0001 61 00000002 00000001', 'topics[0].ids', 11],
    ['00000002 0001 61 00000000 0008 61 00000000', 'topics[1].name', 13],
    ['00000001 fffe 000000000000', 'topics[0].name', 6],
    ['7fffffff 0001 61 00000000', 'topics', 4],
    ['ffffffff', 'topics', 4],
    ['80000000', 'topics', 4],
    ['0000', 'topics', 0],
  ])('%s', (text, path, position) => {
    const error = errorOf(() => decode(message, 3, text));
    expect([error.path, error.position]).toEqual([path, position]);
    expect(error.message).toBe(`Trial request v3 ${path}: ${error.reason}, at byte ${position}`);
  });

  test('varints that do not end or do not fit', () => {
    const flexible = messageOf({ ids: list(int8) }, 0);
    expect(errorOf(() => decode(flexible, 0, 'ffffffffff01')).reason).toBe('a varint that does not end');
    expect(errorOf(() => decode(flexible, 0, 'ffffffff7f')).reason).toBe('a varint of more than 32 bits');
  });

  test('more elements than any client has use for', () => {
    const bytes = new Uint8Array(4 + 1_000_001);
    new DataView(bytes.buffer).setInt32(0, 1_000_001);
    const error = errorOf(() => messageOf({ ids: list(int8) }).decode(0, new Reader(bytes)));
    expect([error.path, error.reason]).toEqual(['ids', 'more than 1000000 elements']);
  });

  test.each([
    [{ at: int8 }, { at: 128 }],
    [{ at: int16 }, { at: -32769 }],
    [{ at: uint16 }, { at: -1 }],
    [{ at: int32 }, { at: 0.5 }],
    [{ at: uint32 }, { at: 2 ** 32 }],
    [{ at: int64 }, { at: 2 ** 53 }],
    [{ at: topicId }, { at: 'x' as typeof noTopicId }],
    [{ at: string }, { at: 'x'.repeat(32768) }],
  ])('what does not fit is not written: %#', (fields, value) => {
    expect(errorOf(() => hex(messageOf<Fields>(fields), 0, value)).path).toBe('at');
  });
});

describe('gaps', () => {
  const message = messageOf({ parts: rows({ index: int8, records }) }, 1);
  const parts = [
    { index: 1, records: { size: 300 } },
    { index: 2, records: Uint8Array.of(7) },
    { index: 3, records: { size: 0 } },
    { index: 4, records: null },
  ];

  test('a span leaves a gap of its size, bytes are copied', () => {
    const { bytes, gaps, size } = encode(message, 0, { parts });
    expect(Buffer.from(bytes).toString('hex')).toBe('00000004010000012c02000000010703000000000' + '4ffffffff');
    expect(gaps).toEqual([{ position: 9, span: parts[0]?.records }]);
    expect(gaps[0]?.span).toBe(parts[0]?.records);
    expect(size).toBe(bytes.length + 300);
  });

  test('with compact sizes too', () => {
    const { bytes, gaps } = encode(message, 1, { parts: parts.slice(0, 1) });
    expect(Buffer.from(bytes).toString('hex')).toBe('0201ad020000');
    expect(gaps.map(({ position }) => position)).toEqual([4]);
  });

  test('never in a tagged field', () => {
    const tagged = messageOf({ part: struct({ records }).tagged(0) }, 0);
    expect(() => encode(tagged, 0, { part: { records: { size: 3 } } })).toThrow(CodecError);
  });

  test('memory that is given is used, and outgrown', () => {
    const given = new Uint8Array(64);
    const small = encode(messageOf({ text: string }), 0, { text: 'abc' }, new Writer(given));
    expect(small.bytes.buffer).toBe(given.buffer);
    const text = 'x'.repeat(5000);
    const large = encode(messageOf({ text: string }), 0, { text }, new Writer(given));
    expect(messageOf({ text: string }).decode(0, new Reader(large.bytes))).toEqual({ text });
  });
});

test('no id', () => {
  expect(hex(messageOf({ id: topicId }), 0, { id: noTopicId })).toBe('00'.repeat(16));
});
