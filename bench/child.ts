import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** It is ended then, with all that it started. */
  readonly secondsMax: number;
  /** Each line of its output, as it comes. */
  readonly onLine: (line: string) => void;
}

/** Why it failed, in words; undefined if it did not. */
export type Failure = string | undefined;

let running: ChildProcess | undefined;

/** Runs a child in a process group of its own, to its end or its time limit. One at a time: figures are taken alone. */
export async function runChild({ file, args, secondsMax, onLine }: Command): Promise<Failure> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  running = child;
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-4096);
  });
  createInterface({ input: child.stdout }).on('line', onLine);
  let isLate = false;
  const limit = setTimeout(() => {
    isLate = true;
    endChild();
  }, secondsMax * 1000);
  const ended = await endOf(child);
  clearTimeout(limit);
  running = undefined;
  if (isLate) return `took more than ${secondsMax} s and was ended`;
  return ended === 'ended with 0' ? undefined : `${ended}${complaints === '' ? '' : `: ${complaints.trim()}`}`;
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(`ended with ${code ?? signal}`));
  });
}

/** Ends what runs at the moment, with all that it started. */
export function endChild(): void {
  if (running?.pid === undefined || running.exitCode !== null || running.signalCode !== null) return;
  process.kill(-running.pid, 'SIGKILL');
}
