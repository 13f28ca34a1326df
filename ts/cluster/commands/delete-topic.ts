import type { TopicId } from '../../model/ids.js';
import { failed, ok } from '../../model/result.js';
import type { Image } from '../metadata/image.js';
import type { Decision } from './decision.js';
import { clientTopicOfName } from './topic-of-name.js';

export interface DeleteTopic {
  readonly name: string;
  /** Another topic may have the name by now. */
  readonly topicId?: TopicId | undefined;
}

export function deleteTopic(image: Image, request: DeleteTopic): Decision<{ readonly topicId: TopicId }> {
  const topic = clientTopicOfName(image, request.name);
  if (!topic.ok) return topic;
  const { topicId } = topic.value;
  if (request.topicId !== undefined && request.topicId !== topicId) return failed({ error: 'stale-topic-id' });
  return ok({ records: [{ type: 'topic-deleted', topicId }], answer: { topicId } });
}
