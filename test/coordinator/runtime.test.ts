import { expect, test } from 'vitest';
import { encodeRecord } from '../../ts/coordinator/records/record.js';
import { GroupRuntime } from '../../ts/coordinator/runtime.js';
import type { GroupVerb } from '../../ts/model/group-requests.js';
import type { TopicId } from '../../ts/model/ids.js';
import { plain } from './memory-log.js';
import { newCounts, offsetIn, Rig, ready, turn } from './rig.js';
import { type Asked, errorOf, granted } from './story.js';

test('a commit is answered when it is durable, and nobody sees it before', async () => {
  const rig = await ready();
  const committed = rig.commit('g', 5);
  const seen = rig.fetch('g');
  const other = rig.fetch('h');
  await turn();
  expect([errorOf(committed), errorOf(seen), errorOf(other)]).toEqual(['waits', 'waits', 'waits']);
  rig.log.settle();
  await turn();
  expect([errorOf(committed), offsetIn(seen), offsetIn(other)]).toEqual(['none', 5, undefined]);
});

test('a group waits for its own records alone', async () => {
  const rig = await ready();
  rig.commit('g', 5);
  rig.log.settle();
  rig.commit('h', 1);
  const own = rig.fetch('g');
  await turn();
  expect(offsetIn(own)).toBe(5);
});

test('while the log is read nobody hears that there is nothing', async () => {
  const rig = new Rig({}, (log) => {
    log.isLoadHeld = true;
  });
  const heartbeat = rig.ask('heartbeat', { groupId: 'g', memberId: 'm', generationId: 1 });
  const asked = [rig.fetch('g'), rig.commit('g', 1), rig.join('g')];
  await turn();
  expect(asked.map((each) => errorOf<GroupVerb>(each))).toEqual(asked.map(() => 'coordinator-load-in-progress'));
  expect(errorOf(heartbeat)).toBe('none');
  rig.log.releaseLoads();
  expect(rig.runtime.isServing).toBe(true);
});

test('when an append fails, all who wait are told, and what the log holds counts: what failed may be there', async () => {
  const rig = await ready();
  rig.commit('g', 1);
  rig.log.settle();
  const first = rig.join('j');
  await turn();
  expect(errorOf(first)).toBe('none');
  const [second, kept, lost] = [rig.join('j'), rig.commit('g', 2), rig.commit('h', 3)];
  rig.log.fail(1);
  await turn();
  expect([errorOf(kept), errorOf(lost), errorOf(second)]).toEqual([
    'coordinator-not-available',
    'coordinator-not-available',
    'coordinator-not-available',
  ]);
  const early = rig.fetch('g');
  await turn();
  expect(errorOf(early)).toBe('coordinator-not-available');
  expect(rig.problems).toEqual(['groups of partition 0 are read again in 1 s: as the test wants']);
  rig.clock.advance(1_000);
  await turn();
  const [g, h] = [rig.fetch('g'), rig.fetch('h')];
  await turn();
  expect([offsetIn(g), offsetIn(h)]).toEqual([2, undefined]);
});

test('where every append fails, the log is read less and less often; after a while without failures soon again', async () => {
  const rig = await ready();
  const restSeconds: number[] = [];
  const failOnce = async () => {
    rig.commit('g', 1);
    rig.log.fail(0);
    await turn();
    const seconds = Number(/in (\d+) s/.exec(rig.problems.at(-1) ?? '')?.[1]);
    restSeconds.push(seconds);
    rig.clock.advance(seconds * 1000 - 1);
    await turn();
    expect(rig.runtime.isServing).toBe(false);
    rig.clock.advance(1);
    await turn();
    expect(rig.runtime.isServing).toBe(true);
  };
  for (let count = 0; count < 8; count++) await failOnce();
  expect(restSeconds).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  rig.clock.advance(600_000);
  await failOnce();
  expect(restSeconds.at(-1)).toBe(1);
});

test('a log that cannot be read is tried again, and never taken for an empty one', async () => {
  const key = encodeRecord({ kind: 'group', groupId: 'g', metadata: undefined }, 0).key;
  const rig = new Rig({}, (log) => void log.records.push({ key, value: Uint8Array.of(0, 3, 9), timestampMs: 0 }));
  await turn();
  const asked = rig.fetch('g');
  await turn();
  expect(errorOf(asked)).toBe('coordinator-not-available');
  expect(rig.problems[0]).toMatch(/record 0 cannot be read/);
  rig.log.records.length = 0;
  rig.clock.advance(1_000);
  await turn();
  expect(rig.runtime.isServing).toBe(true);
});

