import { readdirSync, readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { BatchHeader, recordsOf } from '../../../wire/records/header.js';
import { iterateRecords } from '../../../wire/records/iterate.js';
import { Codecs, type Compressed } from './codec.js';
import { codecLoaders } from './loaders.js';
import { xxh32 } from './xxh32.js';

const codecs = new Codecs(codecLoaders);
const names: readonly Compressed[] = ['gzip', 'snappy', 'lz4', 'zstd'];
const folder = new URL('../../../../test/golden/record-batch/', import.meta.url);

test('every codec has a golden batch of the core', () => {
  expect(readdirSync(folder)).toEqual(expect.arrayContaining(names.map((name) => `${name}.bin`)));
});

for (const name of names) {
  test(`${name}: what the core compressed is read`, async () => {
    const batch = new Uint8Array(readFileSync(new URL(`${name}.bin`, folder)));
    const { records } = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as {
      records: { value: string | null }[];
    };
    const header = BatchHeader.parse(batch);
    if (!header.ok || header.value.compression !== name) throw new Error('golden batch');
    const plain = await codecs.decompress(name, recordsOf(batch, header.value));
    const values = [...iterateRecords(header.value, plain)].map(
      (taken) => taken.ok && taken.value.value && Buffer.from(taken.value.value).toString('hex'),
    );
    expect(values).toEqual(records.map(({ value }) => value));
  });

  test(`${name}: what is compressed comes back, and text gets smaller`, async () => {
    const repetitive = fc.array(fc.constantFrom('one', 'two', 'three '), { maxLength: 60_000, size: 'max' });
    const text = repetitive.map((words) => new TextEncoder().encode(words.join('')));
    const property = fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 3000 }), text), async (bytes) => {
      const compressed = await codecs.compress(name, bytes);
      expect(Buffer.compare(await codecs.decompress(name, compressed), bytes)).toBe(0);
      // A place in a larger buffer, as in a frame.
      const inside = Uint8Array.from([9, 9, 9, ...compressed, 9]).subarray(3, 3 + compressed.length);
      expect(Buffer.compare(await codecs.decompress(name, inside), bytes)).toBe(0);
    });
    await fc.assert(property, { numRuns: 25 });
    const lines = new TextEncoder().encode('the same line again\n'.repeat(10_000));
    expect((await codecs.compress(name, lines)).length).toBeLessThan(lines.length / 4);
  });

  test(`${name}: damage is an error or other bytes, and never more than allowed`, async () => {
    const codec = await codecLoaders[name]();
    const bytes = new TextEncoder().encode('abcabcabcabcabcabcabcabcabcabcabc'.repeat(50));
    const compressed = await codec.compress(bytes);
    await expect((async () => codec.decompress(compressed, bytes.length - 1))()).rejects.toThrow();
    const property = fc.asyncProperty(fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat(), async (at, byte, cut) => {
      const damaged = Uint8Array.from(compressed);
      damaged[at % damaged.length] = byte;
      const part = cut % 2 === 0 ? damaged : damaged.subarray(0, cut % damaged.length);
      const outcome = await codecs.decompress(name, part).catch((error: unknown) => error);
      if (outcome instanceof Uint8Array) expect(outcome.length).toBeLessThan(300 << 20);
      else expect(outcome).toMatchObject({ code: 'corrupt-data' });
    });
    await fc.assert(property, { numRuns: 150 });
  });
}

test('xxHash gives the known answers', () => {
  expect(xxh32(new Uint8Array(0))).toBe(0x02cc5d05);
  expect(xxh32(new TextEncoder().encode('a'))).toBe(0x550d7456);
  expect(xxh32(new TextEncoder().encode('Nobody inspects the spammish repetition'))).toBe(0xe2293b2f);
});
