import { expect, test } from 'vitest';
import { chooseMutants } from './choose.js';
import { problemsOf } from './fit.js';
import { type Mutant, readTable } from './table.js';

const mutant = (over: Partial<Mutant>): Mutant => ({
  name: 'no lock',
  file: 'journal/space.rs',
  find: 'pub const JOURNAL_START: u64',
  replace: 'pub const JOURNAL_BEGIN: u64',
  killedBy: ['journal::space::tests::live_commits_never_overlap'],
  ...over,
});

test('a row fits when its text stands once in the sources and its tests exist', () => {
  expect(problemsOf([mutant({})])).toEqual([]);
});

test.each([
  [{ find: 'a text that is nowhere' }, /stands 0 times/],
  [{ find: 'self.' }, /stands \d+ times/],
  [{ file: 'journal/nowhere.rs' }, /does not exist/],
  [{ killedBy: ['journal::space::tests::gone'] }, /no test/],
  [{ killedBy: [] }, /no test is named/],
  [{ replace: 'pub const JOURNAL_START: u64' }, /changes nothing/],
])('a row that rotted is named: %j', (over, sentence) => {
  expect(problemsOf([mutant(over)]).join('\n')).toMatch(sentence);
});

test('two rows of one name are noticed', () => {
  expect(problemsOf([mutant({}), mutant({})])).toEqual(['two mutants are called "no lock"']);
});

test('the seed decides the order, a target picks by part of a name', () => {
  const table = ['ack early', 'no sync', 'no lock', 'gap'].map((name) => mutant({ name }));
  const namesOf = (seed: string, targets: readonly string[]) => chooseMutants(table, { seed, targets }).map(({ name }) => name);
  expect(namesOf('1', [])).toEqual(namesOf('1', []));
  expect(new Set(Array.from({ length: 20 }, (_, seed) => namesOf(String(seed), []).join())).size).toBeGreaterThan(1);
  expect(namesOf('1', ['no ']).sort()).toEqual(['no lock', 'no sync']);
});

// DURABILITY.md's rules each have one that breaks them, and the foundation's list is in it.
test('the table holds twenty rows and more', () => {
  expect(readTable().length).toBeGreaterThanOrEqual(20);
});
