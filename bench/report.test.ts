import { expect, test } from 'vitest';
import type { Figure } from './figure.js';
import { judge } from './gate.js';
import type { Machine } from './machine.js';
import { planRuns } from './plan.js';
import { resultsOf, short, tableOf } from './report.js';
import { scenarios } from './scenarios/table.js';

const figure: Figure = {
  scenario: 'many-partitions',
  case: '16',
  spinners: 'on',
  texts: { ack: 'stable media', sync: 'linked fdatasync' },
  numbers: { ours_mb_per_s: 412.4, bare_mb_per_s: 380, wall_ratio: 0.9, cpu_ratio: 1.456, amplification: 2.01, laps: 9 },
};

const machine: Machine = {
  date: '2026-01-01T00:00:00.000Z',
  commit: 'c',
  cores: 2,
  processor: 'p',
  memoryGib: 8,
  kernel: 'k',
  node: 'n',
  filesystem: { type: 'ext4', device: 'd', options: 'rw' },
  loadBefore: 0,
  loadAfter: 1,
  stolenShare: 0,
};

function rows() {
  const runs = planRuns(scenarios, { targets: ['many-partitions/16'], isQuick: false, spinners: 'both' });
  if (typeof runs === 'string') throw new Error(runs);
  return runs.flatMap((run) => judge(run, [figure], false));
}

test('a row for each figure that was owed, columns under their heads', () => {
  const [head = '', off = '', on = '', ...rest] = tableOf(rows()).split('\n');
  expect(rest).toEqual([]);
  const cellAt = (line: string, title: string) => line.slice(head.indexOf(title)).split(/ {2}/)[0];
  expect(['spinners', 'ack', 'ours', 'wall', 'CPU', 'verdict'].map((title) => cellAt(on, title))).toEqual([
    'on',
    'stable media',
    '412 MB/s',
    '0.90',
    '1.46',
    'missed',
  ]);
  expect(['ours', 'CPU', 'verdict'].map((title) => cellAt(off, title))).toEqual(['-', '-', 'absent']);
  expect(on).toContain('cpu_ratio 1.456, at most 1.3');
});

test('the results hold every number, also those that the table leaves out, and the rows without one', () => {
  const results = JSON.parse(resultsOf(rows(), machine, false));
  expect(results).toMatchObject({ formatVersion: 1, isQuick: false, machine: { commit: 'c' } });
  expect(results.figures).toHaveLength(2);
  expect(results.figures[0]).toMatchObject({ spinners: 'off', verdict: 'absent' });
  expect(results.figures[1]).toMatchObject({ cpu_ratio: 1.456, amplification: 2.01, ack: 'stable media', verdict: 'missed' });
});

test('three digits that count', () => {
  expect([1234.4, 99.94, 1.234, 0.01234, 0].map(short)).toEqual(['1234', '99.9', '1.23', '0.012', '0']);
});
