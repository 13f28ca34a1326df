import { expect, test } from 'vitest';
import { parseCampaignArguments } from './campaign-arguments.js';

test('known options are taken, in both spellings, and the rest is left for the targets', () => {
  const args = ['--seed', '7', '--gate', '--seconds=5', '--target', 'a', '--target=b', 'x', '--list=1'];
  const taken = { seed: '7', seconds: 5, targets: ['a', 'b'], rest: ['--gate', 'x', '--list=1'] };
  expect(parseCampaignArguments(args)).toEqual({ ...taken, isUnoptimized: false });
  expect(parseCampaignArguments(['--unoptimized', ...args])).toEqual({ ...taken, isUnoptimized: true });
});

test('without a seed each run has another', () => {
  const seedOf = () => {
    const parsed = parseCampaignArguments([]);
    return typeof parsed === 'string' ? undefined : parsed.seed;
  };
  expect(new Set(Array.from({ length: 8 }, seedOf)).size).toBeGreaterThan(1);
});

test.each([
  [['--seed'], '--seed wants a value'],
  [['--seconds', 'soon'], '--seconds wants a number above zero, not "soon"'],
  [['--seconds', '0'], '--seconds wants a number above zero, not "0"'],
])('%j is refused', (args, sentence) => {
  expect(parseCampaignArguments(args)).toBe(sentence);
});
