// Freezes the format of a data directory: makes test/golden/data-directory/NUMBER with the build as it is. A directory that
// is there is never made anew: whatever once wrote such bytes may have left them on somebody's disk, and every later version
// has to open them. After a change of the format that is meant (the old one still readable), freeze the next number beside it.
//
//   npm run build && node test/format/freeze.mjs NUMBER
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pack } from './packed-directory.mjs';

const path = (/** @type {string} */ relative) => fileURLToPath(new URL(relative, import.meta.url));
const main = path('../../dist/cli/main.js');
const lives = path('./workers/lives.mjs');
const journals = ['--shards', '2', '--journal', '1MiB'];

/** @param {readonly string[]} args */
function run(args, input = '') {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, { input, encoding: 'utf8' });
  if (stderr !== '') throw new Error(`${args.join(' ')}: ${stderr}`);
  return { status, signal, stdout };
}

/** @param {string} word @param {number} count */
const lines = (word, count) => Array.from({ length: count }, (_, index) => `${word} ${index}\n`).join('');

/** Appends and is killed once all of it is acknowledged. @param {string} data @param {string} topic */
async function appendAndDie(data, topic) {
  const args = [main, 'log', 'append', '--data', data, '--topic', topic, '--batch', '10', ...journals];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.write(lines('killed', 40));
  let acksCount = 0;
  for await (const chunk of child.stdout) {
    acksCount += String(chunk).split('\n').length - 1;
    if (acksCount === 4) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/** @param {string} data @param {string} survivors @returns {Promise<readonly string[]>} what the last life acknowledged */
async function live(data, survivors) {
  run([lives, 'first', data]);
  for (const topic of ['synced', 'replicated']) {
    run([main, 'log', 'append', '--data', data, '--topic', topic, '--batch', '7', ...journals], lines('whole', 250));
  }
  await appendAndDie(data, 'synced');
  const { signal, stdout } = run([lives, 'last', data, survivors]);
  if (signal !== 'SIGKILL') throw new Error(`the last life ended by ${signal}`);
  // The power cut: what was appended to this topic, synced as it is, is in the journals alone.
  cpSync(survivors, join(data, 'topics'), { recursive: true });
  return stdout.split('\n').slice(0, -1);
}

/** @param {string} scratch @param {string} packed */
async function freeze(scratch, packed) {
  const data = join(scratch, 'data');
  const acked = await live(data, join(scratch, 'survivors'));
  const verified = run([main, 'log', 'verify', data, '--json']);
  const dumped = run([main, 'log', 'dump', data, '--json', '--records']);
  mkdirSync(packed, { recursive: true });
  pack(data, join(packed, 'files'));
  writeFileSync(join(packed, 'verify.json'), verified.stdout);
  writeFileSync(join(packed, 'dump.jsonl'), dumped.stdout);
  console.log(
    `${packed}: ${acked.length} acks in its last life; verify ended with ${verified.status}, dump with ${dumped.status}`,
  );
}

const [number = ''] = process.argv.slice(2);
const packed = path(`../golden/data-directory/${number}`);
if (!/^[1-9]\d*$/.test(number)) throw new Error('which number is the format to have?');
if (existsSync(packed)) throw new Error(`${packed} is there, and is never made anew: take the next number`);
mkdirSync(path('../../native/target'), { recursive: true });
const scratch = mkdtempSync(path('../../native/target/freeze-'));
try {
  await freeze(scratch, packed);
} finally {
  rmSync(scratch, { recursive: true });
}
