import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A lap of the native clients, as they print it. */
export interface Lap {
  readonly published: number;
  readonly expected: number;
  readonly delivered: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
  /** How far the client itself fell behind its schedule. */
  readonly behind_ms: number;
  readonly wall_s: number;
}

const answerSecondsMax = 75;

/** The native clients in a process of their own: sockets, pace and clock are theirs. */
export class Load {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #exited: Promise<unknown>;
  #complaint = '';

  private constructor(program: string, args: readonly string[]) {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    this.#exited = once(child, 'exit');
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#complaint += text;
    });
    // What is written to one that has ended is told by its missing answer.
    child.stdin.on('error', () => undefined);
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** Resolves when all connections are open and have their answers. */
  static async start(program: string, args: readonly string[]): Promise<Load> {
    const load = new Load(program, args);
    await load.#line();
    return load;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Publishes at a pace, in an open loop. The same seed gives the same times; 0: evenly spaced. */
  deliver(rate: number, seconds: number, seed = 0): Promise<Lap> {
    return this.#ask(`deliver ${rate} ${seconds} ${seed}`);
  }

  /** Sends so many requests in a closed loop. */
  produce(count: number, window: number): Promise<Lap> {
    return this.#ask(`produce ${count} ${window}`);
  }

  async end(): Promise<void> {
    this.#child.stdin?.end();
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.#exited;
  }

  async #ask(command: string): Promise<Lap> {
    this.#child.stdin?.write(`${command}\n`);
    return JSON.parse(await this.#line()) as Lap;
  }

  async #line(): Promise<string> {
    const limit = setTimeout(() => this.#child.kill('SIGKILL'), answerSecondsMax * 1000);
    const { value, done } = await this.#lines.next();
    clearTimeout(limit);
    if (done !== true) return value;
    await this.#exited;
    throw new Error(`the clients ended: ${this.#complaint.trim()}`);
  }
}
