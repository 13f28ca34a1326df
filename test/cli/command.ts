import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Said {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command whose pipes the test holds. */
export interface RunningCommand {
  readonly child: ChildProcessWithoutNullStreams;
  /** When it has ended by itself. */
  readonly said: Promise<Said>;
}

export function startCommand(args: readonly string[], directory?: string): RunningCommand {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['pipe', 'pipe', 'pipe'], cwd: directory });
  // Whoever ends early does not read to the end.
  child.stdin.on('error', () => undefined);
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  const said = once(child, 'close').then(([status]) => ({ status: status as number | null, ...output }));
  return { child, said };
}

/** Runs a command to its end, with all of its input. */
export function runCommand(args: readonly string[], input: string | Uint8Array = ''): Promise<Said> {
  const { child, said } = startCommand(args);
  child.stdin.end(input);
  return said;
}

/** Runs commands against one gateway. */
export function commandsAt(gateway: string) {
  const at = ['--bootstrap', gateway];
  return {
    run: (args: readonly string[], input: string | Uint8Array = '') => runCommand([...args, ...at], input),
    start: (args: readonly string[]) => startCommand([...args, ...at]),
    /** Of a command that must succeed: what it printed. */
    async out(args: readonly string[], input: string | Uint8Array = ''): Promise<string> {
      const { status, stdout, stderr } = await runCommand([...args, ...at], input);
      if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
      return stdout;
    },
  };
}

export function linesOf(text: string): readonly string[] {
  return text.split('\n').slice(0, -1);
}

export function jsonLinesOf(text: string): readonly Record<string, unknown>[] {
  return linesOf(text).map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Waits until a stream has said something like this. */
export async function heard(stream: NodeJS.ReadableStream, what: RegExp): Promise<void> {
  let text = '';
  for await (const [chunk] of on(stream, 'data')) {
    text += String(chunk);
    if (what.test(text)) return;
  }
}
