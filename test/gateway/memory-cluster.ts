import type { TopicId } from '../../ts/model/ids.js';
import type {
  CivilClock,
  ClusterCommands,
  ClusterView,
  ClusterWatch,
  ConfigChange,
  Failure,
  NewTopic,
  TopicRoute,
} from '../../ts/model/ports.js';
import { produceRulesOf } from '../../ts/model/produce-rules.js';
import { failed, ok, type Result } from '../../ts/model/result.js';
import type { TopicConfigs } from '../../ts/model/topic-config.js';

// A cluster of one node in memory, for tests.

type Changed = readonly { readonly name: string; readonly topicId: TopicId }[];

export class MemoryCluster implements ClusterCommands, ClusterWatch {
  readonly topics = new Map<string, TopicRoute>();
  readonly configs = new Map<string, Record<string, string>>();
  autoCreateTopics = true;
  shards = 1;
  #topicNumber = 0;
  #handles = 0;
  #producers = 0;
  readonly #callbacks: ((changed: Changed) => void)[] = [];

  get view(): ClusterView {
    return {
      clusterId: 'test-cluster',
      nodeId: 1,
      nodes: [{ nodeId: 1, gateway: '127.0.0.1:9080' }],
      autoCreateTopics: this.autoCreateTopics,
      topic: (name) => this.topics.get(name),
      topicById: (id) => [...this.topics.values()].find(({ topicId }) => topicId === id),
      topics: () => this.topics.values(),
      configsOf: (name): TopicConfigs | undefined => this.configs.get(name),
    };
  }

  onChange(callback: (changed: Changed) => void): void {
    this.#callbacks.push(callback);
  }

  add(name: string, partitions: number, durability: TopicRoute['durability'] = 'fsync', configs: TopicConfigs = {}): TopicRoute {
    this.#topicNumber += 1;
    const topicId = this.#topicNumber.toString(16).padStart(32, '0') as TopicId;
    const topic = this.#route(
      {
        topicId,
        name,
        durability,
        batchSizeMax: 1 << 20,
        isLogAppendTime: false,
        rules: produceRulesOf(configs),
        partitions: [],
      },
      partitions,
    );
    this.configs.set(name, { ...configs });
    return topic;
  }

  #route(topic: TopicRoute, count: number): TopicRoute {
    const added = Array.from({ length: count - topic.partitions.length }, (_, index) => ({
      topicId: topic.topicId,
      partition: topic.partitions.length + index,
      shard: this.#handles % this.shards,
      handle: this.#handles++,
      leaderEpoch: 1,
    }));
    const made = { ...topic, partitions: [...topic.partitions, ...added] };
    this.topics.set(topic.name, made);
    this.#tell(made);
    return made;
  }

  remove(name: string): TopicRoute | undefined {
    const topic = this.topics.get(name);
    this.topics.delete(name);
    if (topic !== undefined) this.#tell(topic);
    return topic;
  }

  /** Deleted and created again, with one change to the view. */
  recreate(name: string, partitions: number): void {
    this.topics.delete(name);
    this.add(name, partitions);
  }

  grow(name: string, partitions: number): void {
    const topic = this.topics.get(name);
    if (topic !== undefined) this.#route(topic, partitions);
  }

  #tell({ name, topicId }: TopicRoute): void {
    for (const callback of this.#callbacks) callback([{ name, topicId }]);
  }

  async createTopic(topic: NewTopic, validateOnly: boolean): Promise<Result<TopicRoute, Failure>> {
    await undefined;
    if (!/^[a-zA-Z0-9._-]{1,249}$/.test(topic.name)) return failed({ error: 'invalid-topic' });
    if (this.topics.has(topic.name)) return failed({ error: 'topic-exists' });
    if ('wrong' in topic.configs) return failed({ error: 'invalid-config' });
    if (validateOnly) {
      return ok({
        topicId: '0'.repeat(32) as TopicId,
        name: topic.name,
        durability: 'fsync',
        batchSizeMax: 1,
        isLogAppendTime: false,
        rules: produceRulesOf({}),
        partitions: [],
      });
    }
    const made = this.add(
      topic.name,
      topic.partitions ?? 1,
      topic.configs['durability'] === 'replicated' ? 'replicated' : 'fsync',
      topic.configs,
    );
    return ok(made);
  }

  createOffsetsTopic(): Promise<Result<TopicRoute, Failure>> {
    return this.createTopic({ name: '__consumer_offsets', configs: {} }, false);
  }

  async deleteTopic(name: string): Promise<Result<TopicId, Failure>> {
    await undefined;
    const topic = this.remove(name);
    return topic === undefined ? failed({ error: 'unknown-topic' }) : ok(topic.topicId);
  }

  async addPartitions(name: string, partitions: number, validateOnly: boolean): Promise<Result<TopicRoute, Failure>> {
    await undefined;
    const topic = this.topics.get(name);
    if (topic === undefined) return failed({ error: 'unknown-topic' });
    if (partitions <= topic.partitions.length) return failed({ error: 'invalid-partitions' });
    return ok(validateOnly ? topic : this.#route(topic, partitions));
  }

  async alterTopic(name: string, change: ConfigChange, validateOnly: boolean): Promise<Result<void, Failure>> {
    await undefined;
    const configs = this.configs.get(name);
    if (configs === undefined) return failed({ error: 'unknown-topic' });
    if (!validateOnly) this.configs.set(name, { ...configs, ...change.set });
    return ok(undefined);
  }

  async allocateProducer() {
    await undefined;
    this.#producers += 1;
    return ok({ producerId: this.#producers, producerEpoch: 0 });
  }
}

/** Time that a test moves. */
export class ManualClock implements CivilClock {
  nowMs = 0;
  readonly #timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();

  monotonicMs(): number {
    return this.nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.nowMs;
  }

  civilMs(): number {
    return this.wallMs();
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.nowMs + delayMs, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  get timers(): number {
    return this.#timers.size;
  }

  advance(byMs: number): void {
    const end = this.nowMs + byMs;
    for (;;) {
      const next = [...this.#timers].filter(({ atMs }) => atMs <= end).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#timers.delete(next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.callback();
    }
    this.nowMs = end;
  }
}
