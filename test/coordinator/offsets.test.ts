import { expect, test } from 'vitest';
import type { TopicId } from '../../ts/model/ids.js';
import { bytes, errorOf, granted, Story, subscription } from './story.js';

const day = 24 * 3_600_000;
const outside = { memberId: '', generationId: -1, knowsMissingGroups: true };

function commits(story: Story, topic: string, offset: number, more: object = {}) {
  const topics = [{ topic, partitions: [{ partition: 0, offset, metadata: '' }] }];
  return story.ask('commit', { ...outside, topics, ...more });
}

function fetched(story: Story, topic: string, topicId?: TopicId) {
  const asked = story.ask('fetchOffsets', { topics: [{ topic, topicId, partitions: [0] }] });
  return granted(asked).topics[0]?.partitions[0]?.committed;
}

const outcome = (asked: ReturnType<typeof commits>) => granted(asked).topics[0]?.partitions[0]?.error;

test('a negative offset takes back what was committed', () => {
  const story = new Story();
  const commit = (offset: number) => {
    const topics = [{ topic: 'orders', partitions: [{ partition: 0, offset, metadata: '' }] }];
    return errorOf(story.ask('commit', { ...outside, topics }));
  };
  const known = () => granted(story.ask('fetchOffsets', { topics: undefined })).topics.length;
  expect([commit(5), known()]).toEqual(['none', 1]);
  expect([commit(-2), known()]).toEqual(['none', 0]);
  story.crash();
  expect(known()).toBe(0);
});

test('a member commits in its generation; what it said comes back, leader epoch and text as well, after a crash too', () => {
  const story = new Story();
  const a = story.member();
  story.settle(a);
  const topics = [{ topic: 'orders', partitions: [{ partition: 0, offset: 42, leaderEpoch: 7, metadata: 'half way' }] }];
  expect(errorOf(a.commit(0, 'orders', { topics }))).toBe('none');
  story.crash();
  expect(fetched(story, 'orders')).toMatchObject({ offset: 42, leaderEpoch: 7, metadata: 'half way' });
});

test('whoever is no member may set the offsets of a group without members, and of no other', () => {
  const story = new Story();
  expect(errorOf(commits(story, 'orders', 5))).toBe('none');
  expect(story.group.protocolType).toBeUndefined();
  const a = story.member();
  story.settle(a);
  expect(errorOf(commits(story, 'orders', 1))).toBe('unknown-member-id');
  expect(fetched(story, 'orders')?.offset).toBe(5);
  a.leave();
  expect(errorOf(commits(story, 'orders', 9))).toBe('none');
  expect(errorOf(commits(story, 'orders', 1, { generationId: 3 }))).toBe('unknown-member-id');
});

test('who has joined the next generation waits for its assignment before it commits', () => {
  const story = new Story();
  const a = story.member();
  story.gather(a);
  expect(errorOf(a.commit(1))).toBe('rebalance-in-progress');
});

test('a commit keeps the session alive', () => {
  const story = new Story();
  const a = story.member();
  story.settle(a);
  for (let count = 0; count < 5; count++) {
    story.pass(9_000);
    expect(errorOf(a.commit(count))).toBe('none');
  }
});

test('what is wrong with one partition does not keep the others', () => {
  const story = new Story({ offsetMetadataMax: 10, offsetsMax: 2 });
  const of = (partition: number, offset: number, metadata = '') => ({ partition, offset, metadata });
  const partitions = [of(0, 5), of(1, 5, 'x'.repeat(11)), of(2, 2 ** 60), of(3, 5), of(4, 5), of(0, 6)];
  const asked = story.ask('commit', { ...outside, topics: [{ topic: 'orders', partitions }] });
  expect(granted(asked).topics[0]?.partitions.map(({ error }) => error)).toEqual([
    undefined,
    'offset-metadata-too-large',
    'offset-out-of-range',
    undefined,
    'invalid-commit-offset-size',
    undefined,
  ]);
  expect(outcome(commits(story, 'x'.repeat(250), 1))).toBe('invalid-commit-offset-size');
});

test('offsets of a topic that was deleted and made again say nothing about the new one', () => {
  const story = new Story();
  const [old, young] = ['0'.repeat(31) + 1, '0'.repeat(31) + 2] as [TopicId, TopicId];
  const topics = [{ topic: 'orders', topicId: old, partitions: [{ partition: 0, offset: 5, metadata: '' }] }];
  commits(story, 'orders', 5, { topics });
  expect(fetched(story, 'orders', young)).toBeUndefined();
  expect(fetched(story, 'orders', old)?.offset).toBe(5);
  expect(fetched(story, 'orders')?.offset).toBe(5);
  const deleted = { kind: 'topic-deleted', topic: 'orders', deletedAtMs: story.wallMs } as const;
  story.happen({ ...deleted, topicId: young });
  expect(fetched(story, 'orders')?.offset).toBe(5);
  story.happen({ ...deleted, topicId: old });
  expect(fetched(story, 'orders')).toBeUndefined();
});

test('an offset in the oldest form knows no id: what was committed before the topic was deleted goes', () => {
  const story = new Story();
  commits(story, 'orders', 5, { retentionMs: 60_000 });
  const deleted = { kind: 'topic-deleted', topic: 'orders', topicId: '1'.repeat(32) as TopicId } as const;
  story.happen({ ...deleted, deletedAtMs: story.wallMs - 1 });
  expect(fetched(story, 'orders')?.offset).toBe(5);
  story.happen({ ...deleted, deletedAtMs: story.wallMs });
  expect(fetched(story, 'orders')).toBeUndefined();
});

