import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { campaigns } from '../stages/campaigns.js';
import { allStages } from '../stages/table.js';
import { usageOf, usages } from './usage.mjs';

const root = join(import.meta.dirname, '../../..');
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

/** Those that are commands of the product say it themselves. */
const ownHelp = new Set(['start', 'bench']);

test.each(Object.keys(scripts).filter((name) => !ownHelp.has(name)))('%s --help has an example, and builds nothing', (name) => {
  const printed = execFileSync(process.execPath, [join(root, 'ts/tools/bootstrap.mjs'), name, '--help'], { encoding: 'utf8' });
  expect(printed).toBe(usageOf(name));
  expect(printed).toContain('example: npm ');
});

test('the examples name what there is', () => {
  const known = new Set([
    ...allStages.map(({ name }) => name),
    ...campaigns.flatMap(({ targets }) => targets.map(({ name }) => name)),
  ]);
  for (const { example } of Object.values(usages)) {
    for (const [, name] of example.matchAll(/--(?:only|target) (\S+)/g)) expect(known).toContain(name);
  }
});
