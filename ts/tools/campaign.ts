import { type CampaignArguments, parseCampaignArguments } from './stages/campaign-arguments.js';
import { type Campaign, campaigns, type Target } from './stages/campaigns.js';
import { spawnStage } from './stages/spawn-stage.js';
import { lastPair } from './stages/tally.js';

// npm run sim|fuzz -- --seed S --seconds N --target T: shows what its targets print, then the summed last line.

// A target ends by itself when its seconds are over; this ends one that hangs. The first run compiles, too.
const marginSeconds = 600;

async function main([name = '', ...args]: readonly string[]): Promise<number> {
  const campaign = campaigns.find((row) => row.name === name);
  if (campaign === undefined) return complain(`no campaign "${name}": one of ${campaigns.map((row) => row.name).join(', ')}`);
  const parsed = parseCampaignArguments(args);
  if (typeof parsed === 'string') return complain(parsed);
  return runTargets(campaign, ...chooseTargets(campaign.targets, parsed));
}

// A row may be a program with targets of its own: a name that is no row's is for the rows to understand.
function chooseTargets(all: readonly Target[], ask: CampaignArguments): [readonly Target[], CampaignArguments] {
  const named = all.filter(({ name }) => ask.targets.includes(name));
  const inner = ask.targets.filter((name) => !named.some((target) => target.name === name));
  const rest = [...inner.flatMap((name) => ['--target', name]), ...ask.rest];
  return [named.length === 0 ? all : named, { ...ask, rest }];
}

async function runTargets(campaign: Campaign, targets: readonly Target[], ask: CampaignArguments): Promise<number> {
  const [goodWord, badWord] = campaign.words;
  const line = new RegExp(`^(\\d+) ${goodWord}, (\\d+) ${badWord}$`, 'gm');
  const sum = { good: 0, bad: 0 };
  for (const target of targets) {
    console.log(`${campaign.name} ${target.name}, seed ${ask.seed}`);
    const { good, bad } = await runTarget(target, ask, ask.seconds / targets.length, line);
    sum.good += good;
    sum.bad += bad;
  }
  console.log(`${sum.good} ${goodWord}, ${sum.bad} ${badWord}`);
  return sum.bad === 0 && sum.good > 0 ? 0 : 1;
}

async function runTarget(target: Target, { seed, isUnoptimized, rest }: CampaignArguments, share: number, line: RegExp) {
  const seconds = Math.max(1, Math.floor(share));
  const watch = { name: target.name, secondsMax: seconds + marginSeconds, isLive: true };
  const command = target.command(isUnoptimized);
  const ended = await spawnStage([...command, '--seed', seed, '--seconds', String(seconds), ...rest], watch);
  const { good, bad } = lastPair(ended.output, line);
  return { good, bad: ended.exitCode === 0 ? bad : Math.max(bad, 1) };
}

function complain(text: string): number {
  console.error(text);
  return 2;
}

process.exitCode = await main(process.argv.slice(2));
