import { type LogLevel, logsAt } from '../model/log-level.js';
import type { Clock, DebugLog } from '../model/ports.js';

export interface LogLine {
  readonly level: 'debug' | 'info';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** More lines in a second are counted, not kept: whoever floods a node with connections must not flood its log too. */
const linesMax = { debug: 500, info: 20 } as const;

/** What a data thread has to say. The cluster thread writes it, as it writes all of the log. */
export class ThreadLog implements DebugLog {
  readonly #clock: Clock;
  readonly #send: (line: LogLine) => void;
  #level: LogLevel = 'info';
  #second = 0;
  readonly #counts = { debug: 0, info: 0 };

  constructor(clock: Clock, send: (line: LogLine) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  setLevel(level: LogLevel): void {
    this.#level = level;
  }

  debug(fields: LogLine['fields'], text: string): void {
    this.#say('debug', fields, text);
  }

  info(fields: LogLine['fields'], text: string): void {
    this.#say('info', fields, text);
  }

  #say(level: LogLine['level'], fields: LogLine['fields'], text: string): void {
    if (!logsAt(this.#level, level)) return;
    const second = Math.floor(this.#clock.monotonicMs() / 1000);
    if (second !== this.#second) this.#begin(second);
    this.#counts[level] += 1;
    if (this.#counts[level] <= linesMax[level]) this.#send({ level, fields, text });
  }

  #begin(second: number): void {
    this.#second = second;
    for (const level of ['debug', 'info'] as const) {
      const omitted = this.#counts[level] - linesMax[level];
      this.#counts[level] = 0;
      if (omitted > 0) this.#send({ level, fields: { omitted }, text: 'lines were left out: too many in one second' });
    }
  }
}
