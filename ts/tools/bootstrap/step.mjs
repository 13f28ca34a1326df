import { spawn } from 'node:child_process';
import { root } from './paths.mjs';
import { Problem } from './problem.mjs';

const lineEveryMs = 15_000;
const redrawEveryMs = 1_000;

/**
 * Runs one long command: shows its name and the seconds so far on stderr (stdout belongs to what runs afterwards), and
 * its output only if it fails. Returns its stdout.
 * @param {string} name @param {string} command @param {readonly string[]} args @param {import('./lock.mjs').Lock} lock
 * @returns {Promise<string>}
 */
export async function step(name, command, args, lock) {
  const stop = showProgress(name);
  try {
    return await collect(name, command, args, lock);
  } finally {
    stop();
  }
}

/** @param {string} name @param {string} command @param {readonly string[]} args @param {import('./lock.mjs').Lock} lock */
async function collect(name, command, args, lock) {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  if (child.pid !== undefined) lock.recordChild(child.pid);
  /** @type {Buffer[]} */
  const stdout = [];
  /** @type {Buffer[]} */
  const both = [];
  child.stdout.on('data', (chunk) => {
    stdout.push(chunk);
    both.push(chunk);
  });
  child.stderr.on('data', (chunk) => both.push(chunk));
  /** @type {string | undefined} */
  const failure = await new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code === 0 ? undefined : `it ended with ${signal ?? code}`));
  });
  if (failure !== undefined) throw new Problem(`${forPeople(Buffer.concat(both).toString())}\n${name} failed: ${failure}`);
  return Buffer.concat(stdout).toString();
}

// What cargo says to programs stands between what it says to us.
/** @param {string} output */
function forPeople(output) {
  const lines = output.trimEnd().split('\n');
  return lines.filter((line) => !line.startsWith('{"reason":')).join('\n');
}

/** @param {string} name */
function showProgress(name) {
  const begin = performance.now();
  const isTerminal = process.stderr.isTTY === true;
  const show = () => {
    const line = `${name} … ${Math.round((performance.now() - begin) / 1000)} s`;
    process.stderr.write(isTerminal ? `\r${line}` : `${line}\n`);
  };
  show();
  const timer = setInterval(show, isTerminal ? redrawEveryMs : lineEveryMs);
  return () => {
    clearInterval(timer);
    show();
    if (isTerminal) process.stderr.write('\n');
  };
}
