import type { TopicId } from '../../model/ids.js';
import type { Offset } from '../../model/offset.js';
import type { Batches, Failure, PartitionEnds } from '../../model/ports.js';
import type { Deadlines } from '../deadlines.js';
import type { Served } from '../routing.js';
import type { Divergence } from '../verbs/start.js';
import type { Feed } from './feed.js';
import type { Outflow } from './outflow.js';
import type { Turns } from './turns.js';

/** What the readers of all subscriptions share. */
export interface SubscriptionsPorts {
  readonly outflow: Outflow;
  readonly turns: Turns;
  readonly deadlines: Deadlines;
  readonly frameSizeMax: number;
  frame(served: Served, batches: Batches, ends: PartitionEnds): Uint8Array;
  /** Opens the partition's feed, or finds it. Whoever attaches to it gives it back. */
  acquire(served: Served): Feed;
  release(feed: Feed): void;
  /** Bytes that one subscriber got by reading. */
  countCaughtUp(size: number): void;
}

/** What a subscriber must be told besides batches. */
export interface SubscriberEvent {
  readonly subscriptionId: number;
  readonly topicId: TopicId;
  readonly partition: number;
  readonly what:
    | Divergence
    | { readonly kind: 'renewed'; readonly topicId: TopicId; readonly offset: Offset }
    | { readonly kind: 'added'; readonly offset: Offset }
    | { readonly kind: 'deleted' }
    | { readonly kind: 'failed'; readonly failure: Failure };
}
