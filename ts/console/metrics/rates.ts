/** A counter, as it stood at a time. */
export interface Reading {
  readonly atMs: number;
  readonly value: number;
}

/** Per second. A counter that went down began anew with its node: all it counts has happened since. */
export function rateBetween(before: Reading | undefined, now: Reading): number | undefined {
  if (before === undefined || now.atMs <= before.atMs) return undefined;
  const grown = now.value >= before.value ? now.value - before.value : now.value;
  return (grown * 1000) / (now.atMs - before.atMs);
}

/** What was observed between two readings of a histogram. */
export function bucketsBetween(
  before: ReadonlyMap<number, number> | undefined,
  now: ReadonlyMap<number, number>,
): ReadonlyMap<number, number> {
  const isReset = [...now].some(([bound, value]) => value < (before?.get(bound) ?? 0));
  if (before === undefined || isReset) return now;
  return new Map([...now].map(([bound, value]) => [bound, value - (before.get(bound) ?? 0)]));
}

/**
 * The value below which such a share of the observations lies, taken as evenly spread within its bucket. Undefined: there were none.
 * Above the last bound nothing is known but that: the bound itself is the answer.
 */
export function quantile(share: number, cumulative: ReadonlyMap<number, number>): number | undefined {
  const rows = [...cumulative];
  const count = rows.at(-1)?.[1] ?? 0;
  if (count <= 0) return undefined;
  const wanted = share * count;
  let lower = 0;
  let below = 0;
  for (const [bound, upTo] of rows) {
    if (upTo >= wanted && upTo > below) {
      return Number.isFinite(bound) ? lower + ((bound - lower) * (wanted - below)) / (upTo - below) : lower;
    }
    if (Number.isFinite(bound)) lower = bound;
    below = upTo;
  }
  return lower;
}
