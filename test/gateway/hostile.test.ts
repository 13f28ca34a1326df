import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Deadlines } from '../../ts/gateway/deadlines.js';
import { Routing } from '../../ts/gateway/routing.js';
import { defaultLimits } from '../../ts/gateway/settings.js';
import { ShardCalls } from '../../ts/gateway/shard-calls.js';
import { Framer } from '../../ts/gateway/subscriptions/framer.js';
import { Outflow } from '../../ts/gateway/subscriptions/outflow.js';
import { Subscriptions } from '../../ts/gateway/subscriptions/subscriptions.js';
import { Tails } from '../../ts/gateway/tails.js';
import { Fetch } from '../../ts/gateway/verbs/fetch.js';
import { Gather } from '../../ts/gateway/verbs/gather.js';
import { Groups } from '../../ts/gateway/verbs/groups.js';
import { MissingTopics } from '../../ts/gateway/verbs/missing-topics.js';
import { Answers } from '../../ts/gateway/websocket/answers.js';
import { Connection, type Socket } from '../../ts/gateway/websocket/connection.js';
import { ok } from '../../ts/model/result.js';
import { Room } from '../../ts/ring/room.js';
import type { ClientMessage } from '../../ts/wire/proto/generated/messages.js';
import { type Draft, decodeClientMessage, decodeServerMessage, encodeClientMessage } from '../../ts/wire/proto/messages.js';
import { ManualClock, MemoryCluster } from './memory-cluster.js';
import { MemoryShard } from './memory-shard.js';
import { newProduce } from './produce-verb.js';
import { batchOf } from './running.js';

// Whatever bytes come: nothing throws, everything that is sent is a message, each request is answered once, an error about the
// connection is the last word, and nothing is kept behind it.

const limits = {
  ...defaultLimits,
  requestsMax: 6,
  subscriptionsMax: 2,
  messageSizeMax: 4096,
  fetchSizeMax: 500,
  creditMax: 5000,
};

class Rig implements Socket {
  readonly clock = new ManualClock();
  readonly cluster = new MemoryCluster();
  readonly shard = new MemoryShard();
  readonly channels = new Set<string>();
  readonly deadlines = new Deadlines(this.clock);
  readonly outflow = new Outflow(
    { sizeMax: 20_000, roundSizeMax: 2000, unreadSizeMax: 5000, stallMsMin: 100 },
    this.clock,
    this.deadlines,
  );
  readonly tails = new Tails();
  readonly subscriptions: Subscriptions;
  readonly fetch: Fetch;
  readonly connection: Connection;
  readonly asked = new Map<number, number>();
  readonly answered = new Map<number, number>();
  buffered = 0;
  isStalled = false;
  isOver = false;
  hasConnectionError = false;
  closes = 0;

  constructor() {
    this.cluster.add('t', 2);
    const { clock, deadlines, outflow, tails, cluster } = this;
    const routing = new Routing(cluster, [new ShardCalls(this.shard, { sizeMax: 5000, countMax: 10 })]);
    const framer = new Framer(1000, (target, at, source) => target.set(source, at));
    this.subscriptions = new Subscriptions({
      routing,
      tails,
      outflow,
      deadlines,
      limits: { subscriptionsMax: 2, partitionsMax: 3, creditMax: 5000, readsMax: 2 },
      countCaughtUp: () => undefined,
      feeds: {
        frameSizeMax: limits.fetchSizeMax,
        directMax: 0,
        countPublished: () => undefined,
        frame: (served, batches, ends) => framer.push(served, batches, ends),
        publish: (channel, frame) => this.channels.has(channel) && this.send(frame),
      },
    });
    const missing = new MissingTopics(routing, cluster, 1 << 20);
    this.fetch = new Fetch({ routing, tails, deadlines, waitingMax: 3 });
    const node = {
      version: '0',
      uptimeMs: () => 1.5,
      produceRefusal: () => undefined,
      reasons: () => [],
      dataSize: () => 0,
      diskFree: () => 0,
      disk: () => ({ path: '/data', totalSize: 0, freeSize: 0 }),
      settings: [],
      logLevel: () => 'info' as const,
      configsOf: () => [],
    };
    const produce = newProduce({ routing, missing, node, deadlines, clock });
    const counts = () => ({ connections: 1, subscriptions: 0 });
    const none = () => undefined;
    const gather = new Gather({
      tails: this.tails,
      deadlines,
      room: new Room(1 << 20),
      sizeMax: 1 << 20,
      waitingMax: 10,
      mayLend: false,
    });
    const nodeCommands = { setLogLevel: async () => ok(undefined) };
    this.connection = new Connection(this, {
      verbs: {
        routing,
        commands: cluster,
        nodeCommands,
        missing,
        produce,
        fetch: this.fetch,
        gather,
        groups: new Groups({ routing, commands: cluster, coordinators: [] }),
        node,
        clock,
        limits,
        counts,
      },
      subscriptions: this.subscriptions,
      framer,
      answers: new Answers(),
      server: 'test',
      unreadSizeMax: 5000,
      log: { debug: none, info: none },
      count: { received: none, began: none, failed: none, closed: none },
      onClosed: none,
    });
    cluster.onChange((changed) => this.subscriptions.onTopicsChanged(changed.map(({ name }) => name)));
  }

