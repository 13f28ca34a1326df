import type { Position } from './positions.js';
import type { From } from './start.js';

/** One partition that is read: what has come, and how far the application is. */
export class PartitionReader {
  readonly topic: string;
  readonly partition: number;
  /** Where it begins while nothing has come. */
  from: From;
  /** Behind what has come: where a new subscription goes on. */
  received: Position | undefined;
  /** Behind what the application has. */
  delivered: Position | undefined;
  isPaused = false;
  /** Pushes of the present subscription are of no use: it is about to be replaced. */
  isStale = false;
  generation = 0;

  constructor(topic: string, partition: number, from: From, position?: Position) {
    this.topic = topic;
    this.partition = partition;
    this.from = from;
    this.received = position;
    this.delivered = position;
  }
}
