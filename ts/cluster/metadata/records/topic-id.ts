import { type TopicId, topicIdBytes, topicIdOf } from '../../../model/ids.js';
import { BadField, type FieldReader, type FieldWriter } from './fields.js';

const topicIdSize = 16;

export function encodeTopicId(id: TopicId, fields: FieldWriter): void {
  fields.raw(topicIdBytes(id));
}

export function decodeTopicId(fields: FieldReader): TopicId {
  const id = topicIdOf(fields.raw(topicIdSize));
  if (id === undefined) throw new BadField('a topic id has 16 bytes');
  return id;
}
