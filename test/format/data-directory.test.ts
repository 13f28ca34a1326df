import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { DataDirectory, LogStore } from '../../ts/native/log.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { type DumpLine, millrace, numbered, parseAcks, parseDump } from '../log/millrace.js';
import { Heard, opened, turnUntil } from '../log/store.js';
import { unpack } from './packed-directory.mjs';

// Directories as older versions left them, killed in their last life, with what was in them. If one of these tests fails, a
// change has made data on somebody's disk unreadable: it is the change that gives way (see freeze.mjs).

removeDirectoriesAfterwards();

const golden = fileURLToPath(new URL('../golden/data-directory/', import.meta.url));
const formats = readdirSync(golden);

async function unpacked(format: string): Promise<string> {
  const data = join(await newDirectory(), 'data');
  unpack(join(golden, format, 'files'), data);
  return data;
}

function expectedDump(format: string): readonly DumpLine[] {
  return parseDump(readFileSync(join(golden, format, 'dump.jsonl'), 'utf8'));
}

function dump(data: string): readonly DumpLine[] {
  const { status, stdout, stderr } = millrace(['log', 'dump', data, '--json', '--records']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return parseDump(stdout);
}

test('format 1 is there', () => {
  expect(formats).toContain('1');
});

test.each(formats)('a directory of format %s holds what it held', async (format) => {
  const data = await unpacked(format);
  const { status, stdout } = millrace(['log', 'verify', data, '--json']);
  expect(JSON.parse(stdout)).toMatchObject(JSON.parse(readFileSync(join(golden, format, 'verify.json'), 'utf8')));
  expect(status).toBe(0);
  expect(dump(data)).toMatchObject(expectedDump(format));
});

test.each(
  formats.flatMap((format) => [
    [format, '2', 'auto'],
    [format, '1', 'fallback'],
  ]),
)('a directory of format %s goes on, with %s shards over %s', async (format, shards, io) => {
  const data = await unpacked(format);
  const before = expectedDump(format);
  const lastEpoch = Math.max(...before.map(({ epoch }) => epoch));
  const acks = ['synced', 'replicated'].flatMap((topic) => {
    const options = ['--data', data, '--topic', topic, '--shards', shards, '--io', io];
    const { status, stdout, stderr } = millrace(
      ['log', 'append', ...options, '--batch', '10', '--journal', '1MiB'],
      numbered(50),
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return parseAcks(stdout);
  });
  expect(millrace(['log', 'verify', data])).toMatchObject({ status: 0, stderr: '' });
  const after = dump(data);
  expect(after.filter(({ epoch }) => epoch <= lastEpoch)).toMatchObject(before);
  const added = after.filter(({ epoch }) => epoch > lastEpoch);
  expect(sorted(added)).toEqual(sorted(acks));
  for (const ack of acks) expect(ack.base).toBeGreaterThan(lastOf(before, ack));
});

function sorted(batches: readonly (DumpLine | ReturnType<typeof parseAcks>[number])[]): readonly string[] {
  return batches.map(({ topic, partition, base, last, crc }) => `${topic} ${partition} ${base} ${last} ${crc}`).sort();
}

function lastOf(batches: readonly DumpLine[], { topic, partition }: { topic: string; partition: number }): number {
  const own = batches.filter((batch) => batch.topic === topic && batch.partition === partition);
  return Math.max(...own.map(({ last }) => last));
}

test.each(formats)('the producers of format %s are known: what they send again gets the old offset', async (format) => {
  const data = await unpacked(format);
  const last = expectedDump(format)
    .filter(({ topic }) => topic === 'idempotent')
    .slice(-5);
  // Producers expire: nobody may know how long ago the directory was frozen.
  const frozenMs = Math.max(...expectedDump(format).flatMap(({ records = [] }) => records.map(({ timestamp }) => timestamp)));
  const clock = { monotonicMs: () => performance.now(), wallMs: () => frozenMs };
  const directory = opened(DataDirectory.open({ data, shards: 1, journalSize: 1 << 20, batchSizeMax: 1 << 20, clock }));
  const store = opened(LogStore.open(directory.id, 0, clock));
  const topic = directory.topics().find(({ name }) => name === 'idempotent');
  const known = store.partitions().find((state) => state.topic === topic?.id);
  const heard = new Heard();
  const resent = last.map((batch) => storedBytes(data, batch));
  for (const [ticket, bytes] of resent.entries()) store.appendLarge(known?.handle ?? -1, ticket, bytes);
  turnUntil(store, heard, () => heard.acks.length + heard.refusals.length === last.length);
  expect(heard.acks.map(({ base }) => base)).toEqual(last.map(({ base }) => base));
  expect(store.partition(known?.handle ?? -1)?.end).toBe(known?.end);
  store.release();
  directory.close();
});

/** A batch as its producer sent it: without an offset. */
function storedBytes(data: string, { file, position }: DumpLine): Uint8Array {
  const bytes = readFileSync(join(data, file));
  return bytes.subarray(position, position + 12 + bytes.readInt32BE(position + 8)).fill(0, 0, 8);
}
