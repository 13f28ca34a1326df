/** The value of each series, by the text of its labels. */
export type Series = ReadonlyMap<string, number>;

/** What a node says of itself in Prometheus' text format, by name. */
export type Exposition = ReadonlyMap<string, Series>;

/** Lines that are no samples are passed over: a newer node may say more than is understood here. */
export function parseExposition(source: string): Exposition {
  const families = new Map<string, Map<string, number>>();
  for (const line of source.split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line);
    if (match === null) continue;
    const [, name = '', labels = '', text = ''] = match;
    const value = numberOf(text);
    if (Number.isNaN(value)) continue;
    const series = families.get(name) ?? new Map<string, number>();
    families.set(name, series);
    series.set(labels, value);
  }
  return families;
}

function numberOf(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  return text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
}

/** Of all series of a name: threads each have one. Undefined: the node does not have this metric. */
export function total(exposition: Exposition, name: string): number | undefined {
  const series = exposition.get(name);
  return series === undefined ? undefined : [...series.values()].reduce((sum, value) => sum + value, 0);
}

/** A histogram's buckets, those of all threads added up: how many observations lay at or below each bound, ascending. */
export function buckets(exposition: Exposition, name: string): ReadonlyMap<number, number> {
  const sums = new Map<number, number>();
  for (const [labels, value] of exposition.get(`${name}_bucket`) ?? []) {
    const bound = numberOf(/(?:^|,)le="([^"]*)"/.exec(labels)?.[1] ?? '');
    if (!Number.isNaN(bound)) sums.set(bound, (sums.get(bound) ?? 0) + value);
  }
  return new Map([...sums].sort(([a], [b]) => a - b));
}
