import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { filesUnder, fingerprint, readStamp, writeStamp } from './fingerprint.mjs';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-fingerprint-'));
  mkdirSync(join(folder, 'deep'));
  writeFileSync(join(folder, 'a.ts'), 'a');
  writeFileSync(join(folder, 'deep', 'b.ts'), 'b');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const now = () => fingerprint(folder, filesUnder(folder));

test('contents and names count, times do not', () => {
  const before = now();
  utimesSync(join(folder, 'a.ts'), 1, 1);
  expect(now()).toBe(before);
  writeFileSync(join(folder, 'a.ts'), 'A');
  const changed = now();
  expect(changed).not.toBe(before);
  renameSync(join(folder, 'a.ts'), join(folder, 'c.ts'));
  expect(now()).not.toBe(changed);
});

test('bytes that move from one file to its neighbour are a change', () => {
  writeFileSync(join(folder, 'a.ts'), 'xy');
  writeFileSync(join(folder, 'deep', 'b.ts'), 'z');
  const before = now();
  writeFileSync(join(folder, 'a.ts'), 'x');
  writeFileSync(join(folder, 'deep', 'b.ts'), 'yz');
  expect(now()).not.toBe(before);
});

test('a stamp reads back, and is unknown before it is written', () => {
  const file = join(folder, 'stamp');
  expect(readStamp(file)).toBeUndefined();
  writeStamp(file, 'one');
  expect(readStamp(file)).toBe('one');
  expect(filesUnder(folder).map((path) => path.slice(folder.length + 1))).toEqual(['a.ts', 'deep/b.ts', 'stamp']);
});
