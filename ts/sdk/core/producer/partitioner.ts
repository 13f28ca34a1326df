import { partitionOfKey } from '../../../wire/records/murmur2.js';
import type { Chance } from '../clock.js';
import { invalidArgument } from '../errors.js';

/** Chooses a partition for a record that names none. */
export type Partitioner = (
  record: { readonly topic: string; readonly key: Uint8Array | null },
  partitionsCount: number,
) => number;

/**
 * The default: a key always goes to the same partition, the one that Kafka's clients choose. Records without a key fill one batch
 * after the other, each on the next partition, so that batches are large where records are few.
 */
export class StickyRotation {
  readonly #byTopic = new Map<string, number>();
  readonly #chance: Chance;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  choose(topic: string, key: Uint8Array | null, partitionsCount: number): number {
    if (key !== null) return partitionOfKey(key, partitionsCount);
    const present = this.#byTopic.get(topic);
    if (present !== undefined && present < partitionsCount) return present;
    const first = Math.floor(this.#chance() * partitionsCount);
    this.#byTopic.set(topic, first);
    return first;
  }

  /** A batch of this topic is closed: records without a key go on to the next partition. */
  turn(topic: string, partition: number, partitionsCount: number): void {
    if (this.#byTopic.get(topic) === partition) this.#byTopic.set(topic, (partition + 1) % partitionsCount);
  }
}

export function checkedPartition(partition: number, topic: string, partitionsCount: number): number {
  if (Number.isInteger(partition) && partition >= 0 && partition < partitionsCount) return partition;
  throw invalidArgument(`topic ${topic} has no partition ${partition}: it has ${partitionsCount}`);
}
