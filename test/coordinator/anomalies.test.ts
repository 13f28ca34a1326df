import { expect, test } from 'vitest';
import { groupDefaults } from '../../ts/coordinator/group/settings.js';
import { plain } from './memory-log.js';
import { offsetIn, Rig, ready, turn } from './rig.js';
import { errorOf, granted } from './story.js';

// Anomalies that were found in other systems, as far as a group's coordinator can cause or prevent them.

test('spurious zero offset: what was never committed is absent, what was committed as zero is zero', async () => {
  const rig = await ready();
  rig.commit('g', 0, 1);
  rig.log.settle();
  for (const when of ['before a restart', 'after it']) {
    const asked = rig.ask('fetchOffsets', { groupId: 'g', topics: [{ topic: 'orders', partitions: [0, 1] }] });
    await turn();
    const found = granted(asked).topics[0]?.partitions.map(({ committed }) => committed?.offset);
    expect(found, when).toEqual([undefined, 0]);
    rig.restart();
    await turn();
  }
});

test('a reader jumps to the end: at no moment of a start is a committed offset absent', async () => {
  const rig = await ready();
  rig.commit('g', 5);
  rig.log.settle();
  rig.log.isLoadHeld = true;
  rig.restart();
  const loading = rig.fetch('g');
  await turn();
  rig.log.releaseLoads();
  const loaded = rig.fetch('g');
  await turn();
  expect([errorOf(loading), offsetIn(loaded)]).toEqual(['coordinator-load-in-progress', 5]);
});

test('a reader jumps to the end: a partition that is quiet for longer than retention keeps its offset while it is read', async () => {
  const longMs = 40 * 24 * 3_600_000;
  const rig = await ready({ group: { ...groupDefaults, initialRebalanceDelayMs: 0, sessionTimeoutMsMax: 2 * longMs } });
  const asked = rig.join('g', { protocolType: 'connect', sessionTimeoutMs: 2 * longMs });
  await turn();
  const { memberId, generationId } = granted(asked);
  rig.ask('sync', { groupId: 'g', memberId, generationId, assignments: [] });
  rig.log.settle();
  const topics = [{ topic: 'orders', partitions: [{ partition: 0, offset: 5, metadata: '' }] }];
  rig.ask('commit', { groupId: 'g', memberId, generationId, knowsMissingGroups: true, topics });
  rig.log.settle();
  rig.clock.advance(longMs);
  rig.log.settle();
  const quiet = rig.fetch('g');
  await turn();
  expect(offsetIn(quiet)).toBe(5);
});

test('leader epoch ignored: the epoch of what was read comes back with the offset, through a restart and a rewritten log', async () => {
  const rig = await ready({ deadRecordsMax: 50 });
  const topics = [{ topic: 'orders', partitions: [{ partition: 0, offset: 5, leaderEpoch: 3, metadata: '' }] }];
  rig.ask('commit', { groupId: 'g', memberId: '', generationId: -1, knowsMissingGroups: true, topics });
  for (let count = 0; count < 100; count++) {
    rig.commit('h', count);
    rig.log.settle();
  }
  expect(rig.log.logStart).toBeGreaterThan(0);
  rig.restart();
  await turn();
  const asked = rig.fetch('g');
  await turn();
  expect(granted(asked).topics[0]?.partitions[0]?.committed).toMatchObject({ offset: 5, leaderEpoch: 3 });
});

test('ack before disk: power goes at any moment, and every acknowledged commit is there', async () => {
  for (let stored = 0; stored <= 4; stored++) {
    const rig = new Rig();
    await turn();
    const asked = [1, 2, 3, 4].map((offset) => rig.commit('g', offset, offset));
    rig.log.settle(stored);
    await turn();
    expect(asked.map(errorOf)).toEqual(asked.map((_, index) => (index < stored ? 'none' : 'waits')));
    rig.log.cutPower(0);
    rig.restart();
    await turn();
    const all = rig.ask('fetchOffsets', { groupId: 'g', topics: undefined });
    await turn();
    expect(granted(all).topics[0]?.partitions.length ?? 0).toBe(stored);
  }
});

test('deleted offsets return: not by a copy of the state that was begun before they were deleted', async () => {
  const rig = await ready({ deadRecordsMax: 0 });
  for (let partition = 0; partition < 600; partition++) rig.commit('g', 1, partition);
  rig.log.settle(500);
  for (const partition of [1, 599])
    rig.ask('deleteOffsets', { groupId: 'g', topics: [{ topic: 'orders', partitions: [partition] }] });
  for (let count = 0; count < 2_000; count++) {
    rig.commit('g', count, 2);
    rig.log.settle(2);
  }
  rig.log.settle();
  expect(rig.log.logStart).toBeGreaterThan(0);
  expect(plain(rig.log.replay())).toEqual(plain(rig.log.replay(0)));
  rig.restart();
  await turn();
  const all = rig.ask('fetchOffsets', { groupId: 'g', topics: undefined });
  await turn();
  const left = granted(all).topics[0]?.partitions.map(({ partition }) => partition) ?? [];
  expect([left.length, left.includes(1), left.includes(599)]).toEqual([598, false, false]);
});
