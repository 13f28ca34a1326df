import type { TopicId } from '../../../model/ids.js';
import type { Failure } from '../../../model/ports.js';
import { failed, ok, type Result } from '../../../model/result.js';
import type { Routing } from '../../routing.js';

/** How a request names a topic: by name in older versions, by id in newer ones. */
export interface TopicName {
  readonly name: string;
  readonly topicId: TopicId;
  readonly isById: boolean;
}

/** Its name; one that is named is not looked for. */
export function topicIn(routing: Routing, { name, topicId, isById }: TopicName): Result<string, Failure> {
  if (!isById) return ok(name);
  const topic = routing.view.topicById(topicId);
  return topic === undefined ? failed({ error: 'stale-topic-id' }) : ok(topic.name);
}
