import { topicIdOf } from '../../model/ids.js';
import { type AckedDurability, type ConfigSourceName, configSourceNamed, durabilityNamed } from '../../wire/proto/enums.js';
import type {
  DescribeNodeReply,
  PartitionDescription as WirePartition,
  TopicDescription as WireTopic,
} from '../../wire/proto/generated/messages.js';
import { type From, startAt } from './consumer/start.js';
import { type Context, retrying } from './context.js';
import { errorOf, type MillraceError, ProtocolError } from './errors.js';

export interface PartitionDescription {
  readonly partition: number;
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly inSyncReplicas: readonly number[];
}

export interface TopicDescription {
  readonly name: string;
  /** 32 hexadecimal digits; another one after delete and create. */
  readonly topicId: string;
  readonly durability: AckedDurability;
  readonly partitions: readonly PartitionDescription[];
}

/** The node that answers. */
export interface NodeDescription {
  readonly nodeId: number;
  readonly version: string;
  readonly uptimeMs: number;
  readonly isReady: boolean;
  /** Why not, if it is not; else whatever a person should know. */
  readonly reasons: readonly string[];
  readonly shards: number;
  readonly connections: number;
  readonly subscriptions: number;
  readonly dataSize: number;
  readonly diskFree: number;
}

export interface TopicConfig {
  readonly name: string;
  readonly value: string;
  readonly source: ConfigSourceName | undefined;
  readonly documentation: string;
  readonly isReadOnly: boolean;
}

export interface PartitionUsage {
  readonly partition: number;
  readonly logStartOffset: number;
  readonly highWatermark: number;
  readonly size: number;
  readonly segments: number;
}

export interface TopicDetails extends TopicDescription {
  readonly configs: readonly TopicConfig[];
  readonly usage: readonly PartitionUsage[];
}

export interface ListedOffset {
  readonly partition: number;
  readonly offset: number;
  /** Of the record that was found by time. */
  readonly timestamp: number | undefined;
  readonly error: MillraceError | undefined;
}

export interface NewTopic {
  /** Absent: the node's default. */
  readonly partitions?: number;
  readonly replicationFactor?: number;
  /** By Kafka's names, and `durability`. */
  readonly configs?: Readonly<Record<string, string>>;
  /** Everything is checked, nothing is created. */
  readonly validateOnly?: boolean;
}

export interface ClusterDescription {
  readonly clusterId: string;
  readonly controllerId: number;
  readonly nodes: readonly { readonly nodeId: number; readonly gateway: string }[];
  readonly topics: readonly TopicDescription[];
}

/** Questions are repeated where they get no answer; changes are not, as the first attempt may have happened. */
export class Admin {
  readonly #context: Context;
  readonly #timeoutMs: number;

  constructor(context: Context, timeoutMs: number) {
    this.#context = context;
    this.#timeoutMs = timeoutMs;
  }

  /** All nodes and topics. */
  async describeCluster(): Promise<ClusterDescription> {
    const reply = await this.#ask((ms) => this.#context.connection.call({ metadata: {} }, 'metadata', ms));
    const { clusterId, controllerId, nodes, topics } = reply;
    const known = nodes.map(({ nodeId, gateway }) => ({ nodeId, gateway }));
    return { clusterId, controllerId, nodes: known, topics: topics.map(topicOf) };
  }

  /** Those of the names that exist; without names all. */
  async listTopics(names: readonly string[] = []): Promise<readonly TopicDescription[]> {
    const { topics } = await this.#ask((ms) => this.#context.connection.call({ metadata: { topics: names } }, 'metadata', ms));
    return topics.map(topicOf);
  }

  /** A topic, which is created with the node's defaults if it is not there; undefined where the node does not do that. */
  async ensureTopic(name: string): Promise<TopicDescription | undefined> {
    const metadata = { topics: [name], createMissing: true };
    const { topics } = await this.#ask((ms) => this.#context.connection.call({ metadata }, 'metadata', ms));
    const [topic] = topics.map(topicOf);
    if (topic !== undefined) this.#context.fresh.add(name);
    return topic;
  }

