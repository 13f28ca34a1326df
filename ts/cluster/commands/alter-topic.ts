import type { TopicId } from '../../model/ids.js';
import { isInternalTopic } from '../../model/internal-topics.js';
import { failed, ok, type Result } from '../../model/result.js';
import type { ConfigChange } from '../../model/topic-changes.js';
import {
  checkTopicConfigs,
  effectiveConfig,
  listOf,
  storedKey,
  type TopicConfigs,
  topicConfigs,
  topicConfigsConflict,
  unknownConfig,
} from '../../model/topic-config.js';
import { settingsOf } from '../../model/topic-settings.js';
import type { Image } from '../metadata/image.js';
import type { ClusterDefaults, Decision } from './decision.js';
import { topicOfName } from './topic-of-name.js';

export interface AlterTopic extends ConfigChange {
  readonly name: string;
}

export function alterTopic(
  image: Image,
  request: AlterTopic,
  defaults: ClusterDefaults,
): Decision<{ readonly topicId: TopicId }> {
  const topic = topicOfName(image, request.name);
  if (!topic.ok) return topic;
  const fixed = isInternalTopic(request.name) ? namesIn(request).find(isFixed) : undefined;
  if (fixed !== undefined || (isInternalTopic(request.name) && request.resetsOthers === true))
    return failed({ error: 'invalid-config', message: `${fixed ?? 'the whole'} of ${request.name} is the cluster’s own affair` });
  const { topicId, configs: known } = topic.value;
  const changed = changedConfigs(known, request, defaults);
  if (!changed.ok) return failed({ error: 'invalid-config', message: changed.error });
  const configs = changed.value;
  if (areSame(configs, known)) return ok({ records: [], answer: { topicId } });
  return ok({
    records: [
      { type: 'topic-configured', topicId, settings: settingsOf(configs) },
      { type: 'topic-configs-set', topicId, configs },
    ],
    answer: { topicId },
  });
}

function changedConfigs(known: TopicConfigs, change: ConfigChange, defaults: ClusterDefaults): Result<TopicConfigs, string> {
  const unknown = change.reset.find((name) => storedKey(name) === undefined);
  if (unknown !== undefined) return failed(unknownConfig(unknown));
  const lists = changedLists(known, change);
  if (!lists.ok) return lists;
  const set = checkTopicConfigs({ ...change.set, ...lists.value }, defaults.configs);
  if (!set.ok) return set;
  const both = change.reset.find((name) => Object.hasOwn(set.value, storedKey(name) ?? name));
  if (both !== undefined) return failed(`${both} is set and reset at once`);
  const reset = new Set<string | undefined>(change.reset.map(storedKey));
  const kept = change.resetsOthers === true ? [] : Object.entries(known).filter(([key]) => !reset.has(key));
  const configs = { ...Object.fromEntries(kept), ...set.value };
  const conflict = topicConfigsConflict(configs);
  return conflict === undefined ? ok(configs) : failed(conflict);
}

/** What lists come to: decided here, so that two who change one at the same time lose nothing. */
function changedLists(known: TopicConfigs, change: ConfigChange): Result<Readonly<Record<string, string>>, string> {
  const { set, append = {}, subtract = {} } = change;
  const changed: Record<string, string> = {};
  for (const name of [...Object.keys(append), ...Object.keys(subtract)]) {
    const key = storedKey(name);
    if (key === undefined) return failed(unknownConfig(name));
    if (name !== key || topicConfigs[key].type !== 'list') return failed(`${name} is no list: it is set as a whole`);
    if (Object.hasOwn(set, name) || Object.hasOwn(changed, name)) return failed(`${name} is changed twice`);
    const now = listOf(effectiveConfig(known, key));
    const added = (append[name] ?? []).filter((part) => !now.includes(part));
    const removed = new Set(subtract[name]);
    changed[name] = [...now.filter((part) => !removed.has(part)), ...added].join(',');
  }
  return ok(changed);
}

/** What an operator may choose for a topic of the cluster's own; anything else could lose what lies there, or keep more from coming. */
const free: ReadonlySet<string> = new Set(['flush.messages', 'segment.bytes', 'segment.ms', 'index.interval.bytes']);

function namesIn({ set, reset, append = {}, subtract = {} }: ConfigChange): readonly string[] {
  return [...Object.keys(set), ...reset, ...Object.keys(append), ...Object.keys(subtract)];
}

function isFixed(name: string): boolean {
  return !free.has(storedKey(name) ?? name);
}

function areSame(a: TopicConfigs, b: TopicConfigs): boolean {
  return Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([key, value]) => b[key] === value);
}
