import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpuSecondsOf, threadTimesOf } from '../processes.js';

/** What a program of Kafka's said, and what it took. */
export interface ToolRun {
  readonly lines: readonly string[];
  /** CPU time as a share of one core, the start of the virtual machine included. */
  readonly coreShare: number;
  /** The same of the thread that works most: at 1 the client cannot do more. */
  readonly busiestThreadShare: number;
}

const watchIntervalMs = 200;
const saidSizeMax = 1 << 20;
/** They compile and collect; the program does not wait for them. */
const ofTheMachine = /^(C1|C2|G1|GC|VM) /;

/** Runs one of Kafka's own programs to its end. */
export async function runJava(jars: string, program: string, args: readonly string[], secondsMax: number): Promise<ToolRun> {
  const child = spawn('java', ['-Xms512m', '-Xmx512m', '-cp', `${jars}/*`, program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-saidSizeMax);
    });
  }
  const watch = new Watch(child.pid ?? 0);
  const watching = setInterval(() => watch.look(), watchIntervalMs);
  const limit = setTimeout(() => child.kill('SIGKILL'), secondsMax * 1000);
  const [code] = (await once(child, 'close')) as [number | null];
  clearInterval(watching);
  clearTimeout(limit);
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${said.slice(-2000)}`);
  return { lines: said.trim().split('\n'), ...watch.shares() };
}

/** Looks at a process while it lives: what it used last is unknown, which is a matter of parts of a second. */
class Watch {
  readonly #pid: number;
  readonly #begin = performance.now();
  #last = this.#begin;
  #cpuSeconds = 0;
  #busiest = 0;

  constructor(pid: number) {
    this.#pid = pid;
  }

  look(): void {
    try {
      const threads = threadTimesOf(this.#pid).filter(({ name }) => !ofTheMachine.test(name));
      this.#cpuSeconds = cpuSecondsOf(this.#pid);
      this.#busiest = Math.max(this.#busiest, ...threads.map(({ cpuSeconds }) => cpuSeconds));
      this.#last = performance.now();
    } catch {
      // It has ended.
    }
  }

  shares(): { readonly coreShare: number; readonly busiestThreadShare: number } {
    const seconds = (this.#last - this.#begin) / 1000;
    return { coreShare: this.#cpuSeconds / seconds, busiestThreadShare: this.#busiest / seconds };
  }
}
