import { createHash } from 'node:crypto';
import type { Mutant } from './table.js';

/** Those asked for by name (a part of it is enough), or all; in an order that the seed decides. */
export function chooseMutants(
  table: readonly Mutant[],
  { seed, targets }: { readonly seed: string; readonly targets: readonly string[] },
): readonly Mutant[] {
  const asked = table.filter(({ name }) => targets.length === 0 || targets.some((target) => name.includes(target)));
  return [...asked].sort((one, other) => (rank(seed, one) < rank(seed, other) ? -1 : 1));
}

function rank(seed: string, { name }: Mutant): string {
  return createHash('sha256').update(`${seed}/${name}`).digest('hex');
}
