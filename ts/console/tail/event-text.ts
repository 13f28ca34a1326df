import { count } from '../format/numbers.js';

/** What the SDK tells of a subscription, as far as it is put in words here. */
export type TailEvent =
  | {
      readonly type: 'history-lost' | 'truncated';
      readonly partition: number;
      readonly wantedOffset: number;
      readonly offset: number;
    }
  | { readonly type: 'topic-recreated' | 'partition-added'; readonly partition: number; readonly offset: number }
  | { readonly type: 'topic-deleted'; readonly partition: number }
  | { readonly type: 'partition-failed'; readonly partition: number; readonly error: { readonly message: string } };

/** A sentence for whoever reads the list. */
export function eventText(event: TailEvent): string {
  const at = `Partition ${event.partition}`;
  switch (event.type) {
    case 'history-lost':
      return `${at}: offsets ${count(event.wantedOffset)} to ${count(event.offset - 1)} are gone (retention or deletion). It goes on at ${count(event.offset)}.`;
    case 'truncated':
      return `${at}: the log was cut at offset ${count(event.offset)}. What was shown from there on is no more.`;
    case 'topic-recreated':
      return `The topic was deleted and created anew. What follows has nothing to do with what came before.`;
    case 'topic-deleted':
      return `The topic was deleted.`;
    case 'partition-added':
      return `${at} was added to the topic.`;
    case 'partition-failed':
      return `${at} cannot be read at the moment, and is asked again: ${event.error.message}`;
  }
}
