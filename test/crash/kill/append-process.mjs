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
    // A process that is gone takes no more: that is the point of the campaign.
    await pipeline(Readable.from(chunks), this.#child.stdin, { end: false }).catch(() => undefined);
  }

  endInput() {
    this.#child.stdin.end();
  }

  /** @param {'SIGKILL' | 'SIGINT'} signal */
  signal(signal) {
    this.#child.kill(signal);
  }

  /** Everything it said, once it and its pipes are gone. @returns {Promise<Ended>} */
  async ended() {
    const code = await this.#closed;
    const lines = this.#out.split('\n');
    // Behind the last newline: nothing, or half a line.
    lines.pop();
    return { code, acks: lines, complaint: this.#complaint };
  }
}
