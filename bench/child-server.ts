import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const readySecondsMax = 60;
const endSecondsMax = 15;
const complaintSizeMax = 4096;

const running = new Set<ChildProcess>();

// A scenario that fails leaves none behind.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A process that serves, in a group with the scenario that started it. */
export interface Server {
  readonly pid: number;
  readonly ready: string;
  /** From its start to the line by which it says that it is ready. */
  readonly readyMs: number;
  /** Ends it and waits for that. */
  end(signal?: NodeJS.Signals): Promise<void>;
}

export interface ServerCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly directory?: string;
  /** Of its output, or of what it logs. */
  readonly isReady: (line: string) => boolean;
}

/** Resolves when it is ready; rejects with what it said if it ends before. */
export async function startServer({ file, args, env, directory, isReady }: ServerCommand): Promise<Server> {
  const begin = performance.now();
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: env ?? process.env, cwd: directory });
  running.add(child);
  const exited = once(child, 'exit').finally(() => running.delete(child));
  let said = '';
  const ready = new Promise<{ line: string; ms: number }>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        said = `${said}${line}\n`.slice(-complaintSizeMax);
        if (isReady(line)) resolve({ line, ms: performance.now() - begin });
      });
    }
  });
  let limit: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    limit = setTimeout(resolve, readySecondsMax * 1000, undefined);
  });
  const first = await Promise.race([ready, exited.then(() => undefined), late]);
  clearTimeout(limit);
  if (first === undefined || child.pid === undefined) {
    child.kill('SIGKILL');
    throw new Error(`${file} ${args[0] ?? ''} was not ready: ${said}`);
  }
  return { pid: child.pid, ready: first.line, readyMs: first.ms, end: (signal = 'SIGTERM') => endOf(child, exited, signal) };
}

async function endOf(child: ChildProcess, exited: Promise<unknown>, signal: NodeJS.Signals): Promise<void> {
  child.kill(signal);
  const limit = setTimeout(() => child.kill('SIGKILL'), endSecondsMax * 1000);
  if (child.exitCode === null && child.signalCode === null) await exited;
  clearTimeout(limit);
}