test('a group that was deleted is gone for those alone who see it durable', async () => {
  const rig = await ready();
  rig.commit('g', 5);
  rig.log.settle();
  const deleted = rig.ask('deleteGroup', { groupId: 'g' });
  const seen = rig.fetch('g');
  await turn();
  expect([errorOf(deleted), errorOf(seen)]).toEqual(['waits', 'waits']);
  rig.log.fail(0);
  rig.clock.advance(1_000);
  await turn();
  const again = rig.fetch('g');
  await turn();
  expect([errorOf(deleted), errorOf(seen), offsetIn(again)]).toEqual([
    'coordinator-not-available',
    'coordinator-not-available',
    5,
  ]);
});

test('what is not this coordinator’s, or more than it takes, is refused', async () => {
  const rig = await ready({ groupsMax: 1, requestsMax: 2 });
  const nameless = rig.join('');
  const endless = rig.commit('x'.repeat(9_000), 1);
  const taken = rig.commit('', 1);
  const second = rig.commit('g', 1);
  const third = rig.fetch('g');
  await turn();
  rig.log.settle();
  await turn();
  expect([nameless, endless, taken, second, third].map((each) => errorOf<GroupVerb>(each))).toEqual([
    'invalid-group-id',
    'invalid-group-id',
    'none',
    'policy-violation',
    'coordinator-not-available',
  ]);
  const { log, clock, settings } = rig;
  const random = { bytes: (size: number) => new Uint8Array(size) };
  const options = { log, clock, settings, random, counts: newCounts(), onProblem: () => undefined };
  const elsewhere = new GroupRuntime({ ...options, partition: 1, partitionsCount: 50 });
  await turn();
  const asked: Asked<'describe'> = { answer: undefined };
  elsewhere.ask('describe', { groupId: 'polygenelubricants' }, (answer) => {
    asked.answer = answer;
  });
  await turn();
  expect(errorOf(asked)).toBe('not-coordinator');
});

test('who leads no more says so, to those who wait as well', async () => {
  const rig = await ready();
  const waiting = rig.commit('g', 1);
  rig.runtime.close();
  const later = rig.fetch('g');
  rig.log.settle();
  rig.clock.advance(3_600_000);
  await turn();
  expect([errorOf(waiting), errorOf(later), rig.clock.timers]).toEqual(['not-coordinator', 'not-coordinator', 0]);
});

test('a node that is about to end keeps nobody waiting for others, and still takes commits', async () => {
  const rig = await ready();
  const first = rig.join('g');
  await turn();
  rig.log.settle();
  await turn();
  const { memberId } = granted(first);
  const waiting = [rig.join('g'), rig.ask('sync', { groupId: 'g', memberId, generationId: 1, assignments: [] })] as const;
  await turn();
  rig.runtime.drain();
  const late = rig.join('h');
  const committed = rig.commit('other', 5);
  await turn();
  rig.log.settle();
  await turn();
  expect(errorOf(waiting[0])).toBe('not-coordinator');
  expect(errorOf(waiting[1])).toBe('rebalance-in-progress');
  expect([errorOf(late), errorOf(committed)]).toEqual(['not-coordinator', 'none']);
});

test('time passes for groups: members that are silent go, offsets expire, empty groups are let go', async () => {
  const rig = await ready();
  rig.join('g');
  rig.join('g', { instanceId: 'i' });
  rig.commit('simple', 1);
  expect(rig.runtime.groupsCount).toBe(2);
  rig.clock.advance(60_000);
  rig.log.settle();
  const described = rig.ask('describe', { groupId: 'g' });
  await turn();
  expect(granted(described)).toMatchObject({ state: 'Empty', members: [], protocolType: 'consumer' });
  rig.clock.advance(8 * 24 * 3_600_000);
  rig.log.settle();
  expect(rig.runtime.groupsCount).toBe(0);
  expect(plain(rig.log.replay())).toEqual([]);
});

test('groups are listed by state and type', async () => {
  const rig = await ready();
  rig.commit('simple', 1);
  rig.join('g');
  const lists: unknown[] = [];
  const list = (states: readonly string[], types: readonly string[]) =>
    rig.runtime.list({ states, types }, (answer) =>
      lists.push(answer.ok ? answer.value.map(({ groupId }) => groupId) : answer.error),
    );
  list([], []);
  list(['EMPTY'], []);
  list(['completingrebalance'], ['Classic']);
  list([], ['consumer']);
  await turn();
  expect(lists).toEqual([]);
  rig.log.settle();
  await turn();
  expect(lists).toEqual([['simple', 'g'], ['simple'], ['g'], []]);
});

