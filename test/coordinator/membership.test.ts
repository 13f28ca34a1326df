import { expect, test } from 'vitest';
import { bytes, errorOf, granted, Story, subscription, text } from './story.js';

// The stories of Kafka's classic protocol, each as its clients live through it.

test('two members join: one leads and hears of both, each gets what the leader gave it', () => {
  const story = new Story({ initialRebalanceDelayMs: 3_000 });
  const [a, b] = [story.member(), story.member()];
  const [askedA, askedB] = [a.join(), b.join()];
  story.pass(2_999);
  expect(errorOf(askedA)).toBe('waits');
  story.pass(3_001);
  expect(a.took(askedA)).toMatchObject({ generationId: 1, leaderId: a.memberId, protocolName: 'range', skipAssignment: false });
  expect(a.joined?.members.map(({ memberId }) => memberId)).toEqual([a.memberId, b.memberId]);
  expect(b.took(askedB)).toMatchObject({ generationId: 1, leaderId: a.memberId, members: [] });

  const followed = b.sync();
  expect(errorOf(followed)).toBe('waits');
  const led = a.sync([a, b]);
  expect(text(granted(led).assignment)).toBe(`${a.memberId}@1`);
  expect(text(granted(followed).assignment)).toBe(`${b.memberId}@1`);
  expect(story.state).toBe('Stable');
  expect(errorOf(b.heartbeat())).toBe('none');
});

test('while members keep coming, the initial delay begins anew, up to the rebalance timeout', () => {
  const story = new Story({ initialRebalanceDelayMs: 3_000 });
  const terms = { rebalanceTimeoutMs: 10_000 };
  const asked = [story.member(terms).join()];
  for (let second = 2; second <= 9; second += 2) {
    story.pass(2_000);
    asked.push(story.member(terms).join());
  }
  story.pass(1_000);
  expect(asked.map(errorOf)).toEqual(asked.map(() => 'waits'));
  story.pass(1_000);
  expect(asked.map(errorOf)).toEqual(asked.map(() => 'none'));
  expect(story.group.generationId).toBe(1);
});

test('a group of one begins at once where there is no initial delay', () => {
  const story = new Story();
  const a = story.member();
  expect(a.took(a.join()).generationId).toBe(1);
});

test('one dies: the others are told by their heartbeats, and go on without it', () => {
  const story = new Story();
  const [a, b] = [story.member(), story.member()];
  const first = a.join();
  const joining = b.join();
  a.took(first);
  a.took(a.join());
  b.took(joining);
  a.sync([a, b]);
  b.sync();
  expect([a.generationId, b.generationId]).toEqual([2, 2]);

  story.pass(6_000);
  expect(errorOf(a.heartbeat())).toBe('none');
  story.pass(6_000);
  expect(errorOf(a.heartbeat())).toBe('rebalance-in-progress');
  expect(errorOf(b.heartbeat())).toBe('unknown-member-id');
  expect(a.took(a.join())).toMatchObject({ generationId: 3, leaderId: a.memberId });
  expect(a.joined?.members).toHaveLength(1);
});

test('the leader dies between join and sync: who waits for an assignment is told to join again, and another leads', () => {
  const story = new Story({ initialRebalanceDelayMs: 1_000 });
  const [a, b] = [story.member(), story.member()];
  story.gather(a, b);
  expect(a.isLeader).toBe(true);
  const waiting = b.sync();
  story.pass(9_999);
  expect(errorOf(waiting)).toBe('waits');
  story.pass(1);
  expect(errorOf(waiting)).toBe('rebalance-in-progress');
  expect(b.took(b.join())).toMatchObject({ generationId: 2, leaderId: b.memberId });
  expect(errorOf(a.sync([a, b]))).toBe('unknown-member-id');
});

test('a follower that never asks for its assignment does not keep its share', () => {
  const story = new Story({ initialRebalanceDelayMs: 1_000 });
  const [a, b] = [story.member({ rebalanceTimeoutMs: 20_000 }), story.member({ rebalanceTimeoutMs: 20_000 })];
  story.gather(a, b);
  a.sync([a, b]);
  for (let count = 0; count < 4; count++) {
    story.pass(5_000 - 1);
    a.heartbeat();
    b.heartbeat();
  }
  story.pass(4);
  expect(errorOf(a.heartbeat())).toBe('rebalance-in-progress');
  expect(errorOf(b.heartbeat())).toBe('unknown-member-id');
});

