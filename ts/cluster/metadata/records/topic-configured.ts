import type { TopicId } from '../../../model/ids.js';
import type { CompleteSettings } from '../../../model/topic-settings.js';
import type { Kind } from './kind.js';
import { decodeSettings, encodeSettings } from './settings.js';
import { decodeTopicId, encodeTopicId } from './topic-id.js';

/**
 * What a topic's configs come to for its log. Recovery reads it too. A broker writes the configs right behind it; where they are
 * missing, `log append` made the change, and the configs follow from the settings. Bytes: id 16 · settings.
 */
export interface TopicConfigured {
  readonly type: 'topic-configured';
  readonly topicId: TopicId;
  readonly settings: CompleteSettings;
}

export const topicConfigured: Kind<TopicConfigured> = {
  kind: 3,
  encode({ topicId, settings }, fields) {
    encodeTopicId(topicId, fields);
    encodeSettings(settings, fields);
  },
  decode(fields) {
    return { type: 'topic-configured', topicId: decodeTopicId(fields), settings: decodeSettings(fields) };
  },
};
