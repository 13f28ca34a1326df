import type { TopicId } from '../../model/ids.js';
import { isInternalTopic } from '../../model/internal-topics.js';
import { failed, ok } from '../../model/result.js';
import { checkTopicConfigs, storedKey, type TopicConfigs, unknownConfig } from '../../model/topic-config.js';
import { settingsOf } from '../../model/topic-settings.js';
import type { Image } from '../metadata/image.js';
import type { ClusterDefaults, Decision } from './decision.js';
import { topicOfName } from './topic-of-name.js';

export interface AlterTopic {
  readonly name: string;
  readonly set: Readonly<Record<string, string>>;
  /** Back to the default. */
  readonly reset: readonly string[];
}

export function alterTopic(
  image: Image,
  request: AlterTopic,
  defaults: ClusterDefaults,
): Decision<{ readonly topicId: TopicId }> {
  const topic = topicOfName(image, request.name);
  if (!topic.ok) return topic;
  const fixed = isInternalTopic(request.name) ? [...Object.keys(request.set), ...request.reset].find(isFixed) : undefined;
  if (fixed !== undefined)
    return failed({ error: 'invalid-config', message: `${fixed} of ${request.name} is the cluster’s own affair` });
  const unknown = request.reset.find((name) => storedKey(name) === undefined);
  if (unknown !== undefined) return failed({ error: 'invalid-config', message: unknownConfig(unknown) });
  const set = checkTopicConfigs(request.set, defaults.configs);
  if (!set.ok) return failed({ error: 'invalid-config', message: set.error });
  const both = request.reset.find((name) => Object.hasOwn(set.value, storedKey(name) ?? name));
  if (both !== undefined) return failed({ error: 'invalid-config', message: `${both} is set and reset at once` });
  const { topicId, configs: known } = topic.value;
  const reset = new Set<string | undefined>(request.reset.map(storedKey));
  const kept = Object.entries(known).filter(([key]) => !reset.has(key));
  const configs = { ...Object.fromEntries(kept), ...set.value };
  if (areSame(configs, known)) return ok({ records: [], answer: { topicId } });
  return ok({
    records: [
      { type: 'topic-configured', topicId, settings: settingsOf(configs) },
      { type: 'topic-configs-set', topicId, configs },
    ],
    answer: { topicId },
  });
}

/** What an operator may choose for a topic of the cluster's own; anything else could lose what lies there, or keep more from coming. */
const free: ReadonlySet<string> = new Set(['flush.messages', 'segment.bytes', 'segment.ms', 'index.interval.bytes']);

function isFixed(name: string): boolean {
  return !free.has(storedKey(name) ?? name);
}

function areSame(a: TopicConfigs, b: TopicConfigs): boolean {
  return Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([key, value]) => b[key] === value);
}
