import type { TopicId } from '../../ts/model/ids.js';
import type { PartitionRoute, TopicRoute } from '../../ts/model/ports.js';
import { produceRulesOf } from '../../ts/model/produce-rules.js';

/** A topic of one partition, known to its shard by the handle, with a topic's usual settings. */
export function servedTopic(handle: number): { readonly topic: TopicRoute; readonly route: PartitionRoute } {
  const topicId = '0'.repeat(32) as TopicId;
  const route: PartitionRoute = { topicId, partition: handle, shard: 0, handle, leaderEpoch: 1 };
  const usual = { durability: 'fsync', batchSizeMax: 1000, isLogAppendTime: false, rules: produceRulesOf({}) } as const;
  return { topic: { topicId, name: 't', ...usual, partitions: [route] }, route };
}
