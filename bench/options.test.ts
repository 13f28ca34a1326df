import { expect, test } from 'vitest';
import { help, parseOptions } from './options.js';
import { planRuns } from './plan.js';
import { scenarios } from './scenarios/table.js';

test('defaults', () => {
  expect(parseOptions([])).toEqual({
    targets: [],
    spinners: 'both',
    isQuick: false,
    isGate: false,
    wantsCounterCheck: false,
    wantsHelp: false,
  });
});

test('targets by comma and by repetition', () => {
  expect(parseOptions(['--target', 'a,b', '--target', 'c', '--gate'])).toMatchObject({ targets: ['a', 'b', 'c'], isGate: true });
});

test('a scenario by its other name, and a soak', () => {
  expect(parseOptions(['--scenario', 'a', '--target', 'b/c'])).toMatchObject({ targets: ['b/c', 'a'] });
  expect(parseOptions(['--soak'])).toMatchObject({ soakSeconds: 600 });
  expect(parseOptions(['--soak', '--seconds', '60'])).toMatchObject({ soakSeconds: 60 });
});

test('what is not understood is a complaint', () => {
  for (const args of [['--spinners', 'maybe'], ['--fast'], ['--json'], ['word'], ['--soak', '--seconds', 'ten']])
    expect(parseOptions(args)).toBeTypeOf('string');
});

test('the example of the help is understood', () => {
  const [, example = ''] = /^example: npm run bench -- (.*)$/m.exec(help) ?? [];
  const options = parseOptions(example.split(' '));
  expect(options).toMatchObject({ isQuick: true });
  if (typeof options !== 'string') expect(planRuns(scenarios, options)).toHaveLength(2);
});
