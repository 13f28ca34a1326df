import { randomInt } from 'node:crypto';

export interface CampaignArguments {
  readonly seed: string;
  readonly seconds: number;
  /** Empty: all. */
  readonly targets: readonly string[];
  /** Whether the core is built as the tests build it: a slice would be over before a better build is made. */
  readonly isUnoptimized: boolean;
  /** Everything else, for the targets themselves. */
  readonly rest: readonly string[];
}

const secondsDefault = 60;

const unoptimized = '--unoptimized';

/** `--seed S --seconds N --target T` (repeatable), each also as `--name=value`, and `--unoptimized`. An error is a sentence. */
export function parseCampaignArguments(args: readonly string[]): CampaignArguments | string {
  const given = { seed: [] as string[], seconds: [] as string[], target: [] as string[] };
  const rest: string[] = [];
  const valued = args.filter((word) => word !== unoptimized);
  const words = valued.flatMap((word) => (/^--(seed|seconds|target)=/.test(word) ? word.split(/=(.*)/s, 2) : [word]));
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const name = word.slice(2);
    if (!word.startsWith('--') || !(name === 'seed' || name === 'seconds' || name === 'target')) {
      rest.push(word);
      continue;
    }
    const value = words.shift();
    if (value === undefined) return `${word} wants a value`;
    given[name].push(value);
  }
  const seconds = Number(given.seconds.at(-1) ?? secondsDefault);
  if (!(seconds > 0)) return `--seconds wants a number above zero, not "${given.seconds.at(-1)}"`;
  const seed = given.seed.at(-1) ?? String(randomInt(2 ** 32));
  return { seed, seconds, targets: given.target, isUnoptimized: valued.length < args.length, rest };
}
