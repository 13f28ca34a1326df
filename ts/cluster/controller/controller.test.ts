import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HostedPartition, ShardAssignment } from '../../model/assignment.js';
import type { ExitReason } from '../../model/exit-codes.js';
import type { Clock } from '../../model/ports.js';
import { failed, ok } from '../../model/result.js';
import type { LogEntry } from '../../native/raft.js';
import { encodeRecords } from '../metadata/records/record.js';
import type { MetadataLog } from '../raft/host.js';
import { View, type ViewChange } from '../view.js';
import { Controller, type ControllerEvents, type ControllerOptions } from './controller.js';

/** Time that passes when the test says so. */
class TestClock implements Clock {
  #now = 0;
  #timers: { readonly at: number; readonly callback: () => void }[] = [];

  monotonicMs(): number {
    return this.#now;
  }

  wallMs(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  pass(ms: number): void {
    this.#now += ms;
    const due = this.#timers.filter(({ at }) => at <= this.#now);
    this.#timers = this.#timers.filter(({ at }) => at > this.#now);
    for (const { callback } of due) callback();
  }
}

type Failing = { readonly code: 'io'; readonly message: string };

/** What stays of a log when its node dies: entries, the snapshot, and how many writes its disk has yet to take. */
class TestDisk {
  snapshot: LogEntry = { index: 1, quorumEpoch: 1, content: new Uint8Array() };
  entries: LogEntry[] = [];
  quorumEpoch = 1;
  writesLeft = Number.POSITIVE_INFINITY;
  size = 0;
  rests = 0;
  rewrites = 0;
}

/** A quorum of one as the consensus engine behaves: durable in the turn in which it proposes. */
class TestLog implements MetadataLog {
  readonly #disk: TestDisk;
  #proposed: Uint8Array[] = [];
  #handedOut: number;
  #isLeader = false;

  constructor(disk: TestDisk) {
    this.#disk = disk;
    this.#handedOut = disk.snapshot.index;
  }

  get #last(): number {
    return this.#disk.snapshot.index + this.#disk.entries.length;
  }

