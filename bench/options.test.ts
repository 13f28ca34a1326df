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

test('what is not understood is a complaint', () => {
  for (const args of [['--spinners', 'maybe'], ['--fast'], ['--json'], ['word']]) expect(parseOptions(args)).toBeTypeOf('string');
});

test('the example of the help is understood', () => {
  const [, example = ''] = /^example: npm run bench -- (.*)$/m.exec(help) ?? [];
  const options = parseOptions(example.split(' '));
  expect(options).toMatchObject({ isQuick: true });
  if (typeof options !== 'string') expect(planRuns(scenarios, options)).toHaveLength(2);
});
