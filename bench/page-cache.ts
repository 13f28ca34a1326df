import { ftruncateSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// The state of the machine's memory, in which writes to the page cache cost more or less: free pages have to be cleared, and on a
// virtual machine perhaps fetched from the host; full memory has to be reclaimed first.

/** Drops clean pages of all files. A sentence if that is not allowed. */
export function emptyPageCache(): string | undefined {
  try {
    writeFileSync('/proc/sys/vm/drop_caches', '1');
    return undefined;
  } catch (error) {
    return `the page cache cannot be emptied: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** A share of memory that stays free in any case: the kernel begins to reclaim before the end, how early is its own affair. */
const freeShareMin = 1 / 16;
const pieceSize = 1 << 20;
const piecesBetweenLooks = 128;

/**
 * Fills free memory with clean pages of a file that takes no room on the disk: what is read of a hole is cached all the same. Lasts as long
 * as the process.
 */
export class CacheFiller {
  readonly #file: number;
  readonly #memorySize = memorySizeOf('MemTotal');
  readonly #size: number;
  readonly #piece = new Uint8Array(pieceSize);
  #at = 0;

  constructor(directory: string) {
    this.#file = openSync(join(directory, 'nothing'), 'w+');
    this.#size = 2 * this.#memorySize;
    ftruncateSync(this.#file, this.#size);
  }

  /** Until little is free, or so many bytes were read: more than there is of memory makes no difference. */
  fill(sizeMax = this.#memorySize): void {
    for (let done = 0; done < sizeMax; done += pieceSize) {
      if ((done / pieceSize) % piecesBetweenLooks === 0 && memorySizeOf('MemFree') < this.#memorySize * freeShareMin) return;
      readSync(this.#file, this.#piece, 0, pieceSize, this.#at);
      this.#at = (this.#at + pieceSize) % this.#size;
    }
  }
}

function memorySizeOf(name: 'MemTotal' | 'MemFree'): number {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync('/proc/meminfo', 'utf8'));
  return Number(found?.[1] ?? 0) * 1024;
}