test('offsets of a topic that was deleted are forgotten, also where the log was not there at that moment', async () => {
  const rig = await ready();
  rig.commit('g', 5);
  rig.log.settle();
  rig.runtime.forgetTopic('orders', '1'.repeat(32) as TopicId);
  rig.log.fail(0);
  rig.clock.advance(1_000);
  await turn();
  rig.commit('g', 7, 0, 'other');
  rig.log.settle();
  const [orders, other] = [rig.fetch('g'), rig.fetch('g', 'other')];
  await turn();
  expect([offsetIn(orders), offsetIn(other)]).toEqual([undefined, 7]);
});

test('the log stays as short as what is alive, and says the same at every moment', async () => {
  const rig = await ready({ deadRecordsMax: 500, appendSizeMax: 2_000 });
  let [start, moves] = [0, 0];
  for (let count = 0; count < 8_000; count++) {
    rig.commit(`g${count % 3}`, count, count % 400);
    // Slower than commits come for a while, so that pieces of the copy lie between them.
    rig.log.settle(count % 10 === 0 ? 12 : 1);
    if (rig.log.logStart === start) continue;
    start = rig.log.logStart;
    moves += 1;
    expect(plain(rig.log.replay())).toEqual(plain(rig.log.replay(0)));
  }
  expect(moves).toBeGreaterThan(2);
  expect(rig.log.records.length - start).toBeLessThan(2 * 1_200 + 500 + 2 * 1_200);
  rig.log.settle();
  rig.restart();
  await turn();
  const fetched = rig.ask('fetchOffsets', { groupId: 'g0', topics: undefined });
  await turn();
  expect(granted(fetched).topics[0]?.partitions).toHaveLength(400);
});

test('a group that is larger than it may be by now rebalances when it is loaded', async () => {
  const rig = await ready();
  const joined = rig.join('g', { instanceId: 'i' });
  await turn();
  const { memberId, generationId } = granted(joined);
  rig.ask('sync', { groupId: 'g', memberId, generationId, assignments: [] });
  rig.log.settle();
  Object.assign(rig.settings.group, { membersMax: 0 });
  rig.restart();
  await turn();
  const described = rig.ask('describe', { groupId: 'g' });
  await turn();
  expect(granted(described).state).toBe('PreparingRebalance');
});

test('what is larger than one append goes in several, and is answered behind the last', async () => {
  const rig = await ready({ appendSizeMax: 1_000 });
  const partitions = Array.from({ length: 100 }, (_, partition) => ({ partition, offset: 1, metadata: 'x'.repeat(20) }));
  const topics = [{ topic: 'orders', partitions }];
  const asked = rig.ask('commit', { groupId: 'g', memberId: '', generationId: -1, knowsMissingGroups: true, topics });
  expect(rig.log.pending).toBeGreaterThan(5);
  rig.log.settle(rig.log.pending - 1);
  await turn();
  expect(errorOf(asked)).toBe('waits');
  rig.log.settle();
  await turn();
  expect(errorOf(asked)).toBe('none');
});

test('an id that is given out names its client and is a UUID behind that', async () => {
  const rig = await ready();
  const asked = rig.join('g', { comesAgainWithId: true });
  await turn();
  expect(asked.answer).toEqual({
    ok: false,
    error: { error: 'member-id-required', memberId: 'c-01010101-0101-4101-8101-010101010101' },
  });
});

test('what all groups keep has an end: commits are refused until something is let go', async () => {
  const rig = await ready({ sizeMax: 1_000 });
  const asked = Array.from({ length: 12 }, (_, partition) => rig.commit('g', 1, partition));
  rig.log.settle();
  const newcomer = rig.join('h');
  const removed = rig.ask('deleteOffsets', { groupId: 'g', topics: [{ topic: 'orders', partitions: [0, 1, 2] }] });
  const again = rig.commit('g', 2, 11);
  rig.log.settle();
  await turn();
  expect(asked.filter((each) => errorOf(each) === 'policy-violation')).toHaveLength(4);
  expect([errorOf(newcomer), errorOf(removed), errorOf(again)]).toEqual(['policy-violation', 'none', 'none']);
});

test('whoever looks closely is told why generations begin and end', async () => {
  const rig = await ready();
  rig.join('g', { reason: 'started' });
  rig.clock.advance(60_000);
  const memberId = 'c-01010101-0101-4101-8101-010101010101';
  expect(rig.notes).toEqual([
    `{"group":"g"} generation 0 ends: member ${memberId} joins: started`,
    `{"group":"g"} generation 1 begins with 1 members, ${memberId} leads`,
    `{"group":"g"} generation 1 ends: not heard of in time: ${memberId}`,
    '{"group":"g"} generation 2 has no members',
  ]);
});
