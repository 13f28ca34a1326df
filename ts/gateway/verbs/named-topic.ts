import type { ErrorName } from '../../model/errors.js';
import type { TopicId } from '../../model/ids.js';
import type { TopicRoute } from '../../model/ports.js';
import type { Routing } from '../routing.js';

/** As a request names it: by its id, where it has one. */
export interface NamedTopic {
  readonly name: string;
  readonly topicId: TopicId | undefined;
}

export function topicNamed({ view }: Routing, { name, topicId }: NamedTopic): TopicRoute | undefined {
  return topicId === undefined ? view.topic(name) : view.topicById(topicId);
}

/** Why a partition of it cannot be spoken of. */
export function absence(
  topic: TopicRoute | undefined,
  { topicId }: NamedTopic,
  partition: number,
): Extract<ErrorName, 'unknown-topic' | 'stale-topic-id' | 'unknown-partition'> | undefined {
  if (topic === undefined) return topicId === undefined ? 'unknown-topic' : 'stale-topic-id';
  return partition >= 0 && partition < topic.partitions.length ? undefined : 'unknown-partition';
}