  state() {
    const { snapshot, quorumEpoch, size } = this.#disk;
    const index = this.#handedOut;
    const log = {
      lastIndex: this.#last,
      commitIndex: index,
      snapshotIndex: snapshot.index,
      snapshotSize: snapshot.content.length,
    };
    return { ...log, node: 1, leader: 1, isLeader: this.#isLeader, quorumEpoch, journalSize: size };
  }

  snapshot() {
    return this.#disk.snapshot;
  }

  campaign() {
    this.#disk.quorumEpoch += 1;
    this.#isLeader = true;
    this.#proposed.push(new Uint8Array());
    return undefined;
  }

  propose(content: Uint8Array) {
    if (!this.#isLeader) return failed({ code: 'not-leader', message: '' } as const);
    this.#proposed.push(content);
    return ok({ index: this.#last + this.#proposed.length, quorumEpoch: this.#disk.quorumEpoch });
  }

  step() {
    return undefined;
  }

  tick() {
    return undefined;
  }

  turn() {
    const failure: Failing = { code: 'io', message: 'the disk is gone' };
    for (const content of this.#proposed.splice(0)) {
      if (this.#disk.writesLeft <= 0) return failed(failure);
      this.#disk.writesLeft -= 1;
      this.#disk.size += 8192;
      this.#disk.entries.push({ index: this.#last + 1, quorumEpoch: this.#disk.quorumEpoch, content });
    }
    const committed = this.#disk.entries.slice(this.#handedOut - this.#disk.snapshot.index);
    this.#handedOut = this.#last;
    return ok({ committed, outgoing: [] });
  }

  compact(index: number, content: Uint8Array) {
    const { entries, snapshot, quorumEpoch } = this.#disk;
    this.#disk.entries = entries.slice(index - snapshot.index);
    this.#disk.snapshot = { index, quorumEpoch, content };
    this.#disk.size = content.length;
    this.#disk.rewrites += 1;
    return undefined;
  }

  rest() {
    this.#disk.rests += 1;
    return undefined;
  }

  close() {
    return undefined;
  }
}

interface Told {
  readonly assignments: { readonly number: number; readonly assignment: ShardAssignment }[];
  readonly views: ViewChange[];
  readonly fatal: (readonly [ExitReason, string])[];
  ready: number;
}

const shardsCount = 2;

/** A node whose shards and gateways answer when `settle` is called. */
class Node {
  readonly clock = new TestClock();
  readonly told: Told = { assignments: [], views: [], fatal: [], ready: 0 };
  readonly view = new View({ nodeId: 1, nodes: [], autoCreateTopics: true });
  readonly controller: Controller;
  readonly hosted = new Map<string, HostedPartition>();
  #handle = 0;

  constructor(disk: TestDisk, options: Partial<ControllerOptions> = {}) {
    const events: ControllerEvents = {
      onAssignment: (number, assignment) => this.told.assignments.push({ number, assignment }),
      onView: (change) => this.told.views.push(change),
      onReady: () => {
        this.told.ready += 1;
      },
      onOutgoing: () => undefined,
      onFatal: (reason, message) => this.told.fatal.push([reason, message]),
    };
    const defaults = { nodeId: 1, partitions: 3, replicationFactor: 1, partitionsMax: 1000, configs: { batchSizeMax: 2 ** 24 } };
    const random = { bytes: (size: number) => crypto.getRandomValues(new Uint8Array(size)) };
    this.controller = new Controller(
      { log: new TestLog(disk), clock: this.clock, random, defaults, shardsCount, offsetsTopic: { configs: {} }, ...options },
      events,
    );
  }

  /** Shards and gateways do what they were told. */
  settle(): void {
    this.clock.pass(1);
    // A shard gets its next assignment for the answer to the last one.
    for (let next = this.told.assignments.shift(); next !== undefined; next = this.told.assignments.shift()) {
      const { number, assignment } = next;
      for (const partition of assignment.host) this.hosted.set(`${partition.topicId}/${partition.partition}`, partition);
      for (const { topicId, partition } of assignment.remove) this.hosted.delete(`${topicId}/${partition}`);
      const answers = assignment.host.map(({ topicId, partition }) => ({ topicId, partition, handle: this.#handle++ }));
      this.controller.assigned(number, assignment.shard, answers);
    }
    for (const change of this.told.views.splice(0)) {
      this.view.apply(change);
      this.controller.viewed(change.version);
    }
  }
}

function started(disk: TestDisk, startCount: number, options: Partial<ControllerOptions> = {}): Node {
  const node = new Node(disk, options);
  node.controller.start(startCount);
  node.settle();
  return node;
}

async function answered<T>(node: Node, answer: Promise<T>): Promise<T> {
  node.settle();
  return await answer;
}

const topic = (name: string) => ({ name, configs: {} });

test('a topic is answered once its shards host it and its gateways route to it', async () => {
  const node = started(new TestDisk(), 5);
  expect(node.told.ready).toBe(1);
  let isAnswered = false;
  const answer = node.controller.createTopic(topic('a'), false).then((result) => {
    isAnswered = true;
    return result;
  });
  node.clock.pass(1);
  const { assignments } = node.told;
  expect(assignments.flatMap(({ assignment }) => assignment.host)).toHaveLength(3);
  for (const { number, assignment } of assignments.splice(0)) {
    await Promise.resolve();
    expect(node.told.views).toHaveLength(0);
    const hosted = assignment.host.map(({ topicId, partition }) => ({ topicId, partition, handle: 10 + partition }));
    node.controller.assigned(number, assignment.shard, hosted);
  }
  expect(node.told.views).toHaveLength(1);
  await Promise.resolve();
  expect(isAnswered).toBe(false);
  node.settle();
  const route = await answer;
  expect(route).toMatchObject({ ok: true, value: { name: 'a', durability: 'fsync', batchSizeMax: 1_048_588 } });
  const partitions = route.ok ? route.value.partitions : [];
  expect(partitions.map(({ handle, leaderEpoch }) => [handle, leaderEpoch])).toEqual([
    [10, 5],
    [11, 5],
    [12, 5],
  ]);
  expect(node.view.topic('a')).toEqual(route.ok && route.value);
});

test('commands that arrive together share one entry, and each is decided on those before it', async () => {
  const disk = new TestDisk();
  const node = started(disk, 1);
  const before = disk.entries.length;
  const answers = Promise.all([
    node.controller.createTopic(topic('a'), false),
    node.controller.createTopic(topic('a'), false),
    node.controller.addPartitions('a', 5, false),
    node.controller.alterTopic('a', { set: { durability: 'replicated' }, reset: [] }, false),
    node.controller.deleteTopic('b'),
  ]);
  const [created, again, grown, altered, deleted] = await answered(node, answers);
  expect(disk.entries.length).toBe(before + 1);
  expect([created.ok, grown.ok, altered.ok]).toEqual([true, true, true]);
  expect(again).toMatchObject({ ok: false, error: { error: 'topic-exists' } });
  expect(deleted).toMatchObject({ ok: false, error: { error: 'unknown-topic' } });
  expect(node.view.topic('a')).toMatchObject({ durability: 'replicated', partitions: { length: 5 } });
  expect(node.view.configsOf('a')).toEqual({ 'flush.messages': '9223372036854775807' });
});

test('a deleted topic leaves the view before its shards take it away, and is answered when they have', async () => {
  const node = started(new TestDisk(), 1);
  const created = await answered(node, node.controller.createTopic(topic('a'), false));
  const answer = node.controller.deleteTopic('a');
  node.clock.pass(1);
  expect(node.told.views.map(({ removed }) => removed.map(({ name }) => name))).toEqual([['a']]);
  expect(node.told.assignments.flatMap(({ assignment }) => assignment.remove)).toHaveLength(3);
  expect(await answered(node, answer)).toEqual({ ok: true, value: created.ok && created.value.topicId });
  expect([node.view.topic('a'), node.hosted.size]).toEqual([undefined, 0]);
  const again = await answered(node, node.controller.createTopic(topic('a'), false));
  expect(again.ok && again.value.topicId).not.toBe(created.ok && created.value.topicId);
  expect(node.view.topic('a')?.topicId).toBe(again.ok && again.value.topicId);
});

test('a shard has one assignment at a time, in the order of the log', async () => {
  const node = started(new TestDisk(), 1);
  const first = node.controller.createTopic({ ...topic('a'), partitions: 8 }, false);
  node.clock.pass(1);
  const second = node.controller.alterTopic('a', { set: { durability: 'replicated' }, reset: [] }, false);
  node.clock.pass(1);
  const third = node.controller.deleteTopic('a');
  node.clock.pass(1);
  expect(node.told.assignments.map(({ assignment }) => assignment.shard)).toEqual([0, 1]);
  expect(node.told.assignments.every(({ assignment }) => assignment.host[0]?.settings.durability === 'fsync')).toBe(true);
  const [created, altered, deleted] = await answered(node, Promise.all([first, second, third]));
  expect(created).toMatchObject({ ok: false, error: { error: 'unknown-topic' } });
  expect([altered.ok, deleted.ok]).toEqual([false, true]);
  expect([node.hosted.size, node.view.topic('a')]).toEqual([0, undefined]);
});

test('validating changes nothing and fails as the real one would', async () => {
  const disk = new TestDisk();
  const node = started(disk, 1);
  const before = disk.entries.length;
  expect(await node.controller.createTopic(topic('a'), true)).toMatchObject({ ok: true, value: { partitions: { length: 3 } } });
  expect(await node.controller.createTopic(topic('..'), true)).toMatchObject({ error: { error: 'invalid-topic' } });
  expect(await node.controller.addPartitions('a', 9, true)).toMatchObject({ error: { error: 'unknown-topic' } });
  expect([disk.entries.length, node.controller.image.topics.size]).toEqual([before, 0]);
});

test('a shard that cannot host a partition fails the command about that topic alone', async () => {
  const node = started(new TestDisk(), 1);
  const answers = Promise.all([node.controller.createTopic(topic('a'), false), node.controller.createTopic(topic('b'), false)]);
  node.clock.pass(1);
  const bad = node.controller.image.byName.get('a')?.topicId;
  for (const { number, assignment } of node.told.assignments.splice(0)) {
    const hosted = assignment.host.map(({ topicId, partition }) =>
      topicId === bad && partition === 1
        ? { topicId, partition, failure: { error: 'disk-full' } as const }
        : { topicId, partition, handle: 1 },
    );
    node.controller.assigned(number, assignment.shard, hosted);
  }
  const [a, b] = await answered(node, answers);
  expect(a).toEqual({ ok: false, error: { error: 'disk-full' } });
  expect(b.ok).toBe(true);
  expect(node.view.topic('a')?.partitions.map(({ handle }) => handle)).toEqual([1, -1, 1]);
});

test('a full queue refuses, and a closed controller says so', async () => {
  const node = started(new TestDisk(), 1, { capacity: 2 });
  const answers = ['a', 'b', 'c'].map((name) => node.controller.createTopic(topic(name), false));
  expect(await answers[2]).toEqual({ ok: false, error: { error: 'overloaded' } });
  node.clock.pass(1);
  node.controller.close();
  expect(await Promise.all(answers.slice(0, 2))).toEqual([0, 1].map(() => ({ ok: false, error: { error: 'shutting-down' } })));
  expect(await node.controller.createTopic(topic('d'), false)).toEqual({ ok: false, error: { error: 'shutting-down' } });
  expect(await node.controller.allocateProducer()).toEqual({ ok: false, error: { error: 'shutting-down' } });
  expect(node.told.fatal).toEqual([]);
});

test('a journal that fails ends the node, and nothing is answered as done', async () => {
  const disk = new TestDisk();
  const node = started(disk, 1);
  disk.writesLeft = 0;
  const answer = node.controller.createTopic(topic('a'), false);
  expect(await answered(node, answer)).toEqual({ ok: false, error: { error: 'timed-out' } });
  expect(node.told.fatal).toEqual([['diskFenced', 'the disk is gone']]);
  expect(await node.controller.createTopic(topic('b'), false)).toMatchObject({ error: { error: 'shutting-down' } });
});

test.each<[ExitReason, Uint8Array]>([
  ['failed', Uint8Array.from([77, 0, 0, 0, 0, 0])],
  ['corruption', Uint8Array.from([4, 0, 1, 0, 0, 0, 0])],
  ['corruption', encodeRecords([{ type: 'topic-deleted', topicId: '1'.repeat(32) as never }])],
])('a log that cannot be read ends the node: %s', (reason, content) => {
  const disk = new TestDisk();
  disk.entries.push({ index: 2, quorumEpoch: 1, content });
  const node = new Node(disk);
  node.controller.start(1);
  expect(node.told.fatal).toMatchObject([[reason, expect.any(String)]]);
  expect(node.told.assignments).toEqual([]);
});

test('the journal gets its witness when commands pause, and is written anew when it is long', async () => {
  const disk = new TestDisk();
  const node = started(disk, 1);
  for (let number = 0; number < 200; number++) await answered(node, node.controller.createTopic(topic(`t${number}`), false));
  expect(disk.rewrites).toBeGreaterThan(0);
  expect(disk.entries.length).toBeLessThan(200);
  node.clock.pass(100);
  const { rests } = disk;
  expect(rests).toBeGreaterThan(0);
  node.clock.pass(1000);
  expect(disk.rests).toBe(rests);
  const again = started(disk, 2);
  expect([...again.controller.image.byName.keys()].sort()).toEqual([...node.controller.image.byName.keys()].sort());
  expect(again.hosted.size).toBe(600);
});

const life = fc.record({
  writes: fc.integer({ min: 0, max: 12 }),
  steps: fc.array(fc.constantFrom('producer', 'create', 'delete', 'grow', 'alter'), { maxLength: 12 }),
});

test('over random crashes producer ids and topic ids are never given twice, what was answered stays, and epochs rise', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(life, { maxLength: 6 }), async (lives) => {
      const disk = new TestDisk();
      const producers: number[] = [];
      const topicIds: string[] = [];
      const names = new Map<string, boolean>();
      let lastEpoch = 0;
      for (const [number, { writes, steps }] of lives.entries()) {
        disk.writesLeft = writes;
        const node = started(disk, number * 2 + 1);
        for (const { leaderEpoch } of node.hosted.values()) expect(leaderEpoch).toBe(number * 2 + 1);
        if (node.hosted.size > 0) expect(number * 2 + 1).toBeGreaterThan(lastEpoch);
        lastEpoch = number * 2 + 1;
        for (const [name, isThere] of names) {
          if (node.told.fatal.length === 0) expect(node.view.topic(name) !== undefined, name).toBe(isThere);
        }
        for (const [at, step] of steps.entries()) {
          const name = `t${at % 3}`;
          if (step === 'producer') {
            // As many as a block has, so that blocks run out.
            for (let count = 0; count < 400; count++) {
              const allocated = node.controller.allocateProducer();
              if (count % 100 === 0) node.settle();
              const result = await answered(node, allocated);
              if (!result.ok) break;
              producers.push(result.value.producerId);
            }
          } else if (step === 'create') {
            const result = await answered(node, node.controller.createTopic(topic(name), false));
            if (result.ok) topicIds.push(result.value.topicId);
            if (result.ok) names.set(name, true);
            else if (result.error.error === 'timed-out') names.delete(name);
          } else if (step === 'delete') {
            const result = await answered(node, node.controller.deleteTopic(name));
            if (result.ok) names.set(name, false);
            else if (result.error.error === 'timed-out') names.delete(name);
          } else if (step === 'grow') {
            await answered(node, node.controller.addPartitions(name, 3 + at, false));
          } else {
            await answered(node, node.controller.alterTopic(name, { set: { 'retention.ms': String(at) }, reset: [] }, false));
          }
        }
      }
      expect(new Set(producers).size).toBe(producers.length);
      expect(new Set(topicIds).size).toBe(topicIds.length);
    }),
    { numRuns: 50 },
  );
});
