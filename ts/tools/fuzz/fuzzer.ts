import { Chance, mutated } from './mutations.js';

// Inputs from inputs: each is one that was kept, changed a little, and is kept if the target behaves as it never did before. What a target
// says of its behaviour stands for the coverage that a compiler would measure.

export interface FuzzTarget {
  readonly seeds: readonly Uint8Array[];
  /** In few words what it made of the input. Whatever it throws is a finding. */
  feed(input: Uint8Array): string;
  /** A change that knows what the inputs mean; maybe none. */
  changed?(input: Uint8Array, chance: Chance): Uint8Array;
}

export interface FuzzLimits {
  readonly seed: number;
  readonly inputsMax: number;
  /** Looked at once in a while. */
  readonly isOver?: () => boolean;
}

interface Finding {
  readonly input: Uint8Array;
  readonly reason: unknown;
}

export interface FuzzOutcome {
  readonly run: number;
  /** Ways in which the target behaved. */
  readonly behaviours: number;
  readonly finding: Finding | undefined;
}

const keptMax = 20_000;
const inputsBetweenLooks = 256;

/** All seeds, then what comes of them, until a limit or the first finding. */
export function fuzz(target: FuzzTarget, { seed, inputsMax, isOver = () => false }: FuzzLimits): FuzzOutcome {
  const chance = new Chance(seed);
  const kept: Uint8Array[] = [];
  const seen = new Set<string>();
  let run = 0;
  const feed = (input: Uint8Array): Finding | undefined => {
    run += 1;
    try {
      const behaviour = target.feed(input);
      if (seen.has(behaviour) && run > target.seeds.length) return undefined;
      seen.add(behaviour);
      if (kept.length < keptMax) kept.push(input);
      return undefined;
    } catch (reason) {
      return { input, reason };
    }
  };
  const next = (): Uint8Array => {
    const seeded = target.seeds[run];
    if (seeded !== undefined) return seeded;
    const input = chance.of(kept);
    const changed = chance.below(4) === 0 ? target.changed?.(input, chance) : undefined;
    return changed ?? mutated(input, chance.of(kept), chance);
  };
  let finding: Finding | undefined;
  while (finding === undefined && run < inputsMax && !(run % inputsBetweenLooks === 0 && isOver())) finding = feed(next());
  return { run, behaviours: seen.size, finding };
}
