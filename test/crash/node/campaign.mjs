// Kills a node under load, again and again, and checks the log and what a living reader saw (rounds.mjs).
//   node test/crash/node/campaign.mjs --seed S --seconds N
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Random } from '../kill/random.mjs';
import { runKills } from './rounds.mjs';

const killsPerDirectory = 10;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '60' },
    directory: { type: 'string', default: fileURLToPath(new URL('../../../native/target/node-kill', import.meta.url)) },
  },
});

const end = performance.now() + Number(values.seconds) * 1000;
const place = join(values.directory, String(process.pid));
mkdirSync(place, { recursive: true });
let run = 0;
let failed = 0;
let acknowledged = 0;
for (let seed = Number(values.seed); failed === 0 && (run === 0 || performance.now() < end); seed += 1) await runSeed(seed);
if (failed === 0) rmSync(place, { recursive: true });
console.log(
  `${acknowledged} acknowledged records, none lost, repeated or out of order${failed === 0 ? '' : ' before the failure'}`,
);
console.log(`${run} run, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

/** @param {number} seed */
async function runSeed(seed) {
  const random = new Random(seed);
  const data = join(place, String(seed));
  const options = {
    data,
    rounds: killsPerDirectory,
    partitions: random.between(1, 8),
    lifeMs: () => random.between(50, 750),
    configs: random.chance(0.5) ? {} : { durability: 'replicated' },
  };
  run += killsPerDirectory;
  const report = await runKills(options);
  acknowledged += report.acknowledged;
  if (report.problems.length === 0 && report.found === report.acknowledged) {
    rmSync(data, { recursive: true, force: true });
    return;
  }
  failed += 1;
  console.log(
    `seed ${seed}: ${report.acknowledged} acknowledged, ${report.found} found; kept in ${data}\n${report.problems.join('\n')}`,
  );
}
