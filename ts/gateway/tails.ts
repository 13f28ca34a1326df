import type { Failure, PartitionDescription, PartitionEnds, Tail } from '../model/ports.js';
import type { Result } from '../model/result.js';
import type { Served } from './routing.js';

/** Of so many sweeps each looks at its share of the log starts. */
const sharesCount = 10;

/** Somebody who is told how a partition grows. */
export interface TailFollower {
  /** Once, maybe before `follow` returns: where the partition stands. Every tail continues from there. */
  onOpened(ends: Result<PartitionEnds, Failure>): void;
  onTail(tail: Tail): void;
}

/** One partition's watch, shared by everybody on this gateway. */
class TailWatch {
  readonly served: Served;
  readonly followers = new Set<TailFollower>();
  ends: PartitionEnds | undefined;
  /** It outlives as many sweeps without followers. */
  sweepsLeft = 0;
  isOver = false;

  constructor(served: Served) {
    this.served = served;
  }
}

/** A port has one watcher for each partition and gateway: here everybody else shares it. */
export class Tails {
  readonly #watches = new Map<number, TailWatch>();
  #share = 0;

  get count(): number {
    return this.#watches.size;
  }

  /** Where a partition stands, if it is watched: as of the shard's last turn. */
  ends(served: Served): PartitionEnds | undefined {
    return this.#watches.get(keyOf(served))?.ends;
  }

  follow(served: Served, follower: TailFollower): void {
    const key = keyOf(served);
    const known = this.#watches.get(key);
    if (known !== undefined) {
      known.followers.add(follower);
      if (known.ends !== undefined) follower.onOpened({ ok: true, value: known.ends });
      return;
    }
    const watch = new TailWatch(served);
    watch.followers.add(follower);
    this.#watches.set(key, watch);
    served.calls.call<PartitionEnds>(
      (port, done) => port.watch(served.route.handle, (tail) => this.#onTail(watch, tail), done),
      (result) => this.#onOpened(key, watch, result),
    );
  }

  unfollow(served: Served, follower: TailFollower): void {
    const key = keyOf(served);
    const watch = this.#watches.get(key);
    if (watch?.followers.delete(follower) === true) this.#endIfUnused(key, watch);
  }

  /** As `unfollow`, for who will come back: until the sweep after next the watch goes on, and tells then whether anything is new. */
  pause(served: Served, follower: TailFollower): void {
    const watch = this.#watches.get(keyOf(served));
    if (watch?.followers.delete(follower) === true) watch.sweepsLeft = 2;
  }

  /** Once in a while. */
  sweep(): void {
    this.#share = (this.#share + 1) % sharesCount;
    for (const [key, watch] of this.#watches) {
      if (watch.sweepsLeft === 0) continue;
      watch.sweepsLeft -= 1;
      this.#endIfUnused(key, watch);
      if (!watch.isOver && watch.served.route.handle % sharesCount === this.#share) this.#lookAtLogStart(watch);
    }
  }

  /** No tail tells of it where nothing else is new, and who fetches is told what is known here. */
  #lookAtLogStart(watch: TailWatch): void {
    const { calls, route } = watch.served;
    calls.call<PartitionDescription>(
      (port, done) => port.describe(route.handle, done),
      (result) => {
        if (result.ok && watch.ends !== undefined) watch.ends = { ...watch.ends, logStart: result.value.logStart };
      },
    );
  }

  #endIfUnused(key: number, watch: TailWatch): void {
    // While it opens it is kept: the answer ends it, or finds a new follower.
    if (watch.followers.size === 0 && watch.sweepsLeft === 0 && watch.ends !== undefined) this.#end(key, watch);
  }

  #end(key: number, watch: TailWatch): void {
    watch.isOver = true;
    this.#watches.delete(key);
    watch.served.calls.port.unwatch(watch.served.route.handle);
  }

  #onOpened(key: number, watch: TailWatch, result: Result<PartitionEnds, Failure>): void {
    if (!result.ok) {
      watch.isOver = true;
      this.#watches.delete(key);
    } else {
      watch.ends = watch.ends ?? result.value;
      this.#endIfUnused(key, watch);
    }
    for (const follower of [...watch.followers]) follower.onOpened(result);
  }

  #onTail(watch: TailWatch, tail: Tail): void {
    if (watch.isOver) return;
    const isOpen = watch.ends !== undefined;
    watch.ends = { logStart: tail.logStart, highWatermark: tail.highWatermark };
    // A tail that overtook the answer to `watch` is in the ends that the answer then gives.
    if (isOpen) for (const follower of [...watch.followers]) follower.onTail(tail);
  }
}

/** No node has more shards. */
const shardsMax = 256;

// A number, as thousands of them are asked for in each fetch of a client that reads as many partitions.
function keyOf({ route }: Served): number {
  return route.handle * shardsMax + route.shard;
}
