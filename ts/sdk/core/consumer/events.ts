import type { MillraceError } from '../errors.js';

interface OfPartition {
  readonly topic: string;
  readonly partition: number;
}

/** What a reader has to know, told in order: after the records before it, before those behind it. */
export type ConsumerEvent =
  /** Records between the wanted offset and this one are gone: retention or deletion took them. */
  | (OfPartition & { readonly type: 'history-lost'; readonly wantedOffset: number; readonly offset: number })
  /** The log was cut below what was read, and went on differently: what was read from `offset` on is no more. */
  | (OfPartition & { readonly type: 'truncated'; readonly wantedOffset: number; readonly offset: number })
  /** The topic was deleted and created anew: what follows has nothing to do with what came. */
  | (OfPartition & { readonly type: 'topic-recreated'; readonly topicId: string; readonly offset: number })
  /** The topic was deleted: nothing comes of it any more. */
  | (OfPartition & { readonly type: 'topic-deleted' })
  | (OfPartition & { readonly type: 'partition-added'; readonly offset: number })
  /** The server stopped pushing this partition; it is asked again. */
  | (OfPartition & { readonly type: 'partition-failed'; readonly error: MillraceError });
