import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installedJars, quickJava } from './java.js';

// What others build on Kafka's clients. Each is a process that runs until it is ended, and is judged by the topics it fills.

const lifeSecondsMax = 170;
const running = new Set<Framework>();

export class Framework {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #closed: Promise<unknown>;
  #output = '';

  /** `words` are a main class and its arguments, or a source of kafka-frameworks/. */
  static async start(...words: readonly string[]): Promise<Framework> {
    return new Framework(['-cp', join(await installedJars('kafka-frameworks'), '*'), ...words]);
  }

  private constructor(words: readonly string[]) {
    const folder = fileURLToPath(new URL('kafka-frameworks', import.meta.url));
    const bounds = { timeout: lifeSecondsMax * 1000, killSignal: 'SIGKILL' } as const;
    this.#child = spawn('java', [...quickJava, ...words], { cwd: folder, ...bounds });
    this.#closed = once(this.#child, 'close');
    running.add(this);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        this.#output = (this.#output + chunk).slice(-8000);
      });
    }
  }

  /** An error if it has ended by itself. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    running.delete(this);
    if (!this.#child.kill(signal)) throw new Error(`it has ended with ${this.#child.exitCode}:\n${this.#output}`);
    await this.#closed;
  }
}

/** For `afterAll`: what a failed test left running. */
export async function killFrameworks(): Promise<void> {
  await Promise.all([...running].map((framework) => framework.end('SIGKILL')));
}
