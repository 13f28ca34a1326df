import { expect, test } from 'vitest';
import type { TopicId } from '../model/ids.js';
import type { ClusterView, TopicRoute } from '../model/ports.js';
import { produceRulesOf } from '../model/produce-rules.js';
import { Routing } from './routing.js';
import type { ShardCalls } from './shard-calls.js';

const topicId = '0'.repeat(32) as TopicId;
const route = (partition: number, shard: number, handle: number) => ({ topicId, partition, shard, handle, leaderEpoch: 1 });
const topic: TopicRoute = {
  topicId,
  name: 't',
  durability: 'fsync',
  batchSizeMax: 1,
  isLogAppendTime: false,
  rules: produceRulesOf({}),
  partitions: [
    route(0, 0, 7),
    route(1, 0, -1),
    route(2, 9, 8),
    { ...route(3, 0, -1), unserved: { error: 'disk-full' } as const },
  ],
};
const view = { topic: (name: string) => (name === 't' ? topic : undefined) } as ClusterView;
const shard = {} as ShardCalls;
const routing = new Routing({ view, onChange: () => undefined }, [shard]);

test('a partition is found with the way to its shard', () => {
  expect(routing.find('t', 0)).toEqual({ ok: true, value: { topic, route: topic.partitions[0], calls: shard } });
});

test.each([
  ['u', 0, 'unknown-topic'],
  ['t', 4, 'unknown-partition'],
  ['t', 3, 'disk-full'],
  // Asking again, which an unknown partition would invite to, would not help.
  ['t', 1, 'storage-failed'],
  ['t', 2, 'not-leader'],
])('%s-%i cannot be served: %s', (name, partition, error) => {
  expect(routing.find(name, partition)).toMatchObject({ ok: false, error: { error } });
});
