import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseArguments } from './options.js';
import { UsageError } from './usage-error.js';

const table = {
  data: { kind: 'text', value: 'DIR', default: './data', help: '' },
  topic: { kind: 'text', value: 'NAME', help: '' },
  config: { kind: 'list', value: 'K=V', help: '' },
  batch: { kind: 'count', value: 'N', default: 10, min: 1, max: 100, help: '' },
  journal: { kind: 'size', value: 'SIZE', help: '' },
  io: { kind: 'choice', choices: ['uring', 'fallback'], help: '' },
  json: { kind: 'flag', help: '' },
} as const;

const parse = (...args: string[]) => parseArguments(table, args);

test('defaults stand where nothing is given', () => {
  const expected = { data: './data', topic: undefined, config: [], batch: 10, journal: undefined, io: undefined, json: false };
  expect(parse().options).toEqual(expected);
});

test('a value follows its option or an equals sign', () => {
  expect(parse('--data', 'd', '--topic=t=1', '--json').options).toMatchObject({ data: 'd', topic: 't=1', json: true });
});

test('a list keeps every value in order', () => {
  expect(parse('--config', 'a=1', '--config=b=2').options.config).toEqual(['a=1', 'b=2']);
});

test('positionals stand anywhere, and behind -- nothing is an option', () => {
  expect(parse('a', '--json', '-', '--', '--data').positionals).toEqual(['a', '-', '--data']);
});

test('a size reads back whatever unit it was written in', () => {
  const units = { '': 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 };
  fc.assert(
    fc.property(fc.nat({ max: 8191 }), fc.constantFrom(...Object.entries(units)), (count, [unit, size]) => {
      expect(parse('--journal', `${count}${unit}`).options.journal).toBe(count * size);
    }),
    { numRuns: 100 },
  );
});

test.each([
  [['--dta', 'x'], 'unknown option --dta; did you mean --data?'],
  [['-j'], 'unknown option -j'],
  [['--toString', 'x'], 'unknown option --toString'],
  [['--data'], '--data wants a value'],
  [['--json=1'], '--json takes no value'],
  [['--batch', '0'], '--batch 0 is outside of 1 to 100'],
  [['--batch', '101'], '--batch 101 is outside of 1 to 100'],
  [['--batch', '1.5'], '--batch wants a number, not "1.5"'],
  [['--batch', '-1'], '--batch wants a number, not "-1"'],
  [['--journal', '5KB'], '--journal wants a size such as 64MiB, not "5KB"'],
  [['--journal', '99999999TiB'], '--journal wants a size such as 64MiB, not "99999999TiB"'],
  [['--io', 'urin'], '--io is one of uring, fallback, not "urin"; did you mean uring?'],
])('%j is refused', (args, message) => {
  expect(() => parse(...args)).toThrow(new UsageError(message));
});
