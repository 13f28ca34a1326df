import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppendProcess, main } from './append-process.mjs';

/** @typedef {import('./random.mjs').Random} Random */
/** @typedef {import('./history.mjs').History} History */
/** @typedef {import('./history.mjs').DumpedBatch} DumpedBatch */

const outputSizeMax = 1 << 30;

/** After its end is asked for, a process is gone within this time, or hangs. */
const hangMs = 60_000;

/** How a round ends: mostly by a kill, now and then as a user would end it. */
const endings = /** @type {const} */ (['kill', 'kill', 'kill', 'kill', 'kill', 'kill', 'interrupt', 'end']);

/**
 * Appends to a directory until the process is ended at some moment, and checks what is left against all that was promised.
 * @param {string} data @param {Random} random @param {History} history
 */
export async function runRound(data, random, history) {
  const args = randomArguments(data, random);
  const ending = random.pick(endings);
  const child = new AppendProcess(args);
  const feeding = child.feed(lines(random));
  await moment(random, child);
  if (ending === 'end') {
    await feeding;
    child.endInput();
  } else {
    child.signal(ending === 'kill' ? 'SIGKILL' : 'SIGINT');
  }
  const ended = await child.ended(hangMs);
  await feeding;
  for (const line of ended.acks) history.noteAck(line);
  const described = `${args.join(' ')}, ${ending}, ${ended.acks.length} acks`;
  checkEnd(ending, ended, described);
  checkDirectory(data, history, ending, described);
  return described;
}

/** @param {string} data @param {Random} random */
function randomArguments(data, random) {
  const journal = random.pick(['1MiB', '2MiB', '8MiB', '64MiB']);
  const options = {
    data,
    topic: 'killed',
    partitions: random.pick([1, 3, 8, 40]),
    batch: random.pick([1, 7, 50, 400]),
    shards: random.pick([1, 1, 2, 3]),
    durability: random.pick(['fsync', 'fsync', 'fsync', 'replicated']),
    io: random.pick(['uring', 'uring', 'fallback']),
    journal,
  };
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

/** Chunks of random lines, some of them long, at most some megabytes in all. @param {Random} random */
function* lines(random) {
  const sizeMax = random.pick([20, 200, 2000]);
  for (let left = random.between(1 << 16, 6 << 20); left > 0; ) {
    const count = random.between(1, 200);
    const size = random.chance(0.02) ? random.between(2000, 60_000) : random.between(0, sizeMax);
    const chunk = `${random.next()}${'x'.repeat(size)}\n`.repeat(size > sizeMax ? 1 : count);
    left -= chunk.length;
    yield chunk;
  }
}

/** During start and recovery, soon after the first ack, or in full swing. @param {Random} random @param {AppendProcess} child */
async function moment(random, child) {
  if (random.chance(0.2)) return sleep(random.between(0, 400));
  for (let waited = 0; waited < 10_000 && !child.hasAcked; waited += 2) await sleep(2);
  return sleep(random.chance(0.3) ? random.between(0, 10) : random.between(10, 500));
}

/** @param {string} ending @param {import('./append-process.mjs').Ended} ended @param {string} described */
function checkEnd(ending, { code, complaint }, described) {
  // Ended early, it may be too early for a handler.
  const expected = { kill: [null], interrupt: [130, null], end: [0] }[ending] ?? [];
  if (!expected.includes(code) || complaint !== '') throw new Error(`exit code ${code} after ${described}: ${complaint}`);
}

/** @param {string} data @param {History} history @param {string} ending @param {string} described */
function checkDirectory(data, history, ending, described) {
  const verified = millrace('verify', data);
  // Killed before it made its directory: there is nothing to verify.
  if (history.ackedCount === 0 && verified.status === 1) return;
  const allowed = ending === 'kill' ? [0, 3] : [0];
  const said = `${verified.stdout}${verified.stderr}`;
  if (!allowed.includes(verified.status ?? -1))
    throw new Error(`verify: exit code ${verified.status} after ${described}: ${said}`);
  const dumped = millrace('dump', data, '--json');
  if (dumped.status !== 0) throw new Error(`dump: exit code ${dumped.status} after ${described}: ${dumped.stderr}`);
  /** @type {DumpedBatch[]} */
  const batches = dumped.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  try {
    history.check(batches);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}, after ${described}`);
  }
}

/** @param {readonly string[]} args */
function millrace(...args) {
  return spawnSync(process.execPath, [main, 'log', ...args], { encoding: 'utf8', maxBuffer: outputSizeMax });
}