  receive(bytes: Uint8Array): void {
    if (this.isOver) return;
    const decoded = decodeClientMessage(bytes);
    if (decoded.ok) this.asked.set(decoded.value.requestId, (this.asked.get(decoded.value.requestId) ?? 0) + 1);
    const copy = bytes.slice();
    this.connection.onMessage(copy, true);
    // As the library does it: the bytes are gone when the call returns.
    copy.fill(0xee);
  }

  send(frame: Uint8Array): void {
    expect([this.isOver, this.hasConnectionError]).toEqual([false, false]);
    const decoded = decodeServerMessage(frame);
    if (!decoded.ok) throw new Error(decoded.error);
    const { requestId, body } = decoded.value;
    expect(body).toBeDefined();
    if (requestId > 0) this.answered.set(requestId, (this.answered.get(requestId) ?? 0) + 1);
    else if (body === 'error') this.hasConnectionError = true;
    if (this.isStalled) this.buffered += frame.length;
  }

  sendAll(frames: readonly Uint8Array[]): void {
    for (const frame of frames) this.send(frame);
  }

  bufferedSize(): number {
    return this.buffered;
  }

  follow(channel: string): void {
    this.channels.add(channel);
  }

  unfollow(channel: string): void {
    this.channels.delete(channel);
  }

  close(code: number, reason: string): void {
    expect(this.hasConnectionError).toBe(true);
    expect(code === 1009 || (code > 4000 && code < 4100)).toBe(true);
    expect(reason.length).toBeGreaterThan(0);
    this.closes += 1;
    this.terminate();
  }

  terminate(): void {
    expect(this.isOver).toBe(false);
    this.isOver = true;
    this.connection.onClosed();
  }

  stall(isStalled: boolean): void {
    this.isStalled = isStalled;
    if (isStalled || this.isOver || this.buffered === 0) return;
    this.buffered = 0;
    this.connection.onDrain();
  }
}

const name = fc.constantFrom('t', 't', 't', 'u', 'bad name', '');
const number = fc.oneof(fc.nat(5), fc.constantFrom(2 ** 32 - 1, 99, 1000));
const offsets = fc.oneof(fc.nat(8), fc.constant(Number.MAX_SAFE_INTEGER));
const id = fc.constantFrom(new Uint8Array(0), new Uint8Array(16), new Uint8Array(3), Buffer.from('1'.padStart(32, '0'), 'hex'));
const start = fc.oneof(
  fc.constantFrom({ beginning: {} }, { end: {} }, {}),
  offsets.map((offset) => ({ offset })),
  offsets.map((timestampMs) => ({ timestampMs })),
  fc
    .record({ topicId: id, offset: offsets, leaderEpoch: fc.option(number, { nil: undefined }) })
    .map((position) => ({ position })),
);
const batch = fc.oneof(
  fc.constantFrom(batchOf(['a']), batchOf(['a', 'b']), batchOf(['x'.repeat(900)])),
  fc.uint8Array({ maxLength: 80 }),
);

