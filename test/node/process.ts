import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface RunningNode {
  readonly pid: number;
  /** host:port */
  readonly gateway: string;
  readonly url: string;
  /** What it logged so far, line by line. */
  readonly log: readonly string[];
  kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGINT'): Promise<number | null>;
}

const running = new Set<ChildProcess>();

/** A real node in a process of its own: resolves with its ready line, rejects with its log if it ends before that. */
export async function startNode(data: string, options: readonly string[] = []): Promise<RunningNode> {
  const ports = ['--gateway', '127.0.0.1:0', '--kafka', '127.0.0.1:0'].filter((_, index, all) => {
    return !options.includes(all[index - (index % 2)] ?? '');
  });
  const child = spawn(process.execPath, [main, 'start', '--data', data, ...ports, ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const exited = once(child, 'exit').then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  const log: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
  const ready = await Promise.race([readyLine(child), exited.then(() => undefined)]);
  if (ready === undefined) throw new Error(`the node ended before it was ready:\n${log.join('\n')}`);
  const { pid, gateway } = JSON.parse(ready) as { pid: number; gateway: string };
  const kill = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return exited;
  };
  return { pid, url: gateway, gateway: gateway.replace('http://', ''), log, kill };
}

function readyLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    if (child.stdout === null) throw new Error('stdout is a pipe');
    createInterface({ input: child.stdout }).once('line', resolve);
  });
}

/** For `afterEach`: whatever a test left running. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}
