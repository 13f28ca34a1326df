import { chooseMutants } from './mutants/choose.js';
import { problemsOf } from './mutants/fit.js';
import { Laboratory } from './mutants/laboratory.js';
import { type Mutant, readTable } from './mutants/table.js';
import { parseCampaignArguments } from './stages/campaign-arguments.js';

// npm run mutants -- [--seed S] [--seconds N] [--target NAME]: breaks a copy of native/ in one way after the other, and wants
// the named test to notice. --check looks only whether the table fits the sources.

async function main(args: readonly string[]): Promise<number> {
  const table = readTable();
  const problems = problemsOf(table);
  if (problems.length > 0) return complain(problems);
  if (args.includes('--check')) {
    console.log(`${table.length} mutants fit the sources`);
    return 0;
  }
  const asked = parseCampaignArguments(args);
  if (typeof asked === 'string') return complain([asked]);
  const mutants = chooseMutants(table, asked);
  if (mutants.length === 0) return complain([`no such mutant: ${asked.targets.join(', ')}`]);
  const isBounded = args.some((word) => /^--seconds(=|$)/.test(word));
  return tryAll(mutants, isBounded ? asked.seconds : Number.POSITIVE_INFINITY);
}

/** One at least, then until the seconds are over: all of them, where nobody set a limit. */
async function tryAll(mutants: readonly Mutant[], seconds: number): Promise<number> {
  const begin = performance.now();
  const sum = { killed: 0, survived: 0 };
  const laboratory = Laboratory.open();
  try {
    for (const mutant of mutants) {
      const verdict = await laboratory.judge(mutant);
      sum[verdict.isKilled ? 'killed' : 'survived'] += 1;
      console.log(`${verdict.isKilled ? 'killed  ' : 'SURVIVED'}  ${mutant.name}: ${verdict.reason}`);
      if ((performance.now() - begin) / 1000 > seconds) break;
    }
  } finally {
    laboratory.close();
  }
  console.log(`${sum.killed} killed, ${sum.survived} survived`);
  return sum.survived === 0 ? 0 : 1;
}

function complain(sentences: readonly string[]): number {
  for (const sentence of sentences) console.error(sentence);
  return 2;
}

process.exitCode = await main(process.argv.slice(2));