test('who does not join again within the rebalance timeout is out, a static member is not', () => {
  const story = new Story({ initialRebalanceDelayMs: 1_000, sessionTimeoutMsMax: 1e9 });
  const terms = { sessionTimeoutMs: 1e6, rebalanceTimeoutMs: 5_000 };
  const [a, slow, fixed] = [story.member(terms), story.member(terms), story.member({ ...terms, instanceId: 'fixed' })];
  story.settle(a, slow, fixed);

  const again = a.join();
  story.pass(4_999);
  expect(errorOf(again)).toBe('waits');
  story.pass(1);
  expect(a.took(again).members.map(({ memberId }) => memberId)).toEqual([a.memberId, fixed.memberId]);
  expect(errorOf(slow.heartbeat())).toBe('unknown-member-id');
});

test('who waits for a rebalance need not be heard of meanwhile, unless nobody has ever heard of it', () => {
  const story = new Story({ sessionTimeoutMsMax: 1e9, newMemberTimeoutMs: 30_000 });
  const slow = story.member({ sessionTimeoutMs: 1e8, rebalanceTimeoutMs: 60_000 });
  const [known, fresh] = [story.member(), story.member()];
  story.settle(slow);
  const joining = known.join();
  slow.took(slow.join());
  known.took(joining);
  slow.sync([slow, known]);
  known.sync();
  const [again, first] = [known.join({ protocols: [{ name: 'range', metadata: bytes('x') }] }), fresh.join()];
  story.pass(29_999);
  expect([errorOf(again), errorOf(first)]).toEqual(['waits', 'waits']);
  story.pass(1);
  expect([errorOf(again), errorOf(first)]).toEqual(['waits', 'unknown-member-id']);
  story.pass(30_000);
  expect(errorOf(again)).toBe('none');
});

test('where static members alone are left and none is there, the rebalance waits on, until one comes', () => {
  const story = new Story({ sessionTimeoutMsMax: 1e9 });
  const fixed = story.member({ instanceId: 'fixed', sessionTimeoutMs: 1e6, rebalanceTimeoutMs: 5_000 });
  story.settle(fixed);
  const guest = story.member({ rebalanceTimeoutMs: 5_000, sessionTimeoutMs: 6_000 });
  const asked = guest.join();
  guest.leave();
  expect(errorOf(asked)).toBe('unknown-member-id');
  story.pass(20_000);
  expect(story.state).toBe('PreparingRebalance');
  expect(fixed.took(fixed.join())).toMatchObject({ generationId: 2, leaderId: fixed.memberId });
});

test('a zombie of an older generation gets nowhere', () => {
  const story = new Story();
  const [a, zombie] = [story.member(), story.member()];
  story.settle(a);
  zombie.memberId = a.memberId;
  zombie.generationId = a.generationId;
  a.took(a.join());
  a.sync([a]);
  expect(a.generationId).toBe(2);
  expect(errorOf(zombie.heartbeat())).toBe('illegal-generation');
  expect(errorOf(zombie.sync([zombie]))).toBe('illegal-generation');
  expect(errorOf(zombie.commit(7))).toBe('illegal-generation');
});

test('a generation gets one assignment: what its leader says later changes nothing', () => {
  const story = new Story();
  const a = story.member();
  story.settle(a);
  const later = a.sync([], { assignments: [{ memberId: a.memberId, assignment: bytes('another') }] });
  expect(text(granted(later).assignment)).toBe(`${a.memberId}@1`);
});

test('an answer that was lost is given again, without a rebalance', () => {
  const story = new Story({ initialRebalanceDelayMs: 1_000 });
  const [a, b] = [story.member(), story.member()];
  story.gather(a, b);
  expect(granted(a.join()).members).toHaveLength(2);
  a.sync([a, b]);
  b.sync();
  expect(granted(b.join())).toMatchObject({ generationId: 1, members: [] });
  expect(story.state).toBe('Stable');
});

test('a join that is asked twice is answered twice', () => {
  const story = new Story({ initialRebalanceDelayMs: 1_000 });
  const a = story.member();
  const first = a.join();
  const second = a.join();
  expect(errorOf(first)).toBe('rebalance-in-progress');
  story.pass(1_000);
  expect(errorOf(second)).toBe('none');
});