  /** Its partitions, settings and sizes. That there is no such topic is an answer: it is not waited for. */
  async describeTopic(name: string): Promise<TopicDetails> {
    const { topic, configs, usage } = await this.#askAbout(name, (ms) =>
      this.#context.connection.call({ describeTopic: { name } }, 'describeTopic', ms),
    );
    const rows = configs.map(({ name: config, value, source, documentation, isReadOnly }) => {
      return { name: config, value, source: configSourceNamed(source), documentation, isReadOnly };
    });
    const used = usage.map(({ partition, logStartOffset, highWatermark, size, segments }) => {
      return { partition, logStartOffset, highWatermark, size, segments };
    });
    return { ...topicOf(present(topic)), configs: rows, usage: used };
  }

  async createTopic(name: string, topic: NewTopic = {}): Promise<TopicDescription> {
    const reply = await this.#context.connection.call({ createTopic: { name, ...topic } }, 'createTopic', this.#timeoutMs);
    if (topic.validateOnly !== true) this.#context.fresh.add(name);
    return topicOf(present(reply.topic));
  }

  async deleteTopic(name: string): Promise<void> {
    await this.#context.connection.call({ deleteTopic: { name } }, 'deleteTopic', this.#timeoutMs);
    this.#context.fresh.delete(name);
  }

  /** `partitions` is what the topic has in the end. */
  async addPartitions(name: string, partitions: number, { validateOnly = false } = {}): Promise<TopicDescription> {
    const body = { addPartitions: { name, partitions, validateOnly } };
    const reply = await this.#context.connection.call(body, 'addPartitions', this.#timeoutMs);
    return topicOf(present(reply.topic));
  }

  /** Settings by Kafka's names; null sets one back to its default. */
  async alterTopic(name: string, configs: Readonly<Record<string, string | null>>, { validateOnly = false } = {}): Promise<void> {
    const rows = Object.entries(configs);
    const set = Object.fromEntries(rows.filter((row): row is [string, string] => row[1] !== null));
    const reset = rows.flatMap(([config, value]) => (value === null ? [config] : []));
    await this.#context.connection.call({ alterTopic: { name, set, reset, validateOnly } }, 'alterTopic', this.#timeoutMs);
  }

  /** Where `from` lies in each partition; without partitions in all of them. */
  async listOffsets(topic: string, from: From, partitions: readonly number[] = []): Promise<readonly ListedOffset[]> {
    const body = { listOffsets: { topic, partitions, at: startAt(from) } };
    const { offsets } = await this.#askAbout(topic, (ms) => this.#context.connection.call(body, 'listOffsets', ms));
    return offsets.map(({ partition, offset, timestampMs, error }) => ({
      partition,
      offset,
      timestamp: timestampMs ?? undefined,
      error: error === null ? undefined : errorOf(error),
    }));
  }

  /** The node that this client is connected to. */
  async describeNode(): Promise<NodeDescription> {
    return nodeOf(await this.#ask((ms) => this.#context.connection.call({ describeNode: {} }, 'describeNode', ms)));
  }

  /** How long an empty request takes there and back, in milliseconds. */
  async ping(): Promise<number> {
    const startedAt = this.#context.clock.monotonicMs();
    await this.#context.connection.call({ ping: {} }, 'pong', this.#timeoutMs);
    return this.#context.clock.monotonicMs() - startedAt;
  }

  #askAbout<T>(topic: string, ask: (timeoutMs: number) => Promise<T>): Promise<T> {
    return this.#ask((ms) => this.#context.fresh.ask(topic, () => ask(ms)));
  }

  #ask<T>(ask: (timeoutMs: number) => Promise<T>): Promise<T> {
    return retrying(this.#context, this.#timeoutMs, ask);
  }
}

function present(topic: WireTopic | null): WireTopic {
  if (topic === null) throw new ProtocolError('unexpected-reply', 'the answer names no topic');
  return topic;
}

// A message keeps what is absent on its prototype, where neither JSON nor a spread finds it: each field is named.

function topicOf({ name, topicId, durability, partitions }: WireTopic): TopicDescription {
  const known = partitions.map(partitionOf);
  return { name, topicId: topicIdOf(topicId) ?? '', durability: durabilityNamed(durability) ?? 'none', partitions: known };
}

function partitionOf({ partition, leaderId, leaderEpoch, replicas, inSyncReplicas }: WirePartition): PartitionDescription {
  return { partition, leaderId, leaderEpoch, replicas, inSyncReplicas };
}

function nodeOf(reply: DescribeNodeReply): NodeDescription {
  const { nodeId, version, uptimeMs, isReady, reasons, shards, connections, subscriptions, dataSize, diskFree } = reply;
  return { nodeId, version, uptimeMs, isReady, reasons, shards, connections, subscriptions, dataSize, diskFree };
}