test('all offsets of a group are fetched at once', () => {
  const story = new Story();
  commits(story, 'a', 1);
  commits(story, 'b', 2);
  const all = granted(story.ask('fetchOffsets', { topics: undefined }));
  expect(all.topics.map(({ topic, partitions }) => [topic, partitions[0]?.committed?.offset])).toEqual([
    ['a', 1],
    ['b', 2],
  ]);
});

const removal = (story: Story, ...topics: readonly string[]) =>
  story.ask('deleteOffsets', { topics: topics.map((topic) => ({ topic, partitions: [0, 1] })) });

test.each([
  ['subscribed to another topic', subscription('orders', 'other'), [undefined, 'group-subscribed-to-topic']],
  ['that says what nobody can read', bytes('?'), ['group-subscribed-to-topic', 'group-subscribed-to-topic']],
  [
    'that claims more topics than there are bytes',
    Uint8Array.of(0, 1, 127, 255, 255, 255),
    ['group-subscribed-to-topic', 'group-subscribed-to-topic'],
  ],
])('offsets of a live group of consumers %s', (_, metadata, errors) => {
  const story = new Story();
  commits(story, 'old', 1);
  const a = story.member({ protocols: [{ name: 'range', metadata }] });
  story.settle(a);
  const { topics } = granted(removal(story, 'old', 'orders'));
  expect(topics.map(({ partitions }) => partitions[0]?.error)).toEqual(errors);
  expect(fetched(story, 'old') === undefined).toBe(errors[0] === undefined);
});

test('offsets of a live group of another type stay; those of an empty one go', () => {
  const story = new Story();
  commits(story, 'old', 1);
  const worker = story.member({ protocolType: 'connect' });
  story.settle(worker);
  expect(errorOf(removal(story, 'old'))).toBe('non-empty-group');
  worker.leave();
  expect(errorOf(removal(story, 'old'))).toBe('none');
  story.crash();
  expect(fetched(story, 'old')).toBeUndefined();
});

test('a group without members can be deleted, with all that it committed', () => {
  const story = new Story();
  const a = story.member();
  story.settle(a);
  a.commit(5);
  expect(errorOf(story.ask('deleteGroup', {}))).toBe('non-empty-group');
  a.leave();
  expect(errorOf(story.ask('deleteGroup', {}))).toBe('none');
  expect(story.state).toBe('Dead');
  expect(errorOf(a.heartbeat())).toBe('coordinator-not-available');
  story.crash();
  expect(story.group.stored.isEmpty).toBe(true);
});

const sweeps = (story: Story, afterMs: number) => {
  story.nowMs += afterMs;
  story.happen({ kind: 'sweep' });
};

test('no offset of a group with members expires, however old it is', () => {
  const story = new Story({ sessionTimeoutMsMax: 100 * day });
  const a = story.member({ sessionTimeoutMs: 99 * day });
  story.settle(a);
  a.commit(5);
  sweeps(story, 30 * day);
  expect(fetched(story, 'orders')?.offset).toBe(5);
});

test.each(['connect', 'consumer'])(
  'nor does one of a %s group that rebalances, or is of a type that nobody here knows',
  (protocolType) => {
    const story = new Story({ sessionTimeoutMsMax: 100 * day });
    const a = story.member({ sessionTimeoutMs: 99 * day, protocolType });
    story.settle(a);
    a.commit(5, 'elsewhere');
    if (protocolType === 'consumer') story.member({ protocols: [{ name: 'range', metadata: subscription('orders') }] }).join();
    story.nowMs += 30 * day;
    story.happen({ kind: 'sweep' });
    expect(fetched(story, 'elsewhere')?.offset).toBe(5);
  },
);

test('once the group is empty, retention begins, and with the last offset the group goes', () => {
  const story = new Story();
  const a = story.member();
  story.settle(a);
  a.commit(5);
  a.leave();
  sweeps(story, 7 * day - 1);
  expect(fetched(story, 'orders')?.offset).toBe(5);
  sweeps(story, 1);
  expect([fetched(story, 'orders'), story.state]).toEqual([undefined, 'Dead']);
  expect(story.group.stored.isEmpty).toBe(true);
});

test('an offset that was set after the group had become empty rests from then on', () => {
  const story = new Story();
  const a = story.member();
  story.settle(a);
  a.commit(5);
  a.leave();
  story.nowMs += 6 * day;
  commits(story, 'orders', 0);
  sweeps(story, 2 * day);
  expect(fetched(story, 'orders')?.offset).toBe(0);
  sweeps(story, 5 * day);
  expect(fetched(story, 'orders')).toBeUndefined();
});

test('an offset that nobody ever joined for rests from its commit on, or as long as was asked', () => {
  const story = new Story();
  commits(story, 'orders', 5);
  commits(story, 'short', 6, { retentionMs: 1_000 });
  story.crash();
  sweeps(story, 1_000);
  expect([fetched(story, 'orders')?.offset, fetched(story, 'short')]).toEqual([5, undefined]);
  sweeps(story, 7 * day);
  expect(fetched(story, 'orders')).toBeUndefined();
});

test('a stable group of consumers keeps what it reads and lets go of what it does not read any more', () => {
  const story = new Story({ sessionTimeoutMsMax: 100 * day });
  commits(story, 'old', 1);
  const a = story.member({ sessionTimeoutMs: 99 * day });
  story.settle(a);
  a.commit(5);
  sweeps(story, 8 * day);
  expect([fetched(story, 'orders')?.offset, fetched(story, 'old')]).toEqual([5, undefined]);
});
