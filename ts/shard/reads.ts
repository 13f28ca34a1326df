import { assert } from '../model/assert.js';
import type { Result } from '../model/result.js';
import type { FileRead, Found, HotSlice, LentSlice, LogStore, StoreFailure } from '../native/log.js';
import { slicesMax } from '../ring/link/layout.js';
import type { ShardEnd } from '../ring/link/shard-end.js';
import { endsOfBatches } from './batch-walk.js';
import { failureOfStore } from './failures.js';
import type { Partition } from './partition.js';
import type { Tickets } from './tickets.js';

/** Who waits for the log. */
interface Asked {
  readonly gateway: ShardEnd;
  readonly partition: Partition;
  readonly ticket: number;
  /** Of a read: what its reply may take of the reply ring. */
  readonly room: number;
  readonly mayKeep: boolean;
}

interface Search {
  readonly gateway: ShardEnd;
  readonly partition: Partition;
  readonly ticket: number;
  readonly timestampMs: number;
}

/** What a read asks for. */
export interface Range {
  readonly from: number;
  readonly sizeMax: number;
  readonly room: number;
  /** Who asks gives back memory that it was answered in. */
  readonly mayKeep: boolean;
  /** Who asks can send from files. */
  readonly mayLend: boolean;
}

/** Each holds a batch and its records, decompressed: more of them wait. */
const searchesMax = 4;

const noSlices: readonly HotSlice[] = [];

/** Reads and searches: from memory at once, from files when the log tells. */
export class Reads {
  readonly #store: LogStore;
  readonly #rings: readonly Uint8Array[];
  readonly #asked = new Map<number, Asked>();
  readonly #tickets: Tickets;
  /** Who has which lease; the store bounds them. */
  readonly #lent = new Map<number, ShardEnd>();
  #recalls: { readonly handle: number; readonly lease: number }[] = [];
  /** Requests bound their number. */
  readonly #searches: Search[] = [];
  #searching = 0;

  constructor(store: LogStore, rings: readonly Uint8Array[], tickets: Tickets) {
    this.#store = store;
    this.#rings = rings;
    this.#tickets = tickets;
  }

