import { execFile } from 'node:child_process';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { Problem } from './problem.mjs';

const run = promisify(execFile);

/**
 * @typedef {object} Requirement
 * @property {string} command
 * @property {readonly [number, number]} [atLeast]
 * @property {string} install what to do when it is missing or too old
 */

/** @type {readonly Requirement[]} */
const required = [
  { command: 'npm', install: 'it comes with Node: https://nodejs.org, or your distribution (Debian: apt install npm)' },
  { command: 'cargo', install: 'install stable Rust: https://rustup.rs' },
  {
    command: 'rustc',
    atLeast: [1, 90],
    install: 'install stable Rust 1.90 or newer: https://rustup.rs, or "rustup update stable"',
  },
  { command: 'cc', install: 'install a C compiler (Debian: apt install gcc libc6-dev; Fedora: dnf install gcc)' },
];

/**
 * What costs nothing to know; looked at on every start.
 * @param {{ platform: string, nodeVersion: string }} host
 */
export function requireHost({ platform, nodeVersion }) {
  if (platform !== 'linux') throw new Problem(`Millrace runs on Linux only; this is ${platform}.`);
  if (!isAtLeast(nodeVersion, [20, 19])) {
    throw new Problem(`Node ${nodeVersion} is too old: install Node 20.19 or newer: https://nodejs.org`);
  }
}

/** What only a build needs. Every missing tool gets its line, not just the first. */
export async function requireTools() {
  addCargoHome();
  const complaints = await Promise.all(required.map(complaintAbout));
  const lines = complaints.filter((line) => line !== undefined);
  if (lines.length > 0) throw new Problem(lines.join('\n'));
}

// A fresh rustup writes the shell's start file, which the shell that is already open has not read.
function addCargoHome() {
  const bin = join(process.env['CARGO_HOME'] ?? join(homedir(), '.cargo'), 'bin');
  const path = process.env['PATH'] ?? '';
  if (!path.split(delimiter).includes(bin)) process.env['PATH'] = path + delimiter + bin;
}

/** @param {Requirement} requirement @returns {Promise<string | undefined>} */
async function complaintAbout({ command, atLeast, install }) {
  /** @type {string} */
  let output;
  try {
    output = (await run(command, ['--version'])).stdout;
  } catch {
    return `${command} is missing: ${install}`;
  }
  if (atLeast === undefined || isAtLeast(output, atLeast)) return undefined;
  return `${command} is too old (${output.trim()}): ${install}`;
}

/** @param {string} text the first "N.N" in it is the version @param {readonly [number, number]} atLeast */
export function isAtLeast(text, [major, minor]) {
  const found = /(\d+)\.(\d+)/.exec(text);
  if (found === null) return false;
  const [foundMajor, foundMinor] = [Number(found[1]), Number(found[2])];
  return foundMajor > major || (foundMajor === major && foundMinor >= minor);
}