test('a cooperative member gives partitions back by joining at once with another subscription', () => {
  const story = new Story({ initialRebalanceDelayMs: 1_000 });
  const [a, b] = [story.member(), story.member()];
  story.settle(a, b);
  const revoked = b.join({ protocols: [{ name: 'range', metadata: subscription('orders', 'without-3') }] });
  expect(errorOf(revoked)).toBe('waits');
  expect(errorOf(a.commit(5))).toBe('none');
  expect(errorOf(a.heartbeat())).toBe('rebalance-in-progress');
  a.took(a.join());
  b.took(revoked);
  expect([a.generationId, b.generationId]).toEqual([2, 2]);
});

test('an id that was given out holds the rebalance up until somebody comes with it, or nobody does', () => {
  const story = new Story({ initialRebalanceDelayMs: 0 });
  const [a, b] = [story.member(), story.member()];
  story.settle(a);
  const request = { comesAgainWithId: true, sessionTimeoutMs: 6_000 };
  const ghost = story.ask('join', {
    ...request,
    memberId: '',
    clientId: 'ghost',
    clientHost: '/h',
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: bytes('x') }],
    canSkipAssignment: false,
  });
  expect(errorOf(ghost)).toBe('member-id-required');
  expect(story.state).toBe('Stable');
  const joining = b.join();
  const again = a.join();
  expect([errorOf(joining), errorOf(again)]).toEqual(['waits', 'waits']);
  story.pass(6_000);
  expect([errorOf(joining), errorOf(again)]).toEqual(['none', 'none']);
  const late = ghost.answer?.ok === false ? (ghost.answer.error.memberId ?? '') : '';
  expect(errorOf(b.join({ memberId: late }))).toBe('unknown-member-id');
});

test('a client of an old version joins at once, and its session timeout serves for rebalances', () => {
  const story = new Story();
  const old = story.member({ comesAgainWithId: false, rebalanceTimeoutMs: undefined, sessionTimeoutMs: 7_000 });
  old.took(old.join());
  expect(story.group.members.rebalanceTimeoutMs).toBe(7_000);
});

test.each([
  ['a session that is too short', { sessionTimeoutMs: 5_999 }, 'invalid-session-timeout'],
  ['a session that is too long', { sessionTimeoutMs: 1_800_001 }, 'invalid-session-timeout'],
  ['no protocol', { protocols: [] }, 'inconsistent-group-protocol'],
  ['another type', { protocolType: 'connect' }, 'inconsistent-group-protocol'],
  ['nothing in common', { protocols: [{ name: 'own', metadata: bytes('') }] }, 'inconsistent-group-protocol'],
  ['an id that nobody was given', { memberId: 'someone' }, 'unknown-member-id'],
  ['an instance that is not there', { memberId: 'someone', instanceId: 'i' }, 'unknown-member-id'],
  ['a name without end', { clientId: 'x'.repeat(9_000) }, 'policy-violation'],
  [
    'more metadata than a group may have',
    { protocols: [{ name: 'range', metadata: new Uint8Array(1 << 20) }] },
    'group-max-size-reached',
  ],
] as const)('a join with %s is refused', (_, terms, error) => {
  const story = new Story();
  story.settle(story.member());
  const other = story.member();
  expect(errorOf(other.join(terms))).toBe(error);
  expect(story.state).toBe('Stable');
});

test('a group takes no more members than it may have', () => {
  const story = new Story({ membersMax: 2, initialRebalanceDelayMs: 1_000 });
  const members = [story.member(), story.member(), story.member()];
  const asked = members.map((member) => member.join());
  expect(asked.map(errorOf)).toEqual(['waits', 'waits', 'group-max-size-reached']);
  story.pass(2_000);
  expect(errorOf(story.member().join())).toBe('group-max-size-reached');
});

test('a group that is larger than it may be by now sheds those who come last', () => {
  const before = new Story({ initialRebalanceDelayMs: 1_000 });
  const members = [before.member(), before.member(), before.member()];
  before.settle(...members);

  const after = new Story({ membersMax: 2 });
  after.records = before.records;
  after.crash();
  expect(after.state).toBe('PreparingRebalance');
  const again = members.map((member) => {
    const same = after.member();
    same.memberId = member.memberId;
    return same.join();
  });
  expect(again.map(errorOf)).toEqual(['waits', 'waits', 'group-max-size-reached']);
});

