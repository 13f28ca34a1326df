import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Said {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. */
export function millrace(args: readonly string[], input = ''): Said {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return { status, stdout, stderr };
}

/** Starts a command whose pipes the test holds. */
export function startMillrace(args: readonly string[]) {
  return spawn(process.execPath, [main, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
}

export interface AckLine {
  readonly topic: string;
  readonly partition: number;
  readonly base: number;
  readonly last: number;
  readonly crc: number;
}

export function parseAcks(stdout: string): readonly AckLine[] {
  return lines(stdout).map((line) => {
    const [word = '', topic = '', ...numbers] = line.split(' ');
    const [partition = -1, base = -1, last = -1, crc = -1] = numbers.map(Number);
    if (word !== 'ack' || numbers.length !== 4) throw new Error(`not an ack: ${line}`);
    return { topic, partition, base, last, crc };
  });
}

export interface DumpLine extends AckLine {
  readonly epoch: number;
  readonly segment: number;
  readonly position: number;
  readonly file: string;
  readonly records?: readonly { readonly offset: number; readonly value: unknown; readonly timestamp: number }[];
}

export function parseDump(stdout: string): readonly DumpLine[] {
  return lines(stdout).map((line) => JSON.parse(line) as DumpLine);
}

function lines(text: string): readonly string[] {
  return text.split('\n').slice(0, -1);
}

/** `count` lines, each with its number. */
export function numbered(count: number, from = 0): string {
  return Array.from({ length: count }, (_, index) => `line ${from + index}\n`).join('');
}
