import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { removeStale } from './stale.mjs';

const folder = mkdtempSync(join(tmpdir(), 'stale-'));
afterEach(() => rmSync(folder, { recursive: true }));

test('what was compiled of a source that is gone goes, and nothing else', () => {
  const names = ['kept.js', 'kept.js.map', 'gone.js', 'gone.js.map', 'deep/gone.js', 'data.json', 'others/node_modules/index.js'];
  const paths = names.map((name) => join(folder, name));
  for (const path of paths) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, '');
  }
  removeStale(folder, new Set([join(folder, 'kept.js')]), [join(folder, 'others/')]);
  const left = names.filter((name) => existsSync(join(folder, name)));
  expect(left).toEqual(['kept.js', 'kept.js.map', 'data.json', 'others/node_modules/index.js']);
});
