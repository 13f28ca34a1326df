import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import type { Spinners } from './figure.js';

/** What the runner asks of a scenario that is a program of its own. */
export interface ScenarioRun {
  /** For its files; removed by the runner. */
  readonly directory: string;
  readonly case: string;
  readonly isQuick: boolean;
  /** The native half of the bench, which has the clients. */
  readonly native: string;
  /** Where what was built or fetched for a peer stays from run to run. */
  readonly cache: string;
  /** For synced figures. */
  readonly spinners: readonly Spinners[];
}

export function scenarioRun(): ScenarioRun {
  const { values } = parseArgs({
    options: {
      directory: { type: 'string' },
      case: { type: 'string', default: '' },
      quick: { type: 'boolean', default: false },
      native: { type: 'string', default: '' },
      cache: { type: 'string', default: '' },
      spinners: { type: 'string', default: 'both' },
    },
  });
  const { directory, case: caseName, quick: isQuick, native, cache, spinners } = values;
  if (directory === undefined) throw new Error('--directory says where files are written');
  return { directory, case: caseName, isQuick, native, cache, spinners: spinnersOf(spinners) };
}

function spinnersOf(mode: string): readonly Spinners[] {
  if (mode === 'both') return ['off', 'on'];
  return [mode === 'on' ? 'on' : 'off'];
}

/** A figure, as bench/figure.ts reads it, with the load that it was taken under. */
export function printFigure(scenario: string, caseName: string, fields: Readonly<Record<string, string | number>>): void {
  console.log(JSON.stringify({ scenario, case: caseName, load: loadavg()[0], ...fields }));
}

/** Fewer in a quick run, which shows that it works and is not to be quoted. */
export function lapsOf({ isQuick }: ScenarioRun, whole = 3): number {
  return isQuick ? 1 : whole;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
