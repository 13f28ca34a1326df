import type { TopicId } from '../../../model/ids.js';
import type { Kind } from './kind.js';
import { decodeTopicId, encodeTopicId } from './topic-id.js';

/** A topic is gone; its id never comes back. Recovery reads it too. Bytes: id 16. */
export interface TopicDeleted {
  readonly type: 'topic-deleted';
  readonly topicId: TopicId;
}

export const topicDeleted: Kind<TopicDeleted> = {
  kind: 4,
  encode({ topicId }, fields) {
    encodeTopicId(topicId, fields);
  },
  decode(fields) {
    return { type: 'topic-deleted', topicId: decodeTopicId(fields) };
  },
};
