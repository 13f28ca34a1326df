import type { TopicId } from '../model/ids.js';
import type { ShardEnd } from '../ring/link/shard-end.js';

export interface PartitionStart {
  readonly handle: number;
  readonly topicId: TopicId;
  readonly index: number;
  readonly leaderEpoch: number;
  readonly logStart: number;
  readonly highWatermark: number;
}

/** One partition that this shard leads. Lives on: the shard's thread. */
export class Partition {
  readonly handle: number;
  readonly topicId: TopicId;
  readonly index: number;
  leaderEpoch: number;
  logStart: number;
  /** The replica set is this node: what is stable here is visible. */
  #highWatermark: number;
  /** Gateways that want to be told, and up to where each was. */
  readonly #watchers = new Map<ShardEnd, number>();

  constructor({ handle, topicId, index, leaderEpoch, logStart, highWatermark }: PartitionStart) {
    this.handle = handle;
    this.topicId = topicId;
    this.index = index;
    this.leaderEpoch = leaderEpoch;
    this.logStart = logStart;
    this.#highWatermark = highWatermark;
  }

  get highWatermark(): number {
    return this.#highWatermark;
  }

  /** True: it has moved, and somebody wants to know. A duplicate's acknowledgement tells of an older end. */
  advance(end: number): boolean {
    if (end <= this.#highWatermark) return false;
    this.#highWatermark = end;
    return this.#watchers.size > 0;
  }

  /** Again, if the end of an earlier watch found no room in the gateway's ring before it was not wanted any more. */
  watch(gateway: ShardEnd): void {
    this.#watchers.set(gateway, this.#highWatermark);
  }

  unwatch(gateway: ShardEnd): void {
    this.#watchers.delete(gateway);
  }

  /** It is served here no more. */
  forget(): void {
    this.#watchers.clear();
  }

  /** Those who have not been told of the high watermark, with the offset up to which they were. */
  *behind(): Generator<readonly [gateway: ShardEnd, from: number], void> {
    for (const [gateway, from] of this.#watchers) if (from < this.#highWatermark) yield [gateway, from];
  }

  told(gateway: ShardEnd): void {
    this.#watchers.set(gateway, this.#highWatermark);
  }
}
