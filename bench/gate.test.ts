import assert from 'node:assert/strict';
import { expect, test } from 'vitest';
import type { Figure } from './figure.js';
import { isFailure, judge } from './gate.js';
import type { Run } from './plan.js';
import type { Scenario, Target } from './scenarios/row.js';
import { scenarios } from './scenarios/table.js';

const ratio: Target = { metric: 'cpu_ratio', bound: 'at most', value: 1.3, kind: 'ratio' };
const absolute: Target = { metric: 'first_ack_s', bound: 'at most', value: 1, kind: 'absolute' };
const laps: Target = { metric: 'laps', bound: 'at least', value: 8, kind: 'ratio', isForWholeRuns: true };

function runOf(targets: readonly Target[], spinners: Run['spinners'] = ['none']): Run {
  const scenario: Scenario = {
    name: 's',
    program: 'native',
    cases: [{ name: 'c' }],
    spinners,
    shown: { ours: 'ours', unit: 's' },
    targets,
    remarks: [],
    secondsMax: 1,
  };
  return { scenario, case: 'c', spinners };
}

const figureOf = (numbers: Figure['numbers'], spinners: Figure['spinners'] = 'none'): Figure => ({
  scenario: 's',
  case: 'c',
  spinners,
  texts: {},
  numbers: { ours: 1, ...numbers },
});

const verdictOf = (target: Target, numbers: Figure['numbers']) => judge(runOf([target]), [figureOf(numbers)], false)[0]?.verdict;

test('a ratio holds as it is', () => {
  expect(verdictOf(ratio, { cpu_ratio: 1.3 })).toBe('met');
  expect(verdictOf(ratio, { cpu_ratio: 1.3001 })).toBe('missed');
});

test('an absolute figure has twofold slack', () => {
  expect([1, 2, 2.01].map((first_ack_s) => verdictOf(absolute, { first_ack_s }))).toEqual(['met', 'slack', 'missed']);
});

test('at least is the other way round', () => {
  expect([7, 8, 9].map((count) => verdictOf(laps, { laps: count }))).toEqual(['missed', 'met', 'met']);
});

test('what a target wants and the figure lacks is absent, not met', () => {
  expect(verdictOf(ratio, {})).toBe('absent');
  expect(verdictOf(ratio, { cpu_ratio: Number.NaN })).toBe('absent');
});

test('a figure that did not come has its row, and fails without the gate, too', () => {
  const rows = judge(runOf([], ['off', 'on']), [figureOf({}, 'off')], false);
  expect(rows.map(({ spinners, verdict }) => [spinners, verdict])).toEqual([
    ['off', 'no target'],
    ['on', 'absent'],
  ]);
  expect(rows.map((row) => isFailure(row, false))).toEqual([false, true]);
});

test('a figure of another case is not taken for it', () => {
  expect(judge(runOf([]), [{ ...figureOf({}), case: 'd' }], false)[0]?.verdict).toBe('absent');
});

test('a target spares no case', () => {
  const table = scenarios.find(({ name }) => name === 'many-partitions');
  assert(table !== undefined);
  const numbers = { ours_mb_per_s: 1, wall_ratio: 1, cpu_ratio: 1, laps: 8, amplification: 2.3 };
  for (const { name } of table.cases) {
    const run: Run = { scenario: table, case: name, spinners: ['off'] };
    const figure: Figure = { scenario: table.name, case: name, spinners: 'off', texts: {}, numbers };
    const limit = name === '1' ? 2.26 : 2.2;
    expect(judge(run, [figure], false)[0]).toMatchObject({ verdict: 'missed', misses: [`amplification 2.3, at most ${limit}`] });
  }
});

test('the worst of several targets is the verdict, and each miss is named', () => {
  const figure = figureOf({ cpu_ratio: 2, first_ack_s: 1.5, laps: 9 });
  const [row] = judge(runOf([laps, absolute, ratio]), [figure], false);
  expect(row).toMatchObject({ verdict: 'missed', misses: ['first_ack_s 1.5, at most 1', 'cpu_ratio 2, at most 1.3'] });
});

test('a quick run is not judged by what only a whole one does', () => {
  const figures = [figureOf({ laps: 3, cpu_ratio: 1 })];
  expect(judge(runOf([laps, ratio]), figures, true)[0]?.verdict).toBe('met');
  expect(judge(runOf([laps, ratio]), figures, false)[0]?.verdict).toBe('missed');
});

test('a missed target fails only where the gate is asked for; slack never does', () => {
  const missed = judge(runOf([ratio]), [figureOf({ cpu_ratio: 2 })], false);
  const slack = judge(runOf([absolute]), [figureOf({ first_ack_s: 2 })], false);
  expect([...missed, ...slack].map((row) => [isFailure(row, false), isFailure(row, true)])).toEqual([
    [false, true],
    [false, false],
  ]);
});

test('a peer that is not there excuses what needs it, and nothing else', () => {
  const lacking = (numbers: Figure['numbers']): Figure => ({ ...figureOf(numbers), texts: { lacks: 'go is not installed' } });
  const verdictWith = (numbers: Figure['numbers']) => judge(runOf([ratio, absolute]), [lacking(numbers)], false)[0];
  expect(verdictWith({ first_ack_s: 1 })).toMatchObject({ verdict: 'no peer', misses: ['go is not installed'] });
  expect(verdictWith({ first_ack_s: 3 })).toMatchObject({ verdict: 'missed' });
  expect(isFailure(judge(runOf([ratio]), [lacking({})], false)[0] ?? expect.fail(), true)).toBe(false);
});

test('where even the program that drives ours is missing, no figure is owed', () => {
  const empty: Figure = { scenario: 's', case: 'c', spinners: 'none', texts: { lacks: 'java is not installed' }, numbers: {} };
  expect(judge(runOf([ratio]), [empty], false)[0]).toMatchObject({ verdict: 'no peer', misses: ['java is not installed'] });
  expect(judge(runOf([ratio]), [{ ...empty, texts: {} }], false)[0]).toMatchObject({ verdict: 'absent' });
});
