import type { Figure, Spinners } from './figure.js';
import { figureOf, type Run } from './plan.js';
import type { Target } from './scenarios/row.js';

/**
 * `slack`: an absolute target missed by less than twofold. `absent`: the figure was owed and did not come. `no peer`: this machine
 * lacks what it would be compared with.
 */
export type Verdict = 'met' | 'slack' | 'missed' | 'absent' | 'no peer' | 'no target';

export interface Judged {
  readonly run: Run;
  readonly spinners: Spinners;
  readonly figure: Figure | undefined;
  readonly verdict: Verdict;
  /** What was missed, in words. */
  readonly misses: readonly string[];
}

/** A row for each figure that a run owes, whether it came or not. */
export function judge(run: Run, figures: readonly Figure[], isQuick: boolean): readonly Judged[] {
  const due = run.scenario.targets.filter(({ isForWholeRuns }) => !(isQuick && isForWholeRuns === true));
  const targets = due.map(({ of, ...target }) => (of?.case === run.case ? { ...target, value: of.value } : target));
  return run.spinners.map((spinners) => judgeOne(run, spinners, figureOf(run, spinners, figures), targets));
}

function judgeOne(run: Run, spinners: Spinners, figure: Figure | undefined, targets: readonly Target[]): Judged {
  const place = { run, spinners, figure };
  if (figure === undefined) return { ...place, verdict: 'absent', misses: ['no figure'] };
  const { ours } = run.scenario.shown;
  const lacks = figure.texts['lacks'];
  if (figure.numbers[ours] === undefined && lacks === undefined) return { ...place, verdict: 'absent', misses: [`no ${ours}`] };
  if (targets.length === 0) return { ...place, verdict: 'no target', misses: [] };
  // What a scenario says that it lacks excuses the numbers that need it, and no others.
  const judged = targets.filter(({ metric }) => lacks === undefined || figure.numbers[metric] !== undefined);
  const outcomes = judged.map((target) => ({ target, outcome: outcomeOf(target, figure.numbers[target.metric]) }));
  const misses = outcomes.filter(({ outcome }) => outcome !== 'met');
  const worst = worstOf(misses.map(({ outcome }) => outcome));
  const words = misses.map(({ target }) => wordsOf(target, figure.numbers[target.metric]));
  if (lacks === undefined) return { ...place, verdict: worst, misses: words };
  return { ...place, verdict: worst === 'met' ? 'no peer' : worst, misses: [...words, lacks] };
}

function outcomeOf({ bound, value, kind }: Target, number: number | undefined): Verdict {
  // NaN fails every comparison, so what counts is what holds, not what is broken.
  if (number === undefined || !Number.isFinite(number)) return 'absent';
  const holds = (limit: number, slack: number) => (bound === 'at most' ? number <= limit * slack : number >= limit / slack);
  if (holds(value, 1)) return 'met';
  return kind === 'absolute' && holds(value, 2) ? 'slack' : 'missed';
}

function worstOf(outcomes: readonly Verdict[]): Verdict {
  return (['absent', 'missed', 'slack'] as const).find((verdict) => outcomes.includes(verdict)) ?? 'met';
}

function wordsOf({ metric, bound, value }: Target, number: number | undefined): string {
  return `${metric} ${number ?? 'is absent'}, ${bound} ${value}`;
}

/** Whether a row is a failure: one that did not come always is, a missed target only where the gate is asked for. */
export function isFailure({ verdict }: Judged, isGate: boolean): boolean {
  return verdict === 'absent' || (isGate && verdict === 'missed');
}
