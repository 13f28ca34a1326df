import { topicIdBytes } from '../../model/ids.js';
import type { Batches, CopyInto, PartitionEnds, TopicRoute } from '../../model/ports.js';
import { pushFrame } from '../../wire/proto/messages.js';
import type { Served } from '../routing.js';

/**
 * Puts what comes before batches and the batches behind one another, in memory that is used again: the library copies what it is
 * given before it returns. This is the one copy of ours on the way out.
 */
export class Framer {
  #memory: Uint8Array;
  readonly #copy: CopyInto;
  /** Bytes of batches, so far. */
  copiedSize = 0;
  readonly #ids = new WeakMap<TopicRoute, Uint8Array>();

  constructor(size: number, copy: CopyInto) {
    this.#copy = copy;
    this.#memory = new Uint8Array(size);
  }

  /** The message that pushes these batches. Valid until the next call. */
  push({ topic, route }: Served, batches: Batches, { highWatermark }: PartitionEnds): Uint8Array {
    const { base: baseOffset, next: nextOffset, leaderEpoch, size } = batches;
    const { partition } = route;
    const fields = { topicId: this.#idOf(topic), partition, baseOffset, nextOffset, leaderEpoch, highWatermark };
    return this.join(pushFrame(fields, size), batches);
  }

  join(head: Uint8Array, { parts, size }: Batches): Uint8Array {
    const total = head.length + size;
    // One larger than all others gets memory of its own: it shall not stay this large for ever.
    const target = total > this.#memory.length ? new Uint8Array(total) : this.#memory;
    target.set(head);
    this.copiedSize += size;
    let at = head.length;
    for (const part of parts) {
      this.#copy(target, at, part);
      at += part.length;
    }
    return target.subarray(0, total);
  }

  #idOf(topic: TopicRoute): Uint8Array {
    let bytes = this.#ids.get(topic);
    if (bytes === undefined) {
      bytes = topicIdBytes(topic.topicId);
      this.#ids.set(topic, bytes);
    }
    return bytes;
  }
}
