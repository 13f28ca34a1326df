import type { ShardAssignment } from '../../model/assignment.js';

interface Numbered {
  readonly number: number;
  readonly assignment: ShardAssignment;
}

/**
 * Assignments on their way to shards, one at a time for each: a shard that still changes a partition refuses to change it again.
 * Bounded by the changes that may be open at once.
 */
export class Outbox {
  readonly #send: (number: number, assignment: ShardAssignment) => void;
  /** By shard; the first one is with the shard. */
  readonly #queues = new Map<number, Numbered[]>();

  constructor(send: (number: number, assignment: ShardAssignment) => void) {
    this.#send = send;
  }

  add(number: number, assignment: ShardAssignment): void {
    const queue = this.#queues.get(assignment.shard) ?? [];
    this.#queues.set(assignment.shard, queue);
    queue.push({ number, assignment });
    if (queue.length === 1) this.#send(number, assignment);
  }

  /** The shard is done with this one. */
  done(number: number, shard: number): void {
    const queue = this.#queues.get(shard);
    if (queue?.[0]?.number !== number) return;
    queue.shift();
    const next = queue[0];
    if (next !== undefined) this.#send(next.number, next.assignment);
  }

  /** Nothing more is sent. */
  clear(): void {
    this.#queues.clear();
  }
}
