import type { Ack } from '../../native/log.js';
import { type IoTrace, noteKinds } from '../../native/trace.js';
import type { Terminal } from '../command.js';

/** Lines of stdout, one per durable ack. Gathered over a turn, as each write to a pipe is a system call. */
export class AckLines {
  readonly #terminal: Terminal;
  readonly #topic: string;
  readonly #trace: IoTrace | undefined;
  #lines: string[] = [];
  #count = 0;

  constructor(terminal: Terminal, topic: string, trace: IoTrace | undefined) {
    this.#terminal = terminal;
    this.#topic = topic;
    this.#trace = trace;
  }

  add(partition: number, { base, next, crc }: Ack): void {
    this.#count += next - base;
    this.#lines.push(`ack ${this.#topic} ${partition} ${base} ${next - 1} ${crc}\n`);
  }

  /** Records that were acknowledged. */
  get count(): number {
    return this.#count;
  }

  /** The trace first: what stands before a note there had happened before the line went out. */
  write(): void {
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    if (this.#trace !== undefined) for (const line of lines) this.#trace.note(noteKinds.ack, Buffer.from(line));
    this.#terminal.out(lines.join(''));
  }
}
