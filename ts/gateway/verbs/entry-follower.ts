import type { Offset } from '../../model/offset.js';
import type { Failure, PartitionEnds, Tail } from '../../model/ports.js';
import type { Result } from '../../model/result.js';
import type { TailFollower } from '../tails.js';

export type OnArrived = (index: number, size: number, ends: PartitionEnds | undefined, held: Tail['held']) => void;

/** Hears for a fetch that waits how one of its partitions grows. */
export class EntryFollower implements TailFollower {
  readonly index: number;
  #seen: Offset;
  readonly #onArrived: OnArrived;

  constructor(index: number, seen: Offset, onArrived: OnArrived) {
    this.index = index;
    this.#seen = seen;
    this.#onArrived = onArrived;
  }

  onOpened(ends: Result<PartitionEnds, Failure>): void {
    // What came between the read and the watch, or a failure that the next pass tells.
    if (!ends.ok) this.#onArrived(this.index, Number.POSITIVE_INFINITY, undefined, undefined);
    else if (ends.value.highWatermark > this.#seen) this.#onArrived(this.index, Number.POSITIVE_INFINITY, ends.value, undefined);
  }

  onTail({ logStart, highWatermark, batches, held }: Tail): void {
    // A log that was cut is something new to its reader, too.
    const size = highWatermark < this.#seen ? Number.POSITIVE_INFINITY : (batches?.size ?? Number.POSITIVE_INFINITY);
    this.#seen = highWatermark;
    this.#onArrived(this.index, size, { logStart, highWatermark }, batches === undefined ? undefined : held);
  }
}
