import type { ClusterView, ClusterWatch, Failure, PartitionRoute, TopicRoute } from '../model/ports.js';
import { failed, ok, type Result } from '../model/result.js';
import type { ShardCalls } from './shard-calls.js';

/** A partition and the way to it. */
export interface Served {
  readonly topic: TopicRoute;
  readonly route: PartitionRoute;
  readonly calls: ShardCalls;
}

const unknownTopic: Failure = { error: 'unknown-topic' };
const unknownPartition: Failure = { error: 'unknown-partition' };
/** To ask again would not help: until the next start it stays so. */
const notOpened: Failure = { error: 'storage-failed', message: 'the partition could not be opened: the node’s log says why' };

/** From names to shards. */
export class Routing {
  readonly #watch: ClusterWatch;
  readonly #shards: readonly ShardCalls[];

  constructor(watch: ClusterWatch, shards: readonly ShardCalls[]) {
    this.#watch = watch;
    this.#shards = shards;
  }

  get view(): ClusterView {
    return this.#watch.view;
  }

  get shards(): readonly ShardCalls[] {
    return this.#shards;
  }

  topic(name: string): TopicRoute | undefined {
    return this.#watch.view.topic(name);
  }

  find(name: string, partition: number): Result<Served, Failure> {
    const topic = this.topic(name);
    return topic === undefined ? failed(unknownTopic) : this.in(topic, partition);
  }

  in(topic: TopicRoute, partition: number): Result<Served, Failure> {
    const direct = topic.partitions[partition];
    const route = direct?.partition === partition ? direct : topic.partitions.find((each) => each.partition === partition);
    if (route === undefined) return failed(unknownPartition);
    if (route.handle < 0) return failed(route.unserved ?? notOpened);
    const calls = this.#shards[route.shard];
    return calls === undefined ? failed({ error: 'not-leader' }) : ok({ topic, route, calls });
  }
}