test('foreign protocols are chosen by votes among those that all can use', () => {
  const story = new Story({ initialRebalanceDelayMs: 1_000 });
  const of = (...names: readonly string[]) => ({
    protocolType: 'connect',
    protocols: names.map((name) => ({ name, metadata: bytes(name) })),
  });
  const [a, b, c] = [story.member(of('x', 'y', 'z')), story.member(of('z', 'y')), story.member(of('z', 'w', 'y'))];
  story.gather(a, b, c);
  const { joined } = a;
  expect(joined).toMatchObject({ protocolType: 'connect', protocolName: 'z' });
  expect(joined?.members.map(({ metadata }) => text(metadata))).toEqual(['z', 'z', 'z']);
});

test.each([
  [{ protocolType: 'connect' }, 'inconsistent-group-protocol'],
  [{ protocolName: 'sticky' }, 'inconsistent-group-protocol'],
  [{ protocolType: 'consumer', protocolName: 'range' }, 'none'],
  [{ generationId: 7 }, 'illegal-generation'],
  [{ memberId: 'other' }, 'unknown-member-id'],
  [{ instanceId: 'i' }, 'unknown-member-id'],
])('a sync with %o: %s', (more, error) => {
  const story = new Story();
  const a = story.member();
  a.took(a.join());
  expect(errorOf(a.sync([a], more))).toBe(error);
});

test('assignments that make no record are refused, and the group lives on', () => {
  const story = new Story();
  const a = story.member();
  a.took(a.join());
  const assignments = [{ memberId: a.memberId, assignment: new Uint8Array(1 << 20) }];
  expect(errorOf(a.sync([], { assignments }))).toBe('unknown-server-error');
  expect(errorOf(a.sync([a]))).toBe('none');
});

test('members leave alone, together, by instance, before they have come; strangers are named', () => {
  const story = new Story({ initialRebalanceDelayMs: 1_000 });
  const [a, fixed] = [story.member(), story.member({ instanceId: 'fixed' })];
  story.gather(a, fixed);
  const newcomer = story.member().join();
  const pendingId = 'id-99';
  story.group.pending.set(pendingId, 1e9);
  const left = story.ask('leave', {
    members: [
      { memberId: '', instanceId: 'fixed' },
      { memberId: '', instanceId: 'nobody' },
      { memberId: 'stranger' },
      { memberId: pendingId },
      { memberId: a.memberId, instanceId: 'fixed' },
    ],
  });
  expect(granted(left).members.map(({ error }) => error)).toEqual([
    undefined,
    'unknown-member-id',
    'unknown-member-id',
    undefined,
    'unknown-member-id',
  ]);
  expect([errorOf(newcomer), story.state]).toEqual(['waits', 'PreparingRebalance']);
  expect(errorOf(a.leave())).toBe('none');
  expect(errorOf(newcomer)).toBe('none');
});

test('the last one leaves: the group is empty, in the next generation, and that is recorded', () => {
  const story = new Story();
  const a = story.member();
  story.settle(a);
  a.leave();
  expect([story.state, story.group.generationId]).toEqual(['Empty', 2]);
  story.crash();
  expect([story.state, story.group.generationId, story.group.protocolType]).toEqual(['Empty', 2, 'consumer']);
});

test('after a crash the generation goes on: members find their place, with a whole session before them', () => {
  const story = new Story({ initialRebalanceDelayMs: 1_000 });
  const [a, b] = [story.member(), story.member()];
  story.settle(a, b);
  story.pass(9_000);
  story.crash();
  story.pass(9_000);
  expect(errorOf(a.heartbeat())).toBe('none');
  expect(errorOf(b.commit(3))).toBe('none');
  expect(text(granted(b.sync()).assignment)).toBe(`${b.memberId}@1`);
  story.pass(10_000);
  expect([story.state, story.group.members.count]).toEqual(['Empty', 0]);
});

test('a crash in the middle of a rebalance leaves the generation before it', () => {
  const story = new Story();
  const a = story.member();
  story.settle(a);
  a.took(a.join());
  expect(a.generationId).toBe(2);
  story.crash();
  expect(errorOf(a.heartbeat())).toBe('illegal-generation');
  expect(a.took(a.join()).generationId).toBe(2);
});
