import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Plants the files in a tree of their own and answers the names of the rules they break. */
function brokenRules(files: Readonly<Record<string, string>>): readonly string[] {
  const tree = mkdtempSync(join(tmpdir(), 'millrace-imports-'));
  try {
    for (const name of ['.dependency-cruiser.mjs', 'tsconfig.json', 'tsconfig.base.json', 'package.json']) {
      copyFileSync(join(root, name), join(tree, name));
    }
    symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), content);
    }
    const args = ['--config', '.dependency-cruiser.mjs', 'ts'];
    const { stdout, status } = spawnSync(join(root, 'node_modules/.bin/depcruise'), args, { cwd: tree, encoding: 'utf8' });
    const names = [...stdout.matchAll(/^\s*error ([\w-]+): /gm)].map(([, name = '']) => name);
    // Both must agree: a rule that only warns would print its name and pass.
    expect(status === 0).toBe(names.length === 0);
    return [...new Set(names)].sort();
  } finally {
    rmSync(tree, { recursive: true });
  }
}

const value = 'export const x = 1;\n';
const type = 'export interface T { x: number }\n';
const importOf = (path: string) => `import { x } from '${path}';\nexport const y = x;\n`;
const typeImportOf = (path: string) => `import type { T } from '${path}';\nexport type U = T;\n`;

test('a clean tree passes, with every kind of allowed import', () => {
  const files = {
    'ts/model/a.ts': value,
    'ts/native/a.ts': importOf('../model/a.js'),
    'ts/ring/a.ts': importOf('../model/a.js'),
    'ts/shard/a.ts': importOf('../ring/a.js').replaceAll('x', 'y').replace('const y', 'const z'),
    'ts/cli/commands/log-dump.ts': importOf('../../native/a.js').replaceAll('x', 'y').replace('const y', 'const z'),
    'ts/tools/a.ts': importOf('../model/a.js'),
  };
  expect(brokenRules(files)).toEqual([]);
});

test.each([
  ['a breach', 'shard-imports', { 'ts/gateway/a.ts': value, 'ts/shard/a.ts': importOf('../gateway/a.js') }],
  ['a breach that is only a type', 'ring-imports', { 'ts/shard/a.ts': type, 'ts/ring/a.ts': typeImportOf('../shard/a.js') }],
  ['tools imported', 'model-imports', { 'ts/tools/a.ts': value, 'ts/model/a.ts': importOf('../tools/a.js') }],
  [
    'native from an ordinary command',
    'cli-imports',
    { 'ts/native/a.ts': value, 'ts/cli/commands/x.ts': importOf('../../native/a.js') },
  ],
  [
    'ring from an api',
    'apis-through-verbs',
    { 'ts/ring/a.ts': value, 'ts/gateway/kafka/apis/a.ts': importOf('../../../ring/a.js') },
  ],
  [
    'Node in the browser',
    'runs-in-a-browser',
    { 'ts/wire/a.ts': "import { readFileSync } from 'node:fs';\nexport const y = readFileSync;\n" },
  ],
  ['a folder nobody listed', 'folder-not-in-table', { 'ts/surprise/a.ts': value, 'ts/tools/a.ts': importOf('../surprise/a.js') }],
  ['a module that is not there', 'resolvable', { 'ts/model/a.ts': importOf('./gone.js') }],
])('%s is refused', (_name, rule, files) => {
  expect(brokenRules(files)).toContain(rule);
});

test('a cycle is refused, of values and of types', () => {
  const a = (path: string) => `import { x } from '${path}';\nexport const y = () => x;\n`;
  const b = (path: string) => `import { y } from '${path}';\nexport const x = () => y;\n`;
  expect(brokenRules({ 'ts/model/a.ts': a('./b.js'), 'ts/model/b.ts': b('./a.js') })).toEqual(['no-cycles']);
  const c = "import type { D } from './d.js';\nexport interface C { d: D }\n";
  const d = "import type { C } from './c.js';\nexport interface D { c: C }\n";
  expect(brokenRules({ 'ts/model/c.ts': c, 'ts/model/d.ts': d })).toEqual(['no-cycles']);
});
