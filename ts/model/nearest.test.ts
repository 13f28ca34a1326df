import { expect, test } from 'vitest';
import { suggestion } from './nearest.js';

const verbs = ['doctor', 'log append', 'log dump', 'log verify', 'start'];

test.each([
  ['docter', 'doctor'],
  ['log verfy', 'log verify'],
  ['strat', 'start'],
  ['log apend', 'log append'],
])('%s means %s', (typed, meant) => {
  expect(suggestion(typed, verbs)).toBe(`; did you mean ${meant}?`);
});

test.each(['', 'x', 'benchmark', 'consume'])('%j resembles nothing', (typed) => {
  expect(suggestion(typed, verbs)).toBe('');
});
