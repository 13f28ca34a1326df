import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const lifeSecondsMax = 300;
const running = new Set<Driver>();

/**
 * A program around somebody else's client. It is asked in lines, each a JSON array of a name and an object, and answers each in its turn
 * with a line: {"answer": …} or {"error": TEXT}. What it is asked is in client-suite.ts.
 */
export class Driver {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  readonly #closed: Promise<unknown>;
  #errors = '';
  #ended: Error | undefined;

  constructor(command: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(command, args, {
      env: { ...process.env, ...environment },
      timeout: lifeSecondsMax * 1000,
      killSignal: 'SIGKILL',
    });
    running.add(this);
    this.#child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.#errors = (this.#errors + chunk).slice(-4000);
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#waiting.shift()?.resolve(line));
    this.#closed = once(this.#child, 'close').then(
      ([code]) => this.#end(new Error(`${command} ${args.at(0)} ended with ${code}:\n${this.#errors}`)),
      (error) => this.#end(error),
    );
    // What it did not take any more is told by its end.
    this.#child.stdin.on('error', () => undefined);
  }

  async ask<T>(name: string, args: object = {}): Promise<T> {
    if (this.#ended !== undefined) throw this.#ended;
    const line = await new Promise<string>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#child.stdin.write(`${JSON.stringify([name, args])}\n`);
    });
    const told = JSON.parse(line) as { answer: T } | { error: string };
    if ('error' in told) throw new Error(`${name}: ${told.error}`);
    return told.answer;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
  }

  #end(error: Error): void {
    running.delete(this);
    this.#ended ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

/** For `afterAll`: none of them has anything to lose. */
export async function killDrivers(): Promise<void> {
  await Promise.all([...running].map((driver) => driver.kill()));
}
