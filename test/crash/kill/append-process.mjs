import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';

export const main = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

/**
 * @typedef {object} Ended
 * @property {number | null} code Null: killed.
 * @property {readonly string[]} acks Whole lines of stdout.
 * @property {string} complaint
 */

/** One running `millrace log append`, fed with lines until it ends or is ended. */
export class AppendProcess {
  #child;
  #out = '';
  #complaint = '';
  /** @type {Promise<number | null>} */
  #closed;

  /** @param {readonly string[]} args */
  constructor(args) {
    this.#child = spawn(process.execPath, [main, 'log', 'append', ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#closed = once(this.#child, 'close').then(([code]) => code);
    this.#child.stdin.on('error', () => undefined);
    this.#child.stdout.setEncoding('latin1').on('data', (text) => {
      this.#out += text;
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#complaint += text;
    });
  }

  get hasAcked() {
    return this.#out !== '';
  }

  /** Writes chunks as fast as they are taken; ends with the process, or when there are no more. @param {Iterable<string>} chunks */
  async feed(chunks) {
    const taking = new AbortController();
    // A pipeline that does not end its target may miss that it closed; and that the process is gone is the point of all this.
    this.#closed.finally(() => taking.abort());
    const options = { end: false, signal: taking.signal };
    await pipeline(Readable.from(chunks), this.#child.stdin, options).catch(() => undefined);
  }

  endInput() {
    this.#child.stdin.end();
  }

  /** @param {'SIGKILL' | 'SIGINT'} signal */
  signal(signal) {
    this.#child.kill(signal);
  }

  /** Everything it said, once it and its pipes are gone. @param {number} hangMs @returns {Promise<Ended>} */
  async ended(hangMs) {
    const limit = setTimeout(() => {
      this.#complaint += `it did not end within ${hangMs} ms\n`;
      this.#child.kill('SIGKILL');
    }, hangMs);
    const code = await this.#closed;
    clearTimeout(limit);
    const lines = this.#out.split('\n');
    // Behind the last newline: nothing, or half a line.
    lines.pop();
    return { code, acks: lines, complaint: this.#complaint };
  }
}
