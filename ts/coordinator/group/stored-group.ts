import type { CommittedOffset } from '../../model/group-requests.js';
import type { GroupMetadata } from '../records/group-metadata.js';
import type { GroupRecord } from '../records/record.js';

/**
 * What of a group its records hold: what a crash leaves. A live group carries its own along and changes it by its records alone,
 * through the same function as a replay, so that the two cannot drift apart.
 */
export class StoredGroup {
  readonly groupId: string;
  #metadata: GroupMetadata | undefined;
  readonly #offsets = new Map<string, Map<number, CommittedOffset>>();
  #offsetsCount = 0;

  constructor(groupId: string) {
    this.groupId = groupId;
  }

  get metadata(): GroupMetadata | undefined {
    return this.#metadata;
  }

  get offsets(): ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>> {
    return this.#offsets;
  }

  get offsetsCount(): number {
    return this.#offsetsCount;
  }

  /** Nothing is left that a replay would find. */
  get isEmpty(): boolean {
    return this.#metadata === undefined && this.#offsetsCount === 0;
  }

  offset(topic: string, partition: number): CommittedOffset | undefined {
    return this.#offsets.get(topic)?.get(partition);
  }

  apply(record: GroupRecord): void {
    if (record.kind === 'group') this.#metadata = record.metadata;
    else if (record.committed === undefined) this.#delete(record.topic, record.partition);
    else this.#set(record.topic, record.partition, record.committed);
  }

  /**
   * Records that make the same again; which of them there are is settled at the first, what each holds when it is taken. So they
   * can be written between others, in pieces: what changed meanwhile comes in its newer form, or not at all.
   */
  *snapshot(): Generator<GroupRecord> {
    const { groupId } = this;
    if (this.#metadata !== undefined) yield { kind: 'group', groupId, metadata: this.#metadata };
    for (const [topic, partition] of this.#keys()) {
      const committed = this.offset(topic, partition);
      if (committed !== undefined) yield { kind: 'offset', groupId, topic, partition, committed };
    }
  }

  /** What makes a replay forget it. */
  *tombstones(): Generator<GroupRecord> {
    const { groupId } = this;
    for (const [topic, partition] of this.#keys()) yield { kind: 'offset', groupId, topic, partition, committed: undefined };
    if (this.#metadata !== undefined) yield { kind: 'group', groupId, metadata: undefined };
  }

  #keys(): readonly (readonly [string, number])[] {
    return [...this.#offsets].flatMap(([topic, partitions]) => Array.from(partitions.keys(), (key) => [topic, key] as const));
  }

  #set(topic: string, partition: number, committed: CommittedOffset): void {
    let partitions = this.#offsets.get(topic);
    if (partitions === undefined) {
      partitions = new Map();
      this.#offsets.set(topic, partitions);
    }
    if (!partitions.has(partition)) this.#offsetsCount += 1;
    partitions.set(partition, committed);
  }

  #delete(topic: string, partition: number): void {
    const partitions = this.#offsets.get(topic);
    if (partitions?.delete(partition) !== true) return;
    this.#offsetsCount -= 1;
    if (partitions.size === 0) this.#offsets.delete(topic);
  }
}
