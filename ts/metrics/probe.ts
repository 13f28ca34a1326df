// What an island measures. A probe is declared once, beside the code that moves it; its layout is fixed by the declaration, so
// that every thread of the island writes words of its own and the one that answers /metrics reads all of them.
//
//   words of 8 bytes, in the order of the declaration, each written by one thread only:
//   counter, gauge   one word for each series
//   histogram        for each series: one word per bound, one above the last bound, then the sum

export type Unit = 'none' | 'bytes' | 'seconds' | 'ratio';
export type Kind = 'counter' | 'gauge' | 'histogram';

export interface Metric {
  readonly kind: Kind;
  /** Without prefix, unit or `_total`: exposition adds them. */
  readonly name: string;
  readonly unit: Unit;
  readonly help: string;
  /** Every combination that can occur: what is fixed needs no allocation while it counts. */
  readonly series: readonly Readonly<Record<string, string>>[];
  /** Upper bounds of a histogram's buckets, ascending. */
  readonly bounds: readonly number[];
}

const unlabelled = [{}] as const;

export function counter(name: string, unit: Unit, help: string, series: Metric['series'] = unlabelled): Metric {
  return { kind: 'counter', name, unit, help, series, bounds: [] };
}

export function gauge(name: string, unit: Unit, help: string, series: Metric['series'] = unlabelled): Metric {
  return { kind: 'gauge', name, unit, help, series, bounds: [] };
}

export function histogram(name: string, unit: Unit, help: string, bounds: readonly number[], series = unlabelled): Metric {
  return { kind: 'histogram', name, unit, help, series, bounds };
}

/** One label with all its values. */
export function valuesOf(label: string, values: readonly string[]): Metric['series'] {
  return values.map((value) => ({ [label]: value }));
}

/** From 100 µs to 10 s, three to a decade. */
export const latencyBounds = [1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5, 1, 2, 5, 10] as const;

export type Probe = Readonly<Record<string, Metric>>;

export function fullName({ kind, name, unit }: Metric): string {
  const suffix = unit === 'none' ? '' : `_${unit}`;
  return `millrace_${name}${suffix}${kind === 'counter' ? '_total' : ''}`;
}

/** Of one series. */
export function wordsOf(metric: Metric): number {
  return metric.kind === 'histogram' ? metric.bounds.length + 2 : 1;
}

/** Where each metric's words begin, and how many there are in all. */
export function layoutOf(probe: Probe): { readonly starts: Readonly<Record<string, number>>; readonly words: number } {
  const starts: Record<string, number> = {};
  let words = 0;
  for (const [key, metric] of Object.entries(probe)) {
    starts[key] = words;
    words += wordsOf(metric) * metric.series.length;
  }
  return { starts, words };
}
