import type { Terminal } from '../command.js';
import { durationText } from './columns.js';

const everyMs = 250;
/** What ends sooner needs no line. */
const patienceMs = 1_000;
const clearLine = '\r\u001b[K';

export interface Advance {
  readonly count: number;
  readonly elapsedMs: number;
  /** Of the whole, 0 to 1; undefined where nobody knows the whole. */
  readonly part: number | undefined;
}

const barWidth = 20;

/** One line: how far, how many, how fast, and how long it will take. */
export function progressText({ count, elapsedMs, part }: Advance, unit: string): string {
  const rate = elapsedMs > 0 ? Math.round((count * 1000) / elapsedMs) : 0;
  const spoken = `${count.toLocaleString('en')} ${unit}, ${rate.toLocaleString('en')} a second`;
  if (part === undefined || part <= 0) return spoken;
  const bounded = Math.min(1, part);
  const left = durationText((elapsedMs * (1 - bounded)) / bounded);
  const filled = Math.floor(bounded * barWidth);
  const bar = `[${'#'.repeat(filled)}${' '.repeat(barWidth - filled)}]`;
  return `${bar} ${Math.floor(bounded * 100)} %, ${spoken}, ${left} left`;
}

/**
 * Shows on stderr how far a command is, where a person looks at it and it takes longer than a moment: not where the same screen
 * shows what the command prints.
 */
export class Progress {
  readonly #terminal: Terminal;
  readonly #now: () => Advance;
  readonly #unit: string;
  readonly #timer: NodeJS.Timeout | undefined;
  #isShown = false;

  constructor(terminal: Terminal, now: () => Advance, { unit = 'records', prints = false } = {}) {
    this.#unit = unit;
    this.#terminal = terminal;
    this.#now = now;
    if (!terminal.isWatched || (prints && terminal.isScreen)) return;
    this.#timer = setInterval(() => this.#show(), everyMs);
    this.#timer.unref();
  }

  #show(): void {
    const advance = this.#now();
    if (advance.elapsedMs < patienceMs) return;
    this.#isShown = true;
    this.#terminal.error(`${clearLine}${progressText(advance, this.#unit)}`);
  }

  /** Takes the line away. */
  end(): void {
    clearInterval(this.#timer);
    if (this.#isShown) this.#terminal.error(clearLine);
    this.#isShown = false;
  }
}
