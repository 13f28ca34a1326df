import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../ts/sdk/node/index.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, startNode } from './process.mjs';

// Metadata that cannot be read is not the same as no metadata: topics that it names are never taken for orphans.

removeDirectoriesAfterwards();
afterAll(killAll);

const options = ['--journal', '1MiB', '--shards', '1'];
const block = 4096;
const journal = 'metadata/journal';
/** Enough for the journal to be written anew, from a snapshot. */
const changesCount = 320;

let whole: string;

beforeAll(async () => {
  whole = join(await newDirectory(), 'data');
  const node = await startNode(whole, options);
  const client = await connect(node.gateway);
  await client.admin.createTopic('kept', { partitions: 2 });
  for (let change = 0; change < changesCount; change += 1) {
    await client.admin.alterTopic('kept', { 'retention.ms': String(3_600_000 + change) });
  }
  expect(statSync(join(whole, journal)).size).toBeLessThan(changesCount * block);
  await client.admin.createTopic('later');
  for (const topic of ['kept', 'later']) await client.producer().send({ topic, value: topic });
  await client.close();
  expect(await node.kill('SIGTERM')).toBe(0);
});

function flip(file: string, position: number): void {
  const bytes = readFileSync(file);
  bytes[position] = (bytes[position] ?? 0) ^ 0x10;
  writeFileSync(file, bytes);
}

/** All that a partition has on the disk, by name. */
function topicsIn(data: string): Readonly<Record<string, string>> {
  const place = join(data, 'topics');
  const files = readdirSync(place, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const hashes = files.map((entry) => {
    const path = join(entry.parentPath, entry.name);
    return [path.slice(place.length), createHash('sha256').update(readFileSync(path)).digest('hex')] as const;
  });
  return Object.fromEntries(hashes);
}

/** What each topic holds. */
async function valuesIn(address: string): Promise<Readonly<Record<string, string>>> {
  const client = await connect(address);
  const found: Record<string, string> = {};
  for await (const { topic, value } of client.consumer({ topics: ['kept', 'later'], from: 'beginning' })) {
    found[topic] = Buffer.from(value ?? []).toString();
    if (Object.keys(found).length === 2) break;
  }
  await client.close();
  return found;
}

/** Both copies of what is kept twice. */
function flipTwins(place: string, pattern: RegExp): void {
  const names = readdirSync(place).filter((name) => pattern.test(name));
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) flip(join(place, name), 40);
}

const damages: readonly (readonly [string, (data: string) => void])[] = [
  ['its snapshot flipped', (data) => flip(join(data, journal), 100)],
  ['its second block flipped', (data) => flip(join(data, journal), block + 100)],
  // The last of all is a witness: it says only that what is before it was acknowledged.
  ['its last record flipped', (data) => flip(join(data, journal), statSync(join(data, journal)).size - 2 * block + 20)],
  ['cut to nothing', (data) => truncateSync(join(data, journal), 0)],
  ['cut to its snapshot', (data) => truncateSync(join(data, journal), block)],
  ['gone', (data) => rmSync(join(data, journal))],
  ['whole, and both checkpoints flipped', (data) => flipTwins(join(data, 'checkpoint'), /\.[ab]$/)],
  ['whole, and both superblocks flipped', (data) => flipTwins(data, /^superblock/)],
];

test.each(damages)('anomaly 19: a node whose metadata log is %s does not start, and takes nothing away', async (_, damage) => {
  const data = join(await newDirectory(), 'data');
  cpSync(whole, data, { recursive: true });
  damage(data);
  await expect(startNode(data, options)).rejects.toThrow(/"exitCode":11/);
  expect(topicsIn(data)).toEqual(topicsIn(whole));
});

test('anomaly 19: with its metadata as it was, a node that did not start has everything', async () => {
  const data = join(await newDirectory(), 'data');
  cpSync(whole, data, { recursive: true });
  flip(join(data, journal), 100);
  await expect(startNode(data, options)).rejects.toThrow(/the metadata log|metadata journal/);
  flip(join(data, journal), 100);
  const node = await startNode(data, options);
  expect(await valuesIn(node.gateway)).toEqual({ kept: 'kept', later: 'later' });
  await node.kill('SIGKILL');
});
