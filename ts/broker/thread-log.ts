import { type LogLevel, logsAt } from '../model/log-level.js';
import type { Clock, DebugLog } from '../model/ports.js';

export interface LogLine {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** More lines in a second are counted, not kept: whoever floods a node with connections must not flood its log too. */
const linesMax = 500;

/** What a data thread has to say for those who look closely. The cluster thread writes it, as it writes all of the log. */
export class ThreadLog implements DebugLog {
  readonly #clock: Clock;
  readonly #send: (line: LogLine) => void;
  #isWanted = false;
  #second = 0;
  #count = 0;

  constructor(clock: Clock, send: (line: LogLine) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  setLevel(level: LogLevel): void {
    this.#isWanted = logsAt(level, 'debug');
  }

  debug(fields: LogLine['fields'], text: string): void {
    if (!this.#isWanted) return;
    const second = Math.floor(this.#clock.monotonicMs() / 1000);
    if (second !== this.#second) this.#begin(second);
    this.#count += 1;
    if (this.#count <= linesMax) this.#send({ fields, text });
  }

  #begin(second: number): void {
    const omitted = this.#count - linesMax;
    this.#second = second;
    this.#count = 0;
    if (omitted > 0) this.#send({ fields: { omitted }, text: 'lines were left out: too many in one second' });
  }
}
