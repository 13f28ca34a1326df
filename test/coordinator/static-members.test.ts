import { expect, test } from 'vitest';
import { bytes, errorOf, granted, Story, text } from './story.js';

const sessions = { sessionTimeoutMs: 60_000 };

function pair(canSkipAssignment = true) {
  const story = new Story({ initialRebalanceDelayMs: 1_000 });
  const leader = story.member({ ...sessions, instanceId: 'l', canSkipAssignment });
  const follower = story.member({ ...sessions, instanceId: 'f', canSkipAssignment });
  story.settle(leader, follower);
  return { story, leader, follower };
}

test('a follower is started again: same generation, same work, no rebalance, and what is left of the old one is fenced', () => {
  const { story, leader, follower } = pair();
  const before = follower.memberId;
  const back = story.member({ ...sessions, instanceId: 'f' });
  expect(back.took(back.join())).toMatchObject({ generationId: 1, members: [], skipAssignment: false });
  expect(back.memberId).not.toBe(before);
  expect(text(granted(back.sync()).assignment)).toBe(`${before}@1`);
  expect([
    errorOf(follower.heartbeat()),
    errorOf(follower.commit(1)),
    errorOf(follower.join()),
    errorOf(follower.leave()),
  ]).toEqual(['fenced-instance-id', 'fenced-instance-id', 'fenced-instance-id', 'none']);
  expect(errorOf(leader.heartbeat())).toBe('none');
  expect(errorOf(back.heartbeat())).toBe('none');
});

test('a leader is started again: it leads, sees all members, and is told to skip the assignment', () => {
  const { story } = pair();
  const back = story.member({ ...sessions, instanceId: 'l' });
  const joined = back.took(back.join());
  expect(joined).toMatchObject({ generationId: 1, leaderId: back.memberId, skipAssignment: true });
  expect(joined.members).toHaveLength(2);
});

test('a leader that cannot be told to skip the assignment is named another leader', () => {
  const { story, leader } = pair(false);
  const back = story.member({ ...sessions, instanceId: 'l', canSkipAssignment: false });
  expect(back.took(back.join())).toMatchObject({ leaderId: leader.memberId, members: [], skipAssignment: false });
  expect(errorOf(back.sync())).toBe('none');
});

test('the new id of a member that came back is there after a crash', () => {
  const { story, follower } = pair();
  const back = story.member({ ...sessions, instanceId: 'f' });
  back.took(back.join());
  story.crash();
  expect([errorOf(back.heartbeat()), errorOf(follower.heartbeat())]).toEqual(['none', 'fenced-instance-id']);
});

test('one that comes back with protocols that change what the group uses begins a rebalance', () => {
  const story = new Story({ initialRebalanceDelayMs: 1_000 });
  const both = [
    { name: 'sticky', metadata: bytes('s') },
    { name: 'range', metadata: bytes('r') },
  ];
  const a = story.member({ ...sessions, instanceId: 'a', protocols: both });
  const b = story.member({ ...sessions, instanceId: 'b', protocols: both });
  story.settle(a, b);
  expect(a.joined?.protocolName).toBe('sticky');
  const back = story.member({ ...sessions, instanceId: 'b', protocols: both.slice(1) });
  const asked = back.join();
  expect([errorOf(asked), story.state]).toEqual(['waits', 'PreparingRebalance']);
  a.took(a.join());
  expect(back.took(asked).protocolName).toBe('range');
});

test('one that comes back between join and sync begins a rebalance', () => {
  const story = new Story({ initialRebalanceDelayMs: 1_000 });
  const [a, b] = [story.member({ ...sessions, instanceId: 'a' }), story.member({ ...sessions, instanceId: 'b' })];
  story.gather(a, b);
  const waiting = b.sync();
  const back = story.member({ ...sessions, instanceId: 'b' });
  const asked = back.join();
  expect([errorOf(waiting), errorOf(asked), errorOf(a.sync([a, b]))]).toEqual([
    'fenced-instance-id',
    'waits',
    'rebalance-in-progress',
  ]);
});

test('of two processes with one instance id the later one joins', () => {
  const story = new Story({ initialRebalanceDelayMs: 1_000 });
  const [early, late] = [story.member({ instanceId: 'a' }), story.member({ instanceId: 'a' })];
  const [first, second] = [early.join(), late.join()];
  expect([errorOf(first), errorOf(second)]).toEqual(['fenced-instance-id', 'waits']);
  story.pass(2_000);
  expect(late.took(second).members).toHaveLength(1);
});
