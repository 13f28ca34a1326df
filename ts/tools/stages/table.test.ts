import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './spawn-stage.js';
import { allStages, conformanceStages } from './table.js';

test('every test of conformance is in one stage, and npm run conformance has all of npm test has', () => {
  const files = readdirSync(join(root, 'test/conformance')).filter((name) => name.endsWith('.test.ts'));
  const inStages = conformanceStages.flatMap(({ command }) => command.filter((word) => word.startsWith('test/conformance/')));
  expect([...inStages].sort()).toEqual(files.map((name) => `test/conformance/${name}`).sort());
  const named = new Set(conformanceStages.map(({ name }) => name));
  const asked = allStages.filter(({ command }) => command.includes('vitest.conformance.config.ts'));
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.filter(({ name }) => !named.has(name))).toEqual([]);
});
