import type { Figure, Spinners } from './figure.js';
import type { Scenario } from './scenarios/row.js';

/** A child process to start, and the figures that it owes. */
export interface Run {
  readonly scenario: Scenario;
  readonly case: string;
  readonly spinners: readonly Spinners[];
}

export interface Choice {
  /** `SCENARIO` or `SCENARIO/CASE`; empty: all. */
  readonly targets: readonly string[];
  readonly isQuick: boolean;
  readonly spinners: 'on' | 'off' | 'both';
}

/** The runs in the order of the table; a sentence if a target names none. */
export function planRuns(scenarios: readonly Scenario[], choice: Choice): readonly Run[] | string {
  const names = new Set(scenarios.flatMap(({ name, cases }) => [name, ...cases.map((row) => `${name}/${row.name}`)]));
  const unknown = choice.targets.filter((target) => !names.has(target));
  if (unknown.length > 0) return `no target ${unknown.join(', ')}: one of ${[...names].join(', ')}`;
  const isChosen = ({ name }: Scenario, caseName: string) =>
    choice.targets.length === 0 || choice.targets.includes(name) || choice.targets.includes(`${name}/${caseName}`);
  return scenarios.flatMap((scenario) =>
    scenario.cases
      .filter(({ name, isLeftOutOfQuick }) => isChosen(scenario, name) && !(choice.isQuick && isLeftOutOfQuick === true))
      .map(({ name }) => ({ scenario, case: name, spinners: wantedOf(scenario.spinners, choice.spinners) })),
  );
}

function wantedOf(spinners: readonly Spinners[], choice: Choice['spinners']): readonly Spinners[] {
  return spinners.filter((mode) => mode === 'none' || choice === 'both' || choice === mode);
}

export function figureOf({ scenario, case: caseName }: Run, spinners: Spinners, figures: readonly Figure[]): Figure | undefined {
  return figures.find((figure) => figure.scenario === scenario.name && figure.case === caseName && figure.spinners === spinners);
}
