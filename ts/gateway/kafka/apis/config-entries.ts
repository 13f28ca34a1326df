import { assert } from '../../../model/assert.js';
import type { NodeSetting } from '../../../model/node-settings.js';
import {
  describeConfigs,
  isView,
  storedKey,
  type TopicConfigKey,
  type TopicConfigRow,
  type TopicConfigs,
  topicConfigs,
} from '../../../model/topic-config.js';

// Settings as Kafka's answers have them. None hides its value, and none of a topic can only be read.

/** Kafka's numbers. */
export const resourceType = { topic: 2, broker: 4, brokerLogger: 8, clientMetrics: 16, group: 32 } as const;
const source = { topic: 1, node: 4, default: 5 } as const;
const configType = { boolean: 1, string: 2, int: 3, long: 5, double: 6, list: 7 } as const;

interface Synonym {
  readonly name: string;
  readonly value: string | null;
  readonly source: number;
}

export interface ConfigEntry {
  readonly name: string;
  readonly value: string | null;
  readonly readOnly: boolean;
  readonly configSource: number;
  readonly isSensitive: boolean;
  /** Where the value would come from, and what it would be, were it not set here; the one that holds is the first. */
  readonly synonyms: readonly Synonym[];
  readonly configType: number;
  readonly documentation: string | null;
}

/**
 * All configs of a topic. Not among them is what only looks at another one, as `durability`: tools that write back all that they have
 * read would say one thing twice. Whoever asks for it by name is told.
 */
export function topicEntries(configs: TopicConfigs, asked: readonly string[] = []): readonly ConfigEntry[] {
  return describeConfigs(configs)
    .filter(({ name }) => !isView(name) || asked.includes(name))
    .map(({ name, value, source: from, doc }) => {
      const row: TopicConfigRow = topicConfigs[keyOf(name)];
      const isPlain = !isView(name);
      const { default: fallback, synonym = name } = row;
      const ofTopic = from === 'topic' ? [{ name, value, source: source.topic }] : [];
      const ofNode = isPlain ? [{ name: synonym, value: fallback, source: source.default }] : [];
      return {
        name,
        value,
        readOnly: false,
        configSource: source[from],
        isSensitive: false,
        synonyms: [...ofTopic, ...ofNode],
        configType: configType[isPlain && row.type !== 'choice' ? row.type : 'string'],
        documentation: doc,
      };
    });
}

function keyOf(name: string): TopicConfigKey {
  const key = storedKey(name);
  assert(key !== undefined, 'what is described has a row');
  return key;
}

/** Settings of a node are read when it starts. */
export function nodeEntries(settings: readonly NodeSetting[]): readonly ConfigEntry[] {
  return settings.map(({ name, value, isDefault, type, documentation }) => {
    const configSource = isDefault ? source.default : source.node;
    return {
      name,
      value,
      readOnly: true,
      configSource,
      isSensitive: false,
      synonyms: [{ name, value, source: configSource }],
      configType: configType[type],
      documentation,
    };
  });
}