  read(gateway: ShardEnd, partition: Partition, ticket: number, { from, sizeMax, room, mayKeep, mayLend }: Range): void {
    const { handle, highWatermark } = partition;
    const own = this.#tickets.next();
    const read = mayLend
      ? this.#store.readInPlace(handle, own, from, highWatermark, sizeMax)
      : this.#store.read(handle, own, from, highWatermark, sizeMax);
    if (!read.ok) {
      gateway.failed(handle, ticket, failureOfStore(read.error));
      return;
    }
    const { logStart, found } = read.value;
    partition.logStart = logStart;
    if (found === 'pending') {
      this.#asked.set(own, { gateway, partition, ticket, room, mayKeep });
      return;
    }
    if (typeof found === 'object' && 'lease' in found) {
      this.#lend(gateway, partition, ticket, found);
      return;
    }
    const slices = found === 'empty' ? noSlices : found;
    const told = slices.length > slicesMax ? slices.slice(0, slicesMax) : slices;
    gateway.slices(handle, ticket, headOf(partition, told, this.#rings), told);
  }

  #lend(gateway: ShardEnd, partition: Partition, ticket: number, slice: LentSlice): void {
    const { handle, logStart, highWatermark, leaderEpoch } = partition;
    this.#lent.set(slice.lease, gateway);
    const { base, next } = slice;
    gateway.lent(handle, ticket, { logStart, highWatermark, base, next, leaderEpoch }, slice);
  }

  /** What was pending is to be had in its place after all. */
  lent(own: number, slice: LentSlice): void {
    const { gateway, partition, ticket } = this.#take(own);
    this.#lend(gateway, partition, ticket, slice);
  }

  /** The gateway sends from it no more, also if its partition is gone. */
  giveBack(lease: number): void {
    this.#lent.delete(lease);
    this.#store.giveBack(lease);
  }

  recalled(handle: number, lease: number): void {
    this.#recalls.push({ handle, lease });
  }

  /** Asks for leases that are wanted back. True: some gateway has no room to be asked now. */
  recall(): boolean {
    const recalls = this.#recalls;
    if (recalls.length === 0) return false;
    // Of what was given back meanwhile nobody is asked.
    this.#recalls = recalls.filter(({ handle, lease }) => this.#lent.get(lease)?.recalled(handle, lease) === false);
    return this.#recalls.length > 0;
  }

  told(handle: number, own: number, result: Result<FileRead, StoreFailure>): void {
    const { gateway, partition, ticket, room, mayKeep } = this.#take(own);
    if (!result.ok) {
      gateway.failed(handle, ticket, failureOfStore(result.error));
      return;
    }
    const { size, next, roomWanted } = result.value;
    if (roomWanted > 0) {
      gateway.roomWanted(handle, ticket, roomWanted);
      return;
    }
    gateway.bytes(handle, ticket, { size, room, mayKeep }, (target) => {
      assert(this.#store.takeRead(handle, own, target), 'what was read is there once');
      const { logStart, highWatermark } = partition;
      return { logStart, highWatermark, next, ...endsOfBatches(target) };
    });
  }

  find(gateway: ShardEnd, partition: Partition, ticket: number, timestampMs: number): void {
    this.#searches.push({ gateway, partition, ticket, timestampMs });
    this.#search();
  }

  #search(): void {
    while (this.#searching < searchesMax) {
      const search = this.#searches.shift();
      if (search === undefined) return;
      const { gateway, partition, ticket, timestampMs } = search;
      const own = this.#tickets.next();
      const failure = this.#store.find(partition.handle, own, timestampMs);
      if (failure !== undefined) {
        gateway.failed(partition.handle, ticket, { error: 'internal', message: failure.message });
        continue;
      }
      this.#searching += 1;
      this.#asked.set(own, { gateway, partition, ticket, room: 0, mayKeep: false });
    }
  }

  found(handle: number, own: number, result: Result<Found | undefined, StoreFailure>): void {
    const { gateway, ticket } = this.#take(own);
    this.#searching -= 1;
    this.#search();
    if (!result.ok) {
      gateway.failed(handle, ticket, failureOfStore(result.error));
      return;
    }
    const { offset = -1, timestamp = 0, leaderEpoch = 0 } = result.value ?? {};
    gateway.answer(handle, ticket, [offset, timestamp, leaderEpoch]);
  }

  /** An epoch newer than any known here ends where the log does: a reader that has it knows more than is left. */
  epochEnd(gateway: ShardEnd, partition: Partition, ticket: number, asked: number): void {
    const { handle, leaderEpoch, highWatermark } = partition;
    const found = this.#store.epochEnd(handle, asked) ?? { leaderEpoch, end: highWatermark };
    gateway.answer(handle, ticket, [found.leaderEpoch, found.end]);
  }

  #take(own: number): Asked {
    const asked = this.#asked.get(own);
    assert(asked !== undefined, () => `the log answers read ${own} twice`);
    this.#asked.delete(own);
    return asked;
  }
}

/** What precedes slices in a reply. The epoch is read from the last batch itself. */
export function headOf(
  { logStart, highWatermark, leaderEpoch }: Partition,
  slices: readonly HotSlice[],
  rings: readonly Uint8Array[],
) {
  const [first, last] = [slices[0], slices.at(-1)];
  if (first === undefined || last === undefined) return { logStart, highWatermark, base: 0, next: 0, leaderEpoch };
  const data = rings[last.ring];
  assert(data !== undefined, () => `a slice in ring ${last.ring}`);
  const ends = endsOfBatches(data.subarray(last.offset, last.offset + last.size));
  return { logStart, highWatermark, base: first.base, next: last.next, leaderEpoch: ends.leaderEpoch };
}
