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
  #size = 0;

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

  /** What it takes of memory, roughly. */
  get size(): number {
    return this.#size;
  }

  /** Nothing is left that a replay would find. */
  get isEmpty(): boolean {
    return this.#metadata === undefined && this.#offsetsCount === 0;
  }

  offset(topic: string, partition: number): CommittedOffset | undefined {
    return this.#offsets.get(topic)?.get(partition);
  }

  apply(record: GroupRecord): void {
    if (record.kind === 'group') this.#describe(record.metadata);
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

  #describe(metadata: GroupMetadata | undefined): void {
    this.#size += metadataSize(metadata) - metadataSize(this.#metadata);
    this.#metadata = metadata;
  }

  #set(topic: string, partition: number, committed: CommittedOffset): void {
    let partitions = this.#offsets.get(topic);
    if (partitions === undefined) {
      partitions = new Map();
      this.#offsets.set(topic, partitions);
    }
    const before = partitions.get(partition);
    if (before === undefined) this.#offsetsCount += 1;
    this.#size += offsetSize(committed) - offsetSize(before);
    partitions.set(partition, committed);
  }

  #delete(topic: string, partition: number): void {
    const partitions = this.#offsets.get(topic);
    const before = partitions?.get(partition);
    if (partitions === undefined || before === undefined) return;
    partitions.delete(partition);
    this.#size -= offsetSize(before);
    this.#offsetsCount -= 1;
    if (partitions.size === 0) this.#offsets.delete(topic);
  }
}

const entrySize = 128;

function offsetSize(committed: CommittedOffset | undefined): number {
  return committed === undefined ? 0 : entrySize + committed.metadata.length;
}

function metadataSize(metadata: GroupMetadata | undefined): number {
  if (metadata === undefined) return 0;
  return metadata.members.reduce(
    (size, { subscription, assignment }) => size + entrySize + subscription.length + assignment.length,
    entrySize,
  );
}