const body: fc.Arbitrary<Draft<ClientMessage>> = fc.oneof(
  fc.constantFrom<Draft<ClientMessage>>(
    { hello: { version: 1 } },
    { ping: {} },
    { allocateProducer: {} },
    { describeNode: {} },
    {},
  ),
  fc
    .record({
      acks: fc.nat(3),
      timeoutMs: number,
      durabilityMin: fc.nat(3),
      entries: fc.array(fc.record({ topic: name, partition: number, batch }), { maxLength: 3 }),
    })
    .map((produce) => ({ produce })),
  fc
    .record({
      subscriptionId: fc.nat(3),
      topic: name,
      partitions: fc.array(fc.record({ partition: number, start }), { maxLength: 2 }),
      start,
      credit: fc.nat(9000),
      includeNewPartitions: fc.boolean(),
    })
    .map((subscribe) => ({ subscribe })),
  fc.nat(3).map((subscriptionId) => ({ unsubscribe: { subscriptionId } })),
  fc
    .record({
      topic: name,
      partition: number,
      offset: offsets,
      sizeMax: number,
      sizeMin: number,
      waitMs: number,
      leaderEpoch: number,
      topicId: id,
    })
    .map((fetch) => ({ fetch })),
  fc.record({ topic: name, partitions: fc.array(number, { maxLength: 3 }), at: start }).map((listOffsets) => ({ listOffsets })),
  fc.record({ topics: fc.array(name, { maxLength: 3 }), createMissing: fc.boolean() }).map((metadata) => ({ metadata })),
  fc.record({ name, partitions: fc.nat(3), validateOnly: fc.boolean() }).map((createTopic) => ({ createTopic })),
  name.map((each) => ({ deleteTopic: { name: each } })),
  fc.record({ name, partitions: fc.nat(4), validateOnly: fc.boolean() }).map((addPartitions) => ({ addPartitions })),
  name.map((each) => ({ describeTopic: { name: each } })),
);

const message = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: 4000 }), body)
      .map(([requestId, each]) => encodeClientMessage({ requestId, ...each })),
  },
  {
    weight: 2,
    arbitrary: fc.record({ subscriptionId: fc.nat(3), size: offsets }).map((credit) => encodeClientMessage({ credit })),
  },
);
const spoilt = fc.oneof(
  fc.tuple(message, fc.nat(60)).map(([bytes, size]) => bytes.subarray(0, size)),
  fc
    .tuple(message, fc.nat(60), fc.nat(255))
    .map(([bytes, at, value]) => bytes.map((byte, index) => (index === at % Math.max(1, bytes.length) ? value : byte))),
  fc.uint8Array({ maxLength: 60 }),
  fc.constant(new Uint8Array(5000)),
);

type Step = Uint8Array | number | 'all' | 'stall' | 'resume' | 'time' | 'full' | 'free' | 'microtasks';

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: message },
  { weight: 1, arbitrary: spoilt },
  { weight: 10, arbitrary: fc.nat(9) },
  { weight: 6, arbitrary: fc.constantFrom<Step>('all', 'stall', 'resume', 'time', 'full', 'free', 'microtasks') },
);

async function act(rig: Rig, each: Step): Promise<void> {
  if (each instanceof Uint8Array) rig.receive(each);
  else if (typeof each === 'number') rig.shard.runOne(each);
  else if (each === 'all') rig.shard.runAll();
  else if (each === 'stall' || each === 'resume') rig.stall(each === 'stall');
  else if (each === 'full' || each === 'free') rig.shard.setFull(each === 'full');
  else if (each === 'time') rig.clock.advance(200);
  else for (let turn = 0; turn < 4; turn++) await undefined;
  if (!rig.isOver && each === 'time') rig.connection.onTime(rig.clock.nowMs);
}

test('whatever a client sends', { timeout: 120_000 }, async () => {
  let opened = 0;
  const property = fc.asyncProperty(
    fc.boolean(),
    fc.array(step, { minLength: 3, maxLength: 80, size: 'max' }),
    async (greets, steps) => {
      const rig = new Rig();
      if (greets) rig.receive(encodeClientMessage({ requestId: 5000, hello: { version: 1 } }));
      for (const each of steps) await act(rig, each);
      opened += rig.isOver ? 0 : 1;
      rig.stall(false);
      rig.shard.free();
      for (let round = 0; round < 30; round++) {
        rig.shard.runAll();
        rig.clock.advance(20_000);
        for (let turn = 0; turn < 8; turn++) await undefined;
      }
      for (const [requestId, count] of rig.answered) expect(count).toBeLessThanOrEqual(rig.asked.get(requestId) ?? 0);
      expect(rig.connection.hasRequests && !rig.isOver).toBe(false);
      expect(rig.outflow.used).toBeLessThanOrEqual(20_000);
      if (!rig.isOver) rig.terminate();
      for (let round = 0; round < 40; round++) {
        rig.shard.runAll();
        rig.clock.advance(20_000);
      }
      expect(rig.closes).toBeLessThanOrEqual(1);
      expect([rig.subscriptions.count, rig.outflow.used, rig.tails.count, rig.fetch.waitingCount, rig.deadlines.count]).toEqual([
        0, 0, 0, 0, 0,
      ]);
    },
  );
  await fc.assert(property, { numRuns: Number(process.env['HOSTILE_RUNS'] ?? 600) });
  // Most connections live through it: else only closing would be tested.
  expect(opened).toBeGreaterThan(50);
});
