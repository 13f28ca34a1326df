import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Of the file system on its device, in sectors of 512 bytes. */
const firstSector = 2048;
const sectorsPerMiB = 2048;
/** Of the memory that holds the image, beyond the image. */
const spareMiB = 8;

function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/**
 * A real ext4, small, on a loop device over an image in memory; it can run out of room, lie about how much it has, and die.
 *
 *     data directory ── ext4 ── partition of a loop device ── image ── tmpfs
 *
 * Needs the right to mount. Each layer goes with the one above it, and all of them with the mount namespace that the stage runs in.
 */
export class SmallDisk {
  /** Where it is mounted. */
  readonly path: string;
  readonly #host: string;
  readonly #image: string;
  readonly #sectors: number;
  #device = '';

  constructor(sizeMiB: number) {
    this.#host = mkdtempSync(join(tmpdir(), 'millrace-disk-'));
    this.path = join(this.#host, 'disk');
    this.#image = join(this.#host, 'image');
    this.#sectors = sizeMiB * sectorsPerMiB;
    run('mount', '-t', 'tmpfs', '-o', `size=${sizeMiB + spareMiB}m`, 'tmpfs', this.#host);
    mkdirSync(this.path);
    run('truncate', '-s', `${sizeMiB + 1}M`, this.#image);
    this.#attach();
    run('mkfs.ext4', '-q', '-m', '0', `${this.#device}p1`);
    // No write needs room in the memory, until `takeRoom`.
    run('fallocate', '-l', `${sizeMiB + 1}M`, this.#image);
    this.#mount();
  }

  #attach(): void {
    this.#device = run('losetup', '--find', '--show', '--partscan', this.#image);
    run('addpart', this.#device, '1', String(firstSector), String(this.#sectors));
  }

  #mount(): void {
    run('mount', `${this.#device}p1`, this.path);
    // Takes effect when it is mounted no more.
    run('losetup', '--detach', this.#device);
  }

  /** Somebody else's file takes all the room that is left, but for so much. */
  fill(leftKiB = 0): void {
    const left = join(this.path, 'left');
    if (leftKiB > 0) run('fallocate', '-l', `${leftKiB}K`, left);
    takeAll(join(this.path, 'ballast'));
    // What was kept for the writing itself is free after it, and what is removed after the next commit.
    run('sync', '-f', this.path);
    takeAll(join(this.path, 'ballast.more'));
    rmSync(left, { force: true });
    run('sync', '-f', this.path);
  }

  /** The room is there again. */
  empty(): void {
    rmSync(join(this.path, 'ballast'));
    rmSync(join(this.path, 'ballast.more'));
  }

  /** From now on blocks that hold nothing yet cannot be written: the device has promised more than it has. */
  takeRoom(): void {
    run('fstrim', this.path);
    takeAll(join(this.#host, 'ballast'));
  }

  giveRoom(): void {
    rmSync(join(this.#host, 'ballast'));
  }

  /** From now on whatever reaches the device fails with EIO. */
  die(): void {
    run('resizepart', this.#device, '1', '8');
  }

  /** The machine remembers nothing of what a file holds: the next read goes to the device. */
  forget(file: string): void {
    run('dd', `of=${file}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0', 'status=none');
  }

  /** A device that works, with what reached it; nothing that the machine remembers of it. */
  async replace(): Promise<void> {
    await this.#unmount();
    this.#attach();
    this.#mount();
  }

  // The killed may still let go of it.
  async #unmount(): Promise<void> {
    for (let attempt = 0; attempt < 50; attempt += 1) {
      try {
        run('umount', this.path);
        return;
      } catch {
        await sleep(100);
      }
    }
    run('umount', this.path);
  }

  async remove(): Promise<void> {
    await this.#unmount();
    run('umount', this.#host);
    rmSync(this.#host, { recursive: true });
  }
}

function takeAll(file: string): void {
  // It ends when there is no room, which is what it is for.
  run(
    'sh',
    '-c',
    'dd if=/dev/zero of="$0" bs=64k status=none 2> /dev/null; dd if=/dev/zero of="$0.rest" bs=512 status=none 2> /dev/null; rm "$0.rest"; true',
    file,
  );
}
