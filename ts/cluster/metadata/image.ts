import type { TopicId } from '../../model/ids.js';
import type { TopicConfigs } from '../../model/topic-config.js';
import type { CompleteSettings } from '../../model/topic-settings.js';
import type { Placement } from './records/partitions-placed.js';

/** What one topic is. Replaced as a whole when anything of it changes. */
export interface TopicImage {
  readonly topicId: TopicId;
  readonly name: string;
  /** What was set for it. */
  readonly configs: TopicConfigs;
  /** What that comes to for its log, as recovery will read it. */
  readonly settings: CompleteSettings;
  readonly partitions: readonly Placement[];
}

/** Everything the cluster has agreed on, up to one place in the metadata log. Never changed, only replaced. */
export interface Image {
  /** Undefined until the first broker of the cluster has started. */
  readonly clusterId: string | undefined;
  readonly topics: ReadonlyMap<TopicId, TopicImage>;
  readonly byName: ReadonlyMap<string, TopicImage>;
  /** Names with "." or "_", by what they are with "_" alone: two that meet there are too alike. */
  readonly alike: ReadonlyMap<string, ReadonlySet<string>>;
  /** Ids that never come back, with the names they had. */
  readonly deleted: ReadonlyMap<TopicId, string>;
  /** Of all topics. */
  readonly partitionsCount: number;
  /** Below it a producer id may be somebody's. */
  readonly producerIdsEnd: number;
  /** How often each node has started. */
  readonly nodes: ReadonlyMap<number, number>;
}

export const emptyImage: Image = {
  clusterId: undefined,
  topics: new Map(),
  byName: new Map(),
  alike: new Map(),
  deleted: new Map(),
  partitionsCount: 0,
  producerIdsEnd: 0,
  nodes: new Map(),
};

/** What a name is likened by; undefined: no other name is like it. */
export function likenessOf(name: string): string | undefined {
  return /[._]/.test(name) ? name.replaceAll('.', '_') : undefined;
}
