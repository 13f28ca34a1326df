import type { HostAnswer } from '../model/assignment.js';
import type { TopicId } from '../model/ids.js';
import type { ClusterView, PartitionRoute, TopicRoute } from '../model/ports.js';
import { produceRulesOf } from '../model/produce-rules.js';
import type { TopicConfigs } from '../model/topic-config.js';
import { shardOf } from './assignments/shard-of.js';
import type { TopicImage } from './metadata/image.js';

/** Where shards serve partitions, as they told: by topic, by partition. */
export type Answers = ReadonlyMap<TopicId, ReadonlyMap<number, HostAnswer>>;

/** The handle of a partition that its shard could not take, or that is not there yet. */
const noHandle = -1;

export interface ViewedTopic {
  readonly route: TopicRoute;
  readonly configs: TopicConfigs;
}

/** What changed in the view. Plain values: it crosses to the gateways' threads as it is. */
export interface ViewChange {
  /** Counts up; a gateway answers with it when it routes by the change. */
  readonly version: number;
  readonly clusterId: string;
  readonly changed: readonly ViewedTopic[];
  readonly removed: readonly { readonly topicId: TopicId; readonly name: string }[];
}

export function routeOf(topic: TopicImage, answers: Answers, shardsCount: number): TopicRoute {
  const { topicId, name, settings } = topic;
  const known = answers.get(topicId);
  const partitions = topic.partitions.map(({ leaderEpoch }, partition): PartitionRoute => {
    const answer = known?.get(partition);
    const place = { topicId, partition, shard: shardOf(topicId, partition, shardsCount), leaderEpoch };
    if (answer === undefined) return { ...place, handle: noHandle };
    return 'handle' in answer ? { ...place, handle: answer.handle } : { ...place, handle: noHandle, unserved: answer.failure };
  });
  const { durability, batchSizeMax, isLogAppendTime } = settings;
  return { topicId, name, durability, batchSizeMax, isLogAppendTime, rules: produceRulesOf(topic.configs), partitions };
}

export interface ViewFacts {
  readonly nodeId: number;
  readonly nodes: readonly { readonly nodeId: number; readonly gateway: string }[];
  readonly autoCreateTopics: boolean;
}

/** The cluster as a gateway sees it, kept by the changes that the controller publishes. One on each gateway's thread. */
export class View implements ClusterView {
  readonly nodeId: number;
  readonly nodes: readonly { readonly nodeId: number; readonly gateway: string }[];
  readonly autoCreateTopics: boolean;
  clusterId = '';
  readonly #byId = new Map<TopicId, ViewedTopic>();
  readonly #byName = new Map<string, ViewedTopic>();

  constructor({ nodeId, nodes, autoCreateTopics }: ViewFacts) {
    this.nodeId = nodeId;
    this.nodes = nodes;
    this.autoCreateTopics = autoCreateTopics;
  }

  /** The names and ids of topics that came, changed or went. */
  apply({ clusterId, changed, removed }: ViewChange): readonly { readonly name: string; readonly topicId: TopicId }[] {
    this.clusterId = clusterId;
    for (const { topicId, name } of removed) {
      this.#byId.delete(topicId);
      // Another topic may have the name by now.
      if (this.#byName.get(name)?.route.topicId === topicId) this.#byName.delete(name);
    }
    for (const topic of changed) {
      this.#byId.set(topic.route.topicId, topic);
      this.#byName.set(topic.route.name, topic);
    }
    return [...removed, ...changed.map(({ route: { name, topicId } }) => ({ name, topicId }))];
  }

  topic(name: string): TopicRoute | undefined {
    return this.#byName.get(name)?.route;
  }

  topicById(id: TopicId): TopicRoute | undefined {
    return this.#byId.get(id)?.route;
  }

  *topics(): Iterable<TopicRoute> {
    for (const { route } of this.#byId.values()) yield route;
  }

  configsOf(name: string): TopicConfigs | undefined {
    return this.#byName.get(name)?.configs;
  }
}
