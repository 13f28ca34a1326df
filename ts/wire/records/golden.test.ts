import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { offset } from '../../model/offset.js';
import { BatchPlan, type NewRecord } from './build.js';
import { crc32c } from './crc32c.js';
import { BatchHeader, hasRightCrc, recordsOf } from './header.js';
import { iterateRecords } from './iterate.js';

// Frozen by native/src/codec/golden.rs: what Rust wrote, TypeScript reads, and builds to the same bytes.

type Hex = string | null;

interface Frozen {
  readonly producerId: string;
  readonly records: readonly { offset: number; timestamp: number; key: Hex; value: Hex; headers: readonly [string, Hex][] }[];
}

const folder = new URL('../../../test/golden/record-batch/', import.meta.url);
const names = readdirSync(folder).flatMap((file) => (file.endsWith('.bin') ? [file.slice(0, -4)] : []));

const hex = (bytes: Uint8Array | null): Hex => (bytes === null ? null : Buffer.from(bytes).toString('hex'));
const unhex = (text: Hex): Uint8Array | null => (text === null ? null : new Uint8Array(Buffer.from(text, 'hex')));

function load(name: string) {
  const batch = new Uint8Array(readFileSync(new URL(`${name}.bin`, folder)));
  const { producerId, records, ...fields } = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as Frozen;
  const parsed = BatchHeader.parse(batch);
  if (!parsed.ok) throw new Error(parsed.error);
  return { batch, header: parsed.value, records, fields: { ...fields, producerId: BigInt(producerId) } };
}

const isPlain = (name: string) => load(name).header.compression === 'none';

test('there are frozen batches of every compression', () => {
  const compressions = new Set(names.map((name) => load(name).header.compression));
  expect([...compressions].sort()).toEqual(['gzip', 'lz4', 'none', 'snappy', 'zstd']);
});

test.each(names)('%s: the header reads as frozen', (name) => {
  const { batch, header, fields } = load(name);
  const read = Object.fromEntries(Object.keys(fields).map((key) => [key, header[key as keyof BatchHeader]]));
  expect(read).toEqual(fields);
  expect(hasRightCrc(batch, header, crc32c)).toBe(true);
});

test.each(names.filter(isPlain))('%s: the records read as frozen', (name) => {
  const { batch, header, records } = load(name);
  const read = [...iterateRecords(header, recordsOf(batch, header))].map((taken) => {
    if (!taken.ok) throw new Error(taken.error);
    const { key, value, headers, ...rest } = taken.value;
    return { ...rest, key: hex(key), value: hex(value), headers: headers.map((each) => [hex(each.name), hex(each.value)]) };
  });
  expect(read).toEqual(records);
});

// Gaps and append times are the broker's doing: no producer builds them.
const brokerMade = ['compacted', 'emptied-by-compaction', 'log-append-time'];

test.each(names.filter(isPlain).filter((name) => !brokerMade.includes(name)))('%s: is built to the same bytes', (name) => {
  const { batch, header, records } = load(name);
  const plan = new BatchPlan(
    records.map(
      ({ timestamp, key, value, headers }): NewRecord => ({
        timestamp,
        key: unhex(key),
        value: unhex(value),
        headers: headers.map(([header, content]) => ({ name: unhex(header) ?? new Uint8Array(), value: unhex(content) })),
      }),
    ),
  );
  const built = new Uint8Array(plan.size);
  const { leaderEpoch, producerId, producerEpoch, baseSequence, attributes } = header;
  const baseOffset = offset(header.baseOffset);
  plan.write(built, crc32c, { baseOffset, leaderEpoch, producerId, producerEpoch, baseSequence, attributes });
  expect(hex(built)).toBe(hex(batch));
});
