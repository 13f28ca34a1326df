import { expect, test } from 'vitest';
import type { Clock } from '../model/ports.js';
import { type LogLine, ThreadLog } from './thread-log.js';

function setUp() {
  let now = 0;
  const clock: Clock = { monotonicMs: () => now, wallMs: () => now, after: () => () => undefined };
  const lines: LogLine[] = [];
  const log = new ThreadLog(clock, (line) => lines.push(line));
  const wait = (ms: number) => {
    now += ms;
  };
  return { log, lines, wait };
}

test('lines are sent at the levels that show them only', () => {
  const { log, lines } = setUp();
  log.debug({}, 'before anybody asked');
  log.setLevel('debug');
  log.debug({ n: 1 }, 'shown');
  log.setLevel('info');
  log.debug({ n: 2 }, 'hidden');
  log.setLevel('trace');
  log.debug({ n: 3 }, 'shown');
  expect(lines).toEqual([
    { level: 'debug', fields: { n: 1 }, text: 'shown' },
    { level: 'debug', fields: { n: 3 }, text: 'shown' },
  ]);
});

test('a flood is cut, and what was left out is counted', () => {
  const { log, lines, wait } = setUp();
  log.setLevel('debug');
  for (let n = 0; n < 1700; n++) log.debug({ n }, 'flood');
  expect(lines.length).toBe(500);
  wait(1000);
  log.debug({}, 'later');
  expect(lines.slice(500)).toEqual([
    { level: 'debug', fields: { omitted: 1200 }, text: 'lines were left out: too many in one second' },
    { level: 'debug', fields: {}, text: 'later' },
  ]);
});

test('lines for everybody are shown at the usual level, and cut sooner', () => {
  const { log, lines } = setUp();
  log.debug({}, 'hidden');
  for (let n = 0; n < 30; n++) log.info({ n }, 'closed');
  expect(lines.map(({ level, fields }) => [level, fields['n']])).toEqual(Array.from({ length: 20 }, (_, n) => ['info', n]));
});
