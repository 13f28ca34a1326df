// Kills `millrace log append` at random moments and checks what is left: nothing acknowledged is lost, nothing changes its value.
//   node test/crash/kill/campaign.mjs --seed S --seconds N [--rounds N] [--directory DIR]
// A kill proves nothing about syncs, as the page cache survives it (DURABILITY.md rule 25); it proves order and recovery.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { History } from './history.mjs';
import { Random } from './random.mjs';
import { runRound } from './round.mjs';

/** Rounds on one directory before the next one begins empty. */
const roundsPerDirectory = 12;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '60' },
    rounds: { type: 'string', default: '1000000' },
    // Beside the build: on a disk that takes O_DIRECT, where a directory for temporary files may not.
    directory: { type: 'string', default: fileURLToPath(new URL('../../../native/target/kill', import.meta.url)) },
    verbose: { type: 'boolean', default: false },
  },
});

const end = performance.now() + Number(values.seconds) * 1000;
const place = join(values.directory, String(process.pid));
mkdirSync(place, { recursive: true });
let run = 0;
let failed = 0;
let acks = 0;
for (let seed = Number(values.seed); failed === 0 && isTimeLeft(); seed++) await runDirectory(seed);
if (failed === 0) rmSync(place, { recursive: true });
console.log(`${acks} acknowledged batches, none lost or changed${failed === 0 ? '' : ' before the failure'}`);
console.log(`${run} run, ${failed} failed`);
process.exitCode = failed === 0 && run > 0 ? 0 : 1;

function isTimeLeft() {
  return run < Number(values.rounds) && (run === 0 || performance.now() < end);
}

/** @param {number} seed */
async function runDirectory(seed) {
  const data = join(place, String(seed));
  const random = new Random(seed);
  const history = new History();
  for (let round = 0; round < roundsPerDirectory && isTimeLeft(); round++) {
    run += 1;
    try {
      const described = await runRound(data, random, history);
      if (values.verbose) console.log(`seed ${seed} round ${round}: ${described}`);
    } catch (error) {
      failed += 1;
      console.log(`seed ${seed}, round ${round}: ${error instanceof Error ? error.message : error}; kept in ${data}`);
      return;
    }
  }
  acks += history.ackedCount;
  rmSync(data, { recursive: true, force: true });
}
