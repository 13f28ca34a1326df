import type { TopicId } from '../../../model/ids.js';
import type { CompleteSettings } from '../../../model/topic-settings.js';
import type { Kind } from './kind.js';
import { decodeSettings, encodeSettings } from './settings.js';
import { decodeTopicId, encodeTopicId } from './topic-id.js';

/** A topic is there. Recovery reads it too. Bytes: id 16 · partitions u32 · settings · name u32 + UTF-8. */
export interface TopicCreated {
  readonly type: 'topic-created';
  readonly topicId: TopicId;
  readonly name: string;
  readonly partitions: number;
  readonly settings: CompleteSettings;
}

export const topicCreated: Kind<TopicCreated> = {
  kind: 1,
  encode({ topicId, name, partitions, settings }, fields) {
    encodeTopicId(topicId, fields);
    fields.u32(partitions);
    encodeSettings(settings, fields);
    fields.text(name);
  },
  decode(fields) {
    const topicId = decodeTopicId(fields);
    const partitions = fields.u32();
    const settings = decodeSettings(fields);
    return { type: 'topic-created', topicId, partitions, settings, name: fields.text() };
  },
};
