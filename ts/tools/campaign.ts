import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { campaigns, type Target } from './stages/campaigns.js';
import { spawnStage } from './stages/spawn-stage.js';
import { lastPair } from './stages/tally.js';

// npm run sim|fuzz|mutants|bench -- --seed S --seconds N --target T: shows what its targets print, then the summed last line.

const marginSeconds = 600;

async function main([name = '', ...args]: readonly string[]): Promise<number> {
  const campaign = campaigns.find((row) => row.name === name);
  if (campaign === undefined) return complain(`no campaign "${name}": one of ${campaigns.map((row) => row.name).join(', ')}`);
  const { seed, seconds, targets } = parse(args, campaign.targets);
  const known = campaign.targets.map((row) => row.name).join(', ');
  if (targets.length === 0) return complain(`no such target: ${name} has ${known === '' ? 'none' : known}`);
  const [goodWord, badWord] = campaign.words;
  const sum = { good: 0, bad: 0 };
  for (const target of targets) {
    console.log(`${name} ${target.name}, seed ${seed}`);
    const share = Math.max(1, Math.floor(seconds / targets.length));
    const watch = { name: target.name, secondsMax: share + marginSeconds, isLive: true };
    const ended = await spawnStage([...target.command, '--seed', seed, '--seconds', String(share)], watch);
    const { good, bad } = lastPair(ended.output, new RegExp(`^(\\d+) ${goodWord}, (\\d+) ${badWord}$`, 'gm'));
    sum.good += good;
    sum.bad += ended.exitCode === 0 ? bad : Math.max(bad, 1);
  }
  console.log(`${sum.good} ${goodWord}, ${sum.bad} ${badWord}`);
  return sum.bad === 0 && sum.good > 0 ? 0 : 1;
}

function parse(args: readonly string[], all: readonly Target[]) {
  const { values } = parseArgs({
    args: [...args],
    options: { seed: { type: 'string' }, seconds: { type: 'string' }, target: { type: 'string', multiple: true } },
  });
  return {
    seed: values.seed ?? String(randomInt(2 ** 32)),
    seconds: Number(values.seconds ?? 60),
    targets: all.filter(({ name }) => values.target?.includes(name) ?? true),
  };
}

function complain(text: string): number {
  console.error(text);
  return 2;
}

process.exitCode = await main(process.argv.slice(2));
