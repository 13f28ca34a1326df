import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import type { Ended } from './tally.js';

export const root = fileURLToPath(new URL('../../..', import.meta.url));

const lineEveryMs = 15_000;
const outputSizeMax = 4 << 20;

// Colours would stand between the words that the tallies look for.
const { FORCE_COLOR: _, ...environment } = process.env;
const plain = { ...environment, NO_COLOR: '1', CARGO_TERM_COLOR: 'never' };

interface Watch {
  readonly name: string;
  readonly secondsMax: number;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Shown as it comes, rather than kept for the case of a failure. */
  readonly isLive: boolean;
}

/** Runs a command to its end, or to its time limit: a test that hangs must not hang the machine that runs it. */
export async function spawnStage(command: readonly [string, ...string[]], watch: Watch): Promise<Ended> {
  const [file, ...args] = command;
  // A process group of its own, so that ending it ends its children too.
  const child = spawn(file, args, {
    cwd: root,
    env: { ...plain, ...watch.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const output = collectOutput(child, watch.isLive);
  const stopWatching = watchOver(child, watch);
  try {
    const exitCode = await exitCodeOf(child);
    return { exitCode, output: output() };
  } catch (error) {
    return { exitCode: 127, output: `${output()}${String(error)}\n` };
  } finally {
    stopWatching();
  }
}

// The end of a long output says what failed; the beginning may go.
function collectOutput(child: ChildProcess, isLive: boolean): () => string {
  let output = '';
  const take = (chunk: string) => {
    output = (output + stripVTControlCharacters(chunk)).slice(-outputSizeMax);
    if (isLive) process.stdout.write(chunk);
  };
  child.stdout?.setEncoding('utf8').on('data', take);
  child.stderr?.setEncoding('utf8').on('data', take);
  return () => output;
}

function exitCodeOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 137)));
  });
}

function watchOver(child: ChildProcess, { name, secondsMax, isLive }: Watch): () => void {
  const begin = performance.now();
  const progress = setInterval(() => {
    if (!isLive) console.log(`  … ${name}, ${Math.round((performance.now() - begin) / 1000)} s`);
  }, lineEveryMs);
  const limit = setTimeout(() => {
    console.log(`  ${name} took more than ${secondsMax} s: ended`);
    endGroup(child);
  }, secondsMax * 1000);
  const interrupt = () => {
    endGroup(child);
    process.exit(130);
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return () => {
    clearInterval(progress);
    clearTimeout(limit);
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  };
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null) return;
  process.kill(-child.pid, 'SIGKILL');
}
