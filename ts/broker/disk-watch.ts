import type { Clock, Failure } from '../model/ports.js';
import type { Result } from '../model/result.js';
import type { DiskSpace } from '../native/disk-space.js';

export interface DiskEvents {
  /** At every look. */
  onSpace(space: DiskSpace): void;
  /** It is full now, or (undefined) no more. */
  onFull(refusal: Failure | undefined): void;
}

const intervalMs = 1000;
/** Once full, produce is taken again this far below the mark: not at every segment that retention drops. */
const hysteresisPercent = 2;

const advice = 'free space or shorten retention';

/**
 * Watches how full the disk is. Above the mark produce is refused while deletes, retention and reads go on, so that there is
 * always room for what makes room.
 *
 * Lives on: the cluster thread. Ends when: `stop`.
 */
export class DiskWatch {
  readonly #clock: Clock;
  readonly #space: () => Result<DiskSpace, { readonly message: string }>;
  readonly #fullPercent: number;
  readonly #events: DiskEvents;
  #isFull = false;
  #cancel: (() => void) | undefined;

  constructor(
    clock: Clock,
    space: () => Result<DiskSpace, { readonly message: string }>,
    fullPercent: number,
    events: DiskEvents,
  ) {
    this.#clock = clock;
    this.#space = space;
    this.#fullPercent = fullPercent;
    this.#events = events;
  }

  start(): void {
    this.#look();
  }

  stop(): void {
    this.#cancel?.();
  }

  /** A file found no room below the mark: a quota, or the last bytes are too few. Until a look finds it clearly below. */
  noSpace(): void {
    if (this.#isFull) return;
    this.#isFull = true;
    const space = this.#space();
    const left = space.ok ? ` (${mebibytes(space.value.freeSize)} MiB left)` : '';
    this.#events.onFull({ error: 'disk-full', message: `the log found no room on the disk${left}: ${advice}` });
  }

  #look(): void {
    this.#cancel = this.#clock.after(intervalMs, () => this.#look());
    const space = this.#space();
    // A directory that cannot be asked fails where it is used.
    if (!space.ok) return;
    const { freeSize, totalSize } = space.value;
    this.#events.onSpace(space.value);
    const percent = 100 - (freeSize / totalSize) * 100;
    const mark = this.#isFull ? this.#fullPercent - hysteresisPercent : this.#fullPercent;
    const isFull = percent >= mark;
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    this.#events.onFull(isFull ? { error: 'disk-full', message: this.#words(freeSize, percent) } : undefined);
  }

  #words(freeSize: number, percent: number): string {
    return `the disk is ${percent.toFixed(1)} % full (${mebibytes(freeSize)} MiB left), the mark is ${this.#fullPercent} %: ${advice}`;
  }
}

function mebibytes(size: number): number {
  return Math.floor(size / 2 ** 20);
}
