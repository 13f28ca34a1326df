import type { TopicId } from '../model/ids.js';
import type { ClusterView, ClusterWatch, TopicRoute } from '../model/ports.js';
import type { TopicConfigs } from '../model/topic-config.js';
import type { RoutedTopic, RouteUpdate } from './messages.js';

type Changed = readonly { readonly name: string; readonly topicId: TopicId }[];

export interface NodeFacts {
  readonly clusterId: string;
  readonly nodeId: number;
  readonly nodes: readonly { readonly nodeId: number; readonly gateway: string }[];
  readonly autoCreateTopics: boolean;
}

class View implements ClusterView {
  readonly clusterId: string;
  readonly nodeId: number;
  readonly nodes: NodeFacts['nodes'];
  readonly autoCreateTopics: boolean;
  readonly #byName: ReadonlyMap<string, RoutedTopic>;
  readonly #byId: ReadonlyMap<TopicId, RoutedTopic>;

  constructor(facts: NodeFacts, byName: ReadonlyMap<string, RoutedTopic>, byId: ReadonlyMap<TopicId, RoutedTopic>) {
    this.clusterId = facts.clusterId;
    this.nodeId = facts.nodeId;
    this.nodes = facts.nodes;
    this.autoCreateTopics = facts.autoCreateTopics;
    this.#byName = byName;
    this.#byId = byId;
  }

  topic(name: string): TopicRoute | undefined {
    return this.#byName.get(name)?.route;
  }

  topicById(id: TopicId): TopicRoute | undefined {
    return this.#byId.get(id)?.route;
  }

  *topics(): Generator<TopicRoute, void> {
    for (const { route } of this.#byName.values()) yield route;
  }

  configsOf(name: string): TopicConfigs | undefined {
    return this.#byName.get(name)?.configs;
  }
}

/** The routes of one gateway thread, as the cluster thread tells them. */
export class RouteTable implements ClusterWatch {
  readonly #facts: NodeFacts;
  readonly #byName = new Map<string, RoutedTopic>();
  readonly #byId = new Map<TopicId, RoutedTopic>();
  readonly #callbacks: ((changed: Changed) => void)[] = [];
  view: ClusterView;

  constructor(facts: NodeFacts) {
    this.#facts = facts;
    this.view = new View(facts, this.#byName, this.#byId);
  }

  onChange(callback: (changed: Changed) => void): void {
    this.#callbacks.push(callback);
  }

  /** A topic that was deleted and created again is in both lists: the old one goes first. */
  apply({ topics, removed }: RouteUpdate): void {
    for (const { name, topicId } of removed) {
      this.#byId.delete(topicId);
      if (this.#byName.get(name)?.route.topicId === topicId) this.#byName.delete(name);
    }
    for (const topic of topics) {
      this.#byId.set(topic.route.topicId, topic);
      this.#byName.set(topic.route.name, topic);
    }
    this.view = new View(this.#facts, this.#byName, this.#byId);
    const changed = [...removed, ...topics.map(({ route: { name, topicId } }) => ({ name, topicId }))];
    for (const callback of this.#callbacks) callback(changed);
  }
}
