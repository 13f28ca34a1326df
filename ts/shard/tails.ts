import { assert } from '../model/assert.js';
import type { Result } from '../model/result.js';
import type { FileRead, HotSlice, LogStore, StoreFailure } from '../native/log.js';
import { slicesMax } from '../ring/link/layout.js';
import type { ShardEnd } from '../ring/link/shard-end.js';
import type { Partition } from './partition.js';
import { headOf } from './reads.js';
import type { Tickets } from './tickets.js';

/** Of one notice. A gateway that is further behind reads by offset. */
const noticeSizeMax = 4 << 20;

/** Tells gateways of partitions whose high watermark has moved: once per turn, with the batches if they are in memory. */
export class Tails {
  readonly #store: LogStore;
  readonly #rings: readonly Uint8Array[];
  /** Partitions with a watcher that has not been told. */
  readonly #behind = new Set<Partition>();
  /** Reads that found the bytes in a file, which nobody waits for. */
  readonly #unwanted = new Set<number>();
  readonly #tickets: Tickets;

  constructor(store: LogStore, rings: readonly Uint8Array[], tickets: Tickets) {
    this.#store = store;
    this.#rings = rings;
    this.#tickets = tickets;
  }

  isBehind(partition: Partition): void {
    this.#behind.add(partition);
  }

  tell(): void {
    for (const partition of this.#behind) {
      if (this.#tellWatchers(partition)) this.#behind.delete(partition);
    }
  }

  /** False: a gateway had no room. Its ring says when it has. */
  #tellWatchers(partition: Partition): boolean {
    let isTold = true;
    let known: { from: number; slices: readonly HotSlice[] } | undefined;
    for (const [gateway, from] of partition.behind()) {
      if (known?.from !== from) known = { from, slices: this.#hot(partition, from) };
      isTold = tellOne(gateway, partition, known.slices, this.#rings) && isTold;
    }
    return isTold;
  }

  /** All batches from `from` to the high watermark, or none. */
  #hot({ handle, highWatermark }: Partition, from: number): readonly HotSlice[] {
    const ticket = this.#tickets.next();
    const read = this.#store.read(handle, ticket, from, highWatermark, noticeSizeMax);
    if (!read.ok || read.value === 'empty') return [];
    if (read.value === 'pending') {
      this.#unwanted.add(ticket);
      return [];
    }
    const isAll = read.value.length <= slicesMax && read.value.at(-1)?.next === highWatermark;
    return isAll ? read.value : [];
  }

  /** True: the read was one of these. */
  readCold(handle: number, ticket: number, result: Result<FileRead, StoreFailure>): boolean {
    if (!this.#unwanted.delete(ticket)) return false;
    if (result.ok) assert(this.#store.takeRead(handle, ticket, new Uint8Array(result.value.size)), 'what was read is there once');
    return true;
  }
}

function tellOne(gateway: ShardEnd, partition: Partition, slices: readonly HotSlice[], rings: readonly Uint8Array[]): boolean {
  const isTold = gateway.tail(partition.handle, headOf(partition, slices, rings), slices);
  if (isTold) partition.told(gateway);
  return isTold;
}
