import { expect, test } from 'vitest';
import type { TopicId } from '../../model/ids.js';
import type { ConfigChange } from '../../model/topic-changes.js';
import { nameFault } from '../../model/topic-name.js';
import { emptyImage, type Image } from '../metadata/image.js';
import { reduce } from '../metadata/reducer.js';
import { addPartitions } from './add-partitions.js';
import { alterTopic } from './alter-topic.js';
import { type CreateTopic, createTopic } from './create-topic.js';
import type { ClusterDefaults, Decision } from './decision.js';
import { deleteTopic } from './delete-topic.js';

const defaults: ClusterDefaults = {
  nodeId: 1,
  partitions: 3,
  replicationFactor: 1,
  partitionsMax: 100,
  configs: { batchSizeMax: 2 ** 24 },
};
const topicId = '1'.repeat(32) as TopicId;
const request: CreateTopic = { name: 'clicks', configs: { durability: 'replicated' }, topicId };

function after(image: Image, decision: Decision<unknown>): Image {
  const result = decision.ok ? reduce(image, decision.value.records) : decision;
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value.after;
}

const image = after(emptyImage, createTopic(emptyImage, request, defaults));

test('a topic that says nothing gets the node’s defaults', () => {
  expect(image.byName.get('clicks')).toMatchObject({
    configs: { 'flush.messages': '9223372036854775807' },
    settings: { durability: 'replicated', batchSizeMax: 1_048_588 },
    partitions: [{ leader: 1, leaderEpoch: 0 }, {}, {}],
  });
});

test.each<[string, Partial<CreateTopic>]>([
  ['topic-exists', {}],
  ['invalid-topic', { name: '__consumer_offsets' }],
  ['invalid-topic', { name: '__consumer.offsets' }],
  ['invalid-partitions', { name: 'b', partitions: 0 }],
  ['invalid-partitions', { name: 'b', partitions: 1.5 }],
  ['invalid-partitions', { name: 'b', partitions: 98 }],
  ['invalid-replication-factor', { name: 'b', replicationFactor: 2 }],
  ['invalid-replication-factor', { name: 'b', replicationFactor: 0 }],
  ['invalid-config', { name: 'b', configs: { 'retention.m': '1' } }],
  ['internal', { name: 'b' }],
])('%s: %j', (error, change) => {
  expect(createTopic(image, { ...request, ...change }, defaults)).toMatchObject({ ok: false, error: { error } });
});

test.each(['', '.', '..', 'a b', 'é', 'a/b', 'x'.repeat(250), '__transaction_state'])('%j is no name', (name) => {
  expect(nameFault(name)).toBeDefined();
});

test.each(['a', '...', '__mine', 'A-b_c.9', 'x'.repeat(249)])('%j is a name', (name) => {
  expect(nameFault(name)).toBeUndefined();
});

test('names that differ only in "." and "_" are too alike, as metrics cannot tell them apart', () => {
  const other = (name: string, digit: string) => ({ ...request, name, topicId: digit.repeat(32) as TopicId });
  const dotted = after(image, createTopic(image, other('a.b_c', '2'), defaults));
  for (const name of ['a_b.c', 'a.b.c', 'a_b_c']) {
    const message = `topic ${name} is too like topic a.b_c: "." and "_" count as the same`;
    expect(createTopic(dotted, other(name, '3'), defaults)).toEqual({ ok: false, error: { error: 'invalid-topic', message } });
  }
  expect(createTopic(dotted, other('a.b_c', '3'), defaults)).toMatchObject({ error: { error: 'topic-exists' } });
  for (const name of ['abc', 'a-b_c', 'a.b_cd']) expect(createTopic(dotted, other(name, '3'), defaults).ok).toBe(true);
  const gone = after(dotted, deleteTopic(dotted, { name: 'a.b_c' }));
  expect(createTopic(gone, other('a_b_c', '3'), defaults).ok).toBe(true);
});

test('partitions are only ever added', () => {
  for (const partitions of [0, 2, 3, 101, Number.NaN]) {
    expect(addPartitions(image, { name: 'clicks', partitions }, defaults)).toMatchObject({
      ok: false,
      error: { error: 'invalid-partitions' },
    });
  }
  const grown = after(image, addPartitions(image, { name: 'clicks', partitions: 5 }, defaults));
  expect(grown.byName.get('clicks')?.partitions.map(({ leader }) => leader)).toEqual([1, 1, 1, 1, 1]);
});

