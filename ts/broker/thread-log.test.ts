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
    { fields: { n: 1 }, text: 'shown' },
    { fields: { n: 3 }, text: 'shown' },
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
    { fields: { omitted: 1200 }, text: 'lines were left out: too many in one second' },
    { fields: {}, text: 'later' },
  ]);
});
