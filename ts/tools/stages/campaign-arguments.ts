import { randomInt } from 'node:crypto';

export interface CampaignArguments {
  readonly seed: string;
  readonly seconds: number;
  /** Empty: all. */
  readonly targets: readonly string[];
  /** Everything else, for the targets themselves. */
  readonly rest: readonly string[];
}

const secondsDefault = 60;

/** `--seed S --seconds N --target T` (repeatable), each also as `--name=value`. An error is a sentence. */
export function parseCampaignArguments(args: readonly string[]): CampaignArguments | string {
  const given = { seed: [] as string[], seconds: [] as string[], target: [] as string[] };
  const rest: string[] = [];
  const words = args.flatMap((word) => (/^--(seed|seconds|target)=/.test(word) ? word.split(/=(.*)/s, 2) : [word]));
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
  return { seed: given.seed.at(-1) ?? String(randomInt(2 ** 32)), seconds, targets: given.target, rest };
}
