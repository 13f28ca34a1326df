import { expect, test } from 'vitest';
import { type Choice, planRuns } from './plan.js';
import { scenarios } from './scenarios/table.js';

const all: Choice = { targets: [], isQuick: false, spinners: 'both' };
const namesOf = (choice: Choice) => {
  const runs = planRuns(scenarios, choice);
  return typeof runs === 'string' ? runs : runs.map((run) => `${run.scenario.name}/${run.case}`);
};

test('all cases of all scenarios, each once', () => {
  const names = namesOf(all);
  expect(names).toContain('idle-partitions/10000');
  expect(new Set(names).size).toBe(names.length);
});

test('a scenario, and a case, by name', () => {
  expect(namesOf({ ...all, targets: ['append-page-cache'] })).toEqual(['append-page-cache/1', 'append-page-cache/8']);
  expect(namesOf({ ...all, targets: ['many-partitions/16', 'read-hot'] })).toHaveLength(2);
});

test('a name that is none is a complaint, even beside one that is', () => {
  expect(namesOf({ ...all, targets: ['read-hot', 'read-hto'] })).toMatch(/^no target read-hto:/);
});

test('a quick run leaves out what takes long', () => {
  expect(namesOf({ ...all, isQuick: true })).not.toContain('idle-partitions/10000');
});

test('one mode of spinning is owed once; what they do not matter to stays', () => {
  const runs = planRuns(scenarios, { targets: ['many-partitions/1', 'read-hot'], isQuick: true, spinners: 'on' });
  expect(typeof runs === 'string' ? runs : runs.map(({ spinners }) => spinners)).toEqual([['on'], ['none']]);
});
