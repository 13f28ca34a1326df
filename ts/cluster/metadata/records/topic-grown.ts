import type { TopicId } from '../../../model/ids.js';
import type { Kind } from './kind.js';
import { decodeTopicId, encodeTopicId } from './topic-id.js';

/** A topic has at least so many partitions. Recovery reads it too. Bytes: id 16 · partitions u32. */
export interface TopicGrown {
  readonly type: 'topic-grown';
  readonly topicId: TopicId;
  readonly partitions: number;
}

export const topicGrown: Kind<TopicGrown> = {
  kind: 2,
  encode({ topicId, partitions }, fields) {
    encodeTopicId(topicId, fields);
    fields.u32(partitions);
  },
  decode(fields) {
    return { type: 'topic-grown', topicId: decodeTopicId(fields), partitions: fields.u32() };
  },
};
