import type { Spinners } from '../figure.js';

/** A bound of the figures to reach. A ratio holds as it is; an absolute one has twofold slack, as machines drift. */
export interface Target {
  readonly metric: string;
  readonly bound: 'at most' | 'at least';
  readonly value: number;
  readonly kind: 'ratio' | 'absolute';
  /** Another value for one case, where arithmetic forbids the usual one: the reason stands beside it. */
  readonly of?: { readonly case: string; readonly value: number };
  /** A quick run does too little for it. */
  readonly isForWholeRuns?: boolean;
}

/** The figure that stands for ours and for the bare loop; the ratios speak for themselves. */
export interface Shown {
  readonly ours: string;
  readonly bare?: string;
  readonly unit: string;
}

/** A number that is told beside the verdict. */
export interface Remark {
  readonly metric: string;
  readonly words: string;
}

export interface Case {
  readonly name: string;
  readonly isLeftOutOfQuick?: boolean;
}

/** A new scenario is a row and a program that prints its figures. */
export interface Scenario {
  readonly name: string;
  /** The native half, or a program of this folder. */
  readonly program: 'native' | `${string}.js`;
  /** Each runs in a process of its own. */
  readonly cases: readonly Case[];
  /** Which figures each case must bring. */
  readonly spinners: readonly Spinners[];
  readonly shown: Shown;
  readonly targets: readonly Target[];
  readonly remarks: readonly Remark[];
  /** A child that takes longer has failed. */
  readonly secondsMax: number;
}

export const cases = (...names: string[]): readonly Case[] => names.map((name) => ({ name }));
export const synced: readonly Spinners[] = ['off', 'on'];

export const atMost = (metric: string, value: number): Target => ({ metric, bound: 'at most', value, kind: 'ratio' });
export const atMostAbsolute = (metric: string, value: number): Target => ({ metric, bound: 'at most', value, kind: 'absolute' });
export const atLeast = (metric: string, value: number): Target => ({ metric, bound: 'at least', value, kind: 'ratio' });
