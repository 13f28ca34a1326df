import type { Judged } from './gate.js';
import type { Machine } from './machine.js';
import type { Remark, Target } from './scenarios/row.js';

const heads = ['scenario', 'case', 'spinners', 'ack', 'sync', 'ours', 'bare', 'wall', 'CPU', 'target', 'verdict', 'besides'];

/** One table of all figures; a cell without a figure is a dash. */
export function tableOf(rows: readonly Judged[]): string {
  const cells = [heads, ...rows.map(cellsOf)];
  const widths = heads.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  return lines.map((line) => line.trimEnd()).join('\n');
}

function cellsOf(row: Judged): readonly string[] {
  const { run, spinners, figure, verdict } = row;
  const { scenario } = run;
  const { ours, bare, unit } = scenario.shown;
  const number = (name: string | undefined) => (name === undefined ? undefined : figure?.numbers[name]);
  const withUnit = (value: number | undefined) => (value === undefined ? '-' : `${short(value)} ${unit}`);
  const texts = [figure?.texts['ack'], figure?.texts['sync']].map((text) => text ?? '-');
  const ratios = ['wall_ratio', 'cpu_ratio'].map((name) => number(name)?.toFixed(2) ?? '-');
  return [
    scenario.name,
    run.case,
    spinners === 'none' ? '-' : spinners,
    ...texts,
    withUnit(number(ours)),
    withUnit(number(bare)),
    ...ratios,
    wordsOf(run.scenario.targets),
    verdict,
    [...row.misses, ...remarksOf(row, scenario.remarks)].join(', '),
  ];
}

function remarksOf({ figure }: Judged, remarks: readonly Remark[]): readonly string[] {
  return remarks.flatMap(({ metric, words }) => {
    const value = figure?.numbers[metric];
    return value === undefined ? [] : [`${short(value)} ${words}`];
  });
}

const targetNames: Readonly<Record<string, string>> = { wall_ratio: 'wall', cpu_ratio: 'CPU' };

function wordsOf(targets: readonly Target[]): string {
  const sign = ({ bound }: Target) => (bound === 'at most' ? '<=' : '>=');
  return targets.length === 0
    ? '-'
    : targets.map((target) => `${targetNames[target.metric] ?? target.metric} ${sign(target)} ${target.value}`).join(', ');
}

/** Three digits that count. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size === 0 || size >= 100) return value.toFixed(0);
  return value.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

/** What a machine reads: everything that the table says, and everything it leaves out. */
export function resultsOf(rows: readonly Judged[], machine: Machine, isQuick: boolean): string {
  const figures = rows.map(({ run, spinners, figure, verdict, misses }) => {
    const target = wordsOf(run.scenario.targets);
    return {
      scenario: run.scenario.name,
      case: run.case,
      spinners,
      verdict,
      misses,
      target,
      ...figure?.texts,
      ...figure?.numbers,
    };
  });
  return `${JSON.stringify({ formatVersion: 1, isQuick, machine, figures }, undefined, 2)}\n`;
}
