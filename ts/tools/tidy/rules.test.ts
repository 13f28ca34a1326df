import { expect, test } from 'vitest';
import { generatedIsFresh } from './generated-rule.js';
import * as repositoryRules from './repository-rules.js';
import * as rustRules from './rust-rules.js';
import type { Rule, Tree } from './tree.js';
import * as typescriptRules from './typescript-rules.js';

interface Case {
  readonly rule: Rule;
  /** Each alone is a breach. */
  readonly breaches: Readonly<Record<string, string>>;
  /** All together are none. */
  readonly allowed: Readonly<Record<string, string>>;
}

const lines = (count: number) => '\n'.repeat(count);
const later = ['TO', 'DO'].join('');
const off = ['sk', 'ip'].join('');

const cases: Readonly<Record<string, Case>> = {
  workers: {
    rule: typescriptRules.workers,
    breaches: { 'ts/shard/x.ts': 'const w = new Worker(url);' },
    allowed: {
      'ts/broker/threads.ts': 'new Worker(url)',
      'ts/ring/x.test.ts': 'new Worker(url)',
      'ts/shard/y.ts': '// never call new Worker(url) here',
    },
  },
  sharedMemory: {
    rule: typescriptRules.sharedMemory,
    breaches: { 'ts/shard/x.ts': 'Atomics.load(a, 0);', 'ts/cli/x.ts': 'new SharedArrayBuffer(8);' },
    allowed: {
      'ts/ring/x.ts': 'Atomics.load(a, 0)',
      'ts/metrics/x.ts': 'new SharedArrayBuffer(8)',
      'test/x.ts': 'Atomics.load(a, 0)',
    },
  },
  timeAndChance: {
    rule: typescriptRules.timeAndChance,
    breaches: {
      'ts/gateway/x.ts': 'const t = Date.now();',
      'ts/shard/x.ts': 'setTimeout(f, 1);',
      'ts/coordinator/x.ts': 'Math.random();',
      'ts/cluster/x.ts': 'performance.now();',
    },
    allowed: { 'ts/cli/x.ts': 'Date.now()', 'ts/shard/x.test.ts': 'setTimeout(f, 1)', 'ts/broker/x.ts': 'Math.random()' },
  },
  addonImporter: {
    rule: typescriptRules.addonImporter,
    breaches: { 'ts/shard/x.ts': "const addon = require('../millrace.node');" },
    allowed: { 'ts/native/load.ts': 'createRequire(import.meta.url)' },
  },
  unsafeCode: {
    rule: rustRules.unsafeCode,
    breaches: { 'native/src/log/mod.rs': '#![allow(unsafe_code)]', 'native/src/iota/mod.rs': '#[expect(unsafe_code)]' },
    allowed: { 'native/src/io/mod.rs': '#![allow(unsafe_code)]', 'native/src/ring/x.rs': '#![allow(unsafe_code)]' },
  },
  systemCalls: {
    rule: rustRules.systemCalls,
    breaches: { 'native/src/log/x.rs': 'let x = libc::EIO;', 'native/src/ring/x.rs': 'use io_uring::IoUring;' },
    allowed: {
      'native/src/io/x.rs': 'use libc::EIO;',
      'native/src/log/y.rs': '// what libc::EIO means',
      'native/src/ring/tests/x.rs': 'libc::poll',
    },
  },
  napi: {
    rule: rustRules.napi,
    breaches: { 'native/src/log/x.rs': 'use napi_derive::napi;', 'native/src/io/x.rs': '#[napi]' },
    allowed: { 'native/src/binding/x.rs': 'use napi_derive::napi;', 'native/build.rs': 'napi_build::setup();' },
  },
  folderMap: {
    rule: (tree) =>
      repositoryRules.folderMap(
        new Map([
          ['docs/ARCHITECTURE.md', '`ts/ring/` `native/src/io/mod.rs` `native/src/io/`'],
          ['ts/ring/a.ts', ''],
          ['native/src/io/mod.rs', ''],
          ...tree,
        ]),
      ),
    breaches: { 'ts/new/a.ts': '', 'ts/ring/deep/a.ts': '', 'docs/ARCHITECTURE.md': '`ts/ring/` `native/src/io/` `ts/gone/`' },
    allowed: { 'ts/ring/b.ts': '', 'native/src/lib.rs': '' },
  },
  nothingLeftForLater: {
    rule: repositoryRules.nothingLeftForLater,
    breaches: { 'ts/x.ts': `// ${later}: more`, 'native/src/x.rs': `let x = 1; // ${later}` },
    allowed: { 'docs/x.md': later, 'ts/y.ts': 'const todo = 1;' },
  },
  noTestSwitchedOff: {
    rule: repositoryRules.noTestSwitchedOff,
    breaches: { 'ts/x.test.ts': `test.${off}('x')`, 'native/src/x.rs': `#[${'ignore'}]` },
    allowed: { 'ts/y.test.ts': "test('x')" },
  },
  noMachinePaths: {
    rule: repositoryRules.noMachinePaths,
    breaches: { 'ts/x.ts': `open('/${'home'}/me/x')` },
    allowed: { 'ts/y.ts': "open('./home/x')" },
  },
  lockNamesNoRegistry: {
    rule: repositoryRules.lockNamesNoRegistry,
    breaches: { 'package-lock.json': '      "resolved": "https://registry.example/a.tgz",' },
    allowed: { 'ts/x.json': '"resolved": 1' },
  },
  fileSizeRatchet: {
    rule: repositoryRules.fileSizeRatchet,
    breaches: { 'ts/x.ts': lines(701), 'native/src/x.rs': lines(800) },
    allowed: { 'ts/y.ts': lines(600), 'native/src/y.rs': `${lines(600)}#[cfg(test)]${lines(600)}`, 'ts/z.test.ts': lines(2000) },
  },
};

const tree = (files: Readonly<Record<string, string>>): Tree => new Map(Object.entries(files));

for (const [name, { rule, breaches, allowed }] of Object.entries(cases)) {
  for (const [path, content] of Object.entries(breaches)) {
    test(`${name} sees the breach in ${path}`, () => {
      expect([...rule(tree({ [path]: content }))].map((finding) => finding.path)).toHaveLength(1);
    });
  }
  test(`${name} lets pass what is allowed`, () => {
    expect([...rule(tree(allowed))]).toEqual([]);
  });
}

test('every rule of tidy has a case here', () => {
  const rules = [typescriptRules, rustRules, repositoryRules].flatMap((module) => Object.keys(module));
  expect(Object.keys(cases).sort()).toEqual(rules.sort());
});

test('generated files: a changed, a missing and an orphaned one', () => {
  const fresh = new Map([['docs/generated/a.md', 'a']]);
  const findings = (files: Readonly<Record<string, string>>) => [...generatedIsFresh(tree(files), fresh)].map(({ path }) => path);
  expect(findings({ 'docs/generated/a.md': 'a' })).toEqual([]);
  expect(findings({ 'docs/generated/a.md': 'b' })).toEqual(['docs/generated/a.md']);
  expect(findings({})).toEqual(['docs/generated/a.md']);
  expect(findings({ 'docs/generated/a.md': 'a', 'docs/generated/b.md': '' })).toEqual(['docs/generated/b.md']);
});
