import type { TopicId } from '../../../model/ids.js';
import type { TopicConfigs } from '../../../model/topic-config.js';
import type { Kind } from './kind.js';
import { decodeTopicId, encodeTopicId } from './topic-id.js';

/** All that was set for a topic, by Kafka's names: it replaces what was set before. Bytes: id 16 · u32, key and value each sized. */
export interface TopicConfigsSet {
  readonly type: 'topic-configs-set';
  readonly topicId: TopicId;
  readonly configs: TopicConfigs;
}

export const topicConfigsSet: Kind<TopicConfigsSet> = {
  kind: 5,
  encode({ topicId, configs }, fields) {
    encodeTopicId(topicId, fields);
    const entries = Object.entries(configs).sort(([a], [b]) => (a < b ? -1 : 1));
    fields.u32(entries.length);
    for (const [key, value] of entries) fields.text(key).text(value);
  },
  decode(fields) {
    const topicId = decodeTopicId(fields);
    const entries = fields.list(() => [fields.text(), fields.text()] as const);
    return { type: 'topic-configs-set', topicId, configs: Object.fromEntries(entries) };
  },
};