test('configs are set, reset, and left alone where nothing changes', () => {
  const set = after(image, alterTopic(image, { name: 'clicks', set: { 'retention.ms': '5' }, reset: ['durability'] }, defaults));
  expect(set.byName.get('clicks')).toMatchObject({
    configs: { 'retention.ms': '5' },
    settings: { retentionMs: 5, durability: 'fsync' },
  });
  const same = alterTopic(set, { name: 'clicks', set: { 'retention.ms': '5' }, reset: ['segment.ms'] }, defaults);
  expect(same).toMatchObject({ ok: true, value: { records: [] } });
  const both = alterTopic(set, { name: 'clicks', set: { durability: 'fsync' }, reset: ['flush.messages'] }, defaults);
  expect(both).toMatchObject({
    ok: false,
    error: { error: 'invalid-config', message: 'flush.messages is set and reset at once' },
  });
  expect(alterTopic(set, { name: 'clicks', set: {}, reset: ['x'] }, defaults)).toMatchObject({
    error: { error: 'invalid-config' },
  });
});

test('partitions lie where a client says, if that is the node that decides', () => {
  const made = (assignments: readonly (readonly number[])[]) =>
    createTopic(image, { name: 'b', configs: {}, topicId: '2'.repeat(32) as TopicId, assignments }, defaults);
  expect(after(image, made([[1], [1], [1], [1]])).byName.get('b')?.partitions).toHaveLength(4);
  const wrong = { ok: false, error: { error: 'invalid-assignment' } };
  for (const assignments of [[[1], [2]], [[1], []], [[1, 1]]]) expect(made(assignments)).toMatchObject(wrong);
  const grown = (partitions: number, assignments: readonly (readonly number[])[]) =>
    addPartitions(image, { name: 'clicks', partitions, assignments }, defaults);
  expect(after(image, grown(5, [[1], [1]])).byName.get('clicks')?.partitions).toHaveLength(5);
  for (const assignments of [[], [[1]], [[1], [1], [1]], [[1], [2]]]) expect(grown(5, assignments)).toMatchObject(wrong);
});

test('a topic is deleted by name only if it has the id that is meant', () => {
  expect(deleteTopic(image, { name: 'clicks', topicId })).toMatchObject({ ok: true });
  expect(deleteTopic(image, { name: 'clicks', topicId: '2'.repeat(32) as TopicId })).toMatchObject({
    error: { error: 'stale-topic-id' },
  });
});

test('lists change by what is in them now', () => {
  const change = (request: Partial<ConfigChange>) =>
    alterTopic(image, { name: 'clicks', set: {}, reset: [], ...request }, defaults);
  const policy = (request: Partial<ConfigChange>) =>
    after(image, change(request)).byName.get('clicks')?.configs['cleanup.policy'];
  expect(policy({ append: { 'cleanup.policy': ['delete', 'compact'] } })).toBe('delete,compact');
  expect(policy({ subtract: { 'cleanup.policy': ['delete', 'compact'] } })).toBe('');
  const refused: Partial<ConfigChange>[] = [
    { append: { 'retention.ms': ['1'] } },
    { append: { durability: ['fsync'] } },
    { append: { 'cleanup.polic': ['delete'] } },
    { append: { 'cleanup.policy': ['archive'] } },
    { append: { 'cleanup.policy': ['delete'] }, subtract: { 'cleanup.policy': ['compact'] } },
    { append: { 'cleanup.policy': ['delete'] }, set: { 'cleanup.policy': 'compact' } },
    { append: { 'cleanup.policy': ['delete'] }, reset: ['cleanup.policy'] },
  ];
  for (const request of refused) {
    expect(change(request), JSON.stringify(request)).toMatchObject({ ok: false, error: { error: 'invalid-config' } });
  }
});

test('a change may put back everything that it does not name', () => {
  const change = { name: 'clicks', set: { 'retention.ms': '5' }, reset: [], resetsOthers: true };
  expect(after(image, alterTopic(image, change, defaults)).byName.get('clicks')?.configs).toEqual({ 'retention.ms': '5' });
});

test('what cannot hold together is refused, whether it is said at once or one after the other', () => {
  const lag = (name: string, value: string) => ({ [`${name}.compaction.lag.ms`]: value });
  const alter = (from: Image, set: Record<string, string>) => alterTopic(from, { name: 'clicks', set, reset: [] }, defaults);
  expect(alter(image, { ...lag('min', '2'), ...lag('max', '1') })).toMatchObject({ error: { error: 'invalid-config' } });
  const first = after(image, alter(image, lag('min', '2')));
  expect(alter(first, lag('max', '1'))).toMatchObject({ error: { error: 'invalid-config' } });
  expect(alter(first, lag('max', '2'))).toMatchObject({ ok: true });
});

test('a topic that is not there cannot be changed', () => {
  for (const decision of [
    deleteTopic(image, { name: 'x' }),
    addPartitions(image, { name: 'x', partitions: 9 }, defaults),
    alterTopic(image, { name: 'x', set: {}, reset: [] }, defaults),
  ]) {
    expect(decision).toMatchObject({ ok: false, error: { error: 'unknown-topic' } });
  }
});
