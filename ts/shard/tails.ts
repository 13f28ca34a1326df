import type { LogStore, Tail, WantedTail } from '../native/log.js';
import { slicesMax } from '../ring/link/layout.js';
import type { ShardEnd } from '../ring/link/shard-end.js';
import type { Partition } from './partition.js';
import { headOf } from './reads.js';

/** Of one notice. A gateway that is further behind reads by offset. */
const noticeSizeMax = 4 << 20;

/** A partition of which some gateways have not been told, all of them up to the same offset. */
interface Behind extends WantedTail {
  readonly partition: Partition;
  readonly gateways: ShardEnd[];
}

/** Tells gateways of partitions whose high watermark has moved: once per turn, with the batches if they are in memory. */
export class Tails {
  readonly #store: LogStore;
  readonly #rings: readonly Uint8Array[];
  readonly #behind = new Set<Partition>();

  constructor(store: LogStore, rings: readonly Uint8Array[]) {
    this.#store = store;
    this.#rings = rings;
  }

  isBehind(partition: Partition): void {
    this.#behind.add(partition);
  }

  tell(): void {
    if (this.#behind.size === 0) return;
    const wanted: Behind[] = [];
    for (const partition of this.#behind) addGroups(wanted, partition);
    this.#store.readTails(wanted, (one, tail) => this.#tell(one as Behind, tail));
    for (const partition of this.#behind) {
      // Who had no room in its ring is told in a later turn: the ring wakes this thread.
      if (partition.behind().next().done === true) this.#behind.delete(partition);
    }
  }

  #tell({ partition, gateways }: Behind, tail: Tail | undefined): void {
    if (tail === undefined) {
      partition.forget();
      return;
    }
    partition.logStart = tail.logStart;
    const isAll = tail.slices.length <= slicesMax && tail.slices.at(-1)?.next === partition.highWatermark;
    const slices = isAll ? tail.slices : [];
    const head = headOf(partition, slices, this.#rings);
    for (const gateway of gateways) {
      if (gateway.tail(partition.handle, head, slices)) partition.told(gateway);
    }
  }
}

/** One group for each offset up to which gateways were told: nearly always one. */
function addGroups(groups: Behind[], partition: Partition): void {
  const own = groups.length;
  for (const [gateway, from] of partition.behind()) {
    let index = own;
    while (index < groups.length && groups[index]?.from !== from) index++;
    if (index < groups.length) groups[index]?.gateways.push(gateway);
    else groups.push({ handle: partition.handle, from, sizeMax: noticeSizeMax, partition, gateways: [gateway] });
  }
}
