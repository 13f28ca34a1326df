import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { shardOf } from '../../ts/cluster/assignments/shard-of.js';
import { Controller } from '../../ts/cluster/controller/controller.js';
import { View, type ViewChange } from '../../ts/cluster/view.js';
import type { ShardAssignment } from '../../ts/model/assignment.js';
import { isTopicId, type TopicId } from '../../ts/model/ids.js';
import type { Clock } from '../../ts/model/ports.js';
import type { Result } from '../../ts/model/result.js';
import { DataDirectory, type DataDirectoryOptions, LogStore } from '../../ts/native/log.js';
import type { Consensus } from '../../ts/native/raft.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { millrace, numbered, parseAcks, parseDump } from '../log/millrace.js';
import { Heard, opened, turnUntil } from '../log/store.js';

function accepted<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

// The control plane over the real metadata log and real stores, on one thread.

removeDirectoriesAfterwards();

const clock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

const lives = new Set<Life>();

afterEach(() => {
  for (const life of lives) life.end();
});

/** A broker without doors: the controller, and for each shard a store that does what it is assigned. */
class Life {
  readonly directory: DataDirectory;
  readonly log: Consensus;
  readonly controller: Controller;
  readonly view = new View({ nodeId: 1, nodes: [], autoCreateTopics: true });
  readonly ready: Promise<void>;
  readonly stores: readonly LogStore[];
  readonly heard = new Heard();
  #ticket = 0;

  constructor(data: string, options: Partial<DataDirectoryOptions> = {}) {
    const shards = 2;
    this.directory = opened(
      DataDirectory.open({ data, shards, journalSize: 1 << 20, batchSizeMax: 1 << 20, clock, nodeId: 1, ...options }),
    );
    this.log = opened(this.directory.takeConsensus());
    this.stores = Array.from({ length: shards }, (_, shard) => opened(LogStore.open(this.directory.id, shard, clock)));
    lives.add(this);
    let onReady: () => void = () => undefined;
    this.ready = new Promise((resolve) => {
      onReady = resolve;
    });
    const random = { bytes: (size: number) => crypto.getRandomValues(new Uint8Array(size)) };
    const defaults = { nodeId: 1, partitions: 2, replicationFactor: 1, partitionsMax: 1000, configs: { batchSizeMax: 1 << 20 } };
    this.controller = new Controller(
      { log: this.log, clock, random, defaults, shardsCount: shards, offsetsTopic: { configs: {} } },
      {
        onAssignment: (number, assignment) => setImmediate(() => this.#act(number, assignment)),
        onView: (change) => setImmediate(() => this.#look(change)),
        onReady,
        onOutgoing: () => undefined,
        onFatal: (reason, message) => {
          throw new Error(`${reason}: ${message}`);
        },
      },
    );
    this.controller.start(this.directory.report.incarnation);
  }

  #act(number: number, { shard, host, remove }: ShardAssignment): void {
    const store = this.stores[shard];
    if (!lives.has(this) || store === undefined) return;
    const known = new Map(store.partitions().map((state) => [`${state.topic}/${state.index}`, state]));
    const answers = host.map(({ topicId, partition, leaderEpoch, settings }) => {
      const found = known.get(`${topicId}/${partition}`);
      if (found !== undefined) expect(found.leaderEpoch).toBeLessThanOrEqual(leaderEpoch);
      const handle = found?.handle ?? this.#create(store, topicId, partition, leaderEpoch, settings);
      return { topicId, partition, handle };
    });
    for (const { topicId, partition } of remove) {
      const handle = known.get(`${topicId}/${partition}`)?.handle ?? -1;
      this.#ticket += 1;
      expect(store.control(handle, this.#ticket, 'delete')).toBeUndefined();
    }
    turnUntil(store, this.heard, () => store.isIdle());
    this.controller.assigned(number, shard, answers);
  }

  #create(store: LogStore, topic: string, index: number, leaderEpoch: number, config: object): number {
    this.#ticket += 1;
    const [handle = -1] = opened(store.createPartitions(this.#ticket, [{ topic, index, leaderEpoch, config }]));
    return handle;
  }

  #look(change: ViewChange): void {
    this.view.apply(change);
    if (lives.has(this)) this.controller.viewed(change.version);
  }

  /** As a kill would, but in this process. */
  end(): void {
    lives.delete(this);
    for (const store of this.stores) store.release();
    this.controller.close();
    this.directory.close();
  }
}

async function created(life: Life, name: string, configs: Record<string, string> = {}): Promise<TopicId> {
  return accepted(await life.controller.createTopic({ name, configs }, false)).topicId;
}

test('topics, their configs and their partitions outlive the node, and leader epochs follow its starts', async () => {
  const data = join(await newDirectory(), 'data');
  const first = new Life(data);
  await first.ready;
  const id = await created(first, 'clicks', { durability: 'replicated', 'retention.ms': '5000' });
  await created(first, 'gone');
  accepted(await first.controller.addPartitions('clicks', 4, false));
  accepted(await first.controller.deleteTopic('gone'));
  const producer = accepted(await first.controller.allocateProducer());
  const { clusterId } = first.view;
  expect(clusterId).toMatch(/^[\w-]{22}$/);
  first.end();

  const second = new Life(data);
  await second.ready;
  expect(second.directory.topics()).toMatchObject([
    { id, name: 'clicks', partitions: 4, settings: { durability: 'replicated', retentionMs: 5000 } },
  ]);
  expect(second.directory.report).toMatchObject({ incarnation: 2, setAside: [] });
  expect(second.view.topic('clicks')).toMatchObject({
    topicId: id,
    partitions: Array.from({ length: 4 }, () => ({ leaderEpoch: 2 })),
  });
  expect(second.view.configsOf('clicks')).toEqual({ 'flush.messages': '9223372036854775807', 'retention.ms': '5000' });
  expect([second.view.topic('gone'), second.view.clusterId]).toEqual([undefined, clusterId]);
  expect(accepted(await second.controller.allocateProducer()).producerId).toBe(producer.producerId + 1000);
  second.end();
  expect(millrace(['log', 'verify', data])).toMatchObject({ status: 0, stderr: '' });
});

test('log append and a broker take turns in one directory', async () => {
  const data = join(await newDirectory(), 'data');
  const append = (topic: string, ...options: readonly string[]) => {
    const args = ['log', 'append', '--data', data, '--topic', topic, '--batch', '5', '--journal', '1MiB', ...options];
    const { status, stdout, stderr } = millrace(args, numbered(20));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return parseAcks(stdout);
  };
  const acked = [...append('mine', '--partitions', '3', '--durability', 'replicated')];
  // What log append sets for a topic that it makes.
  const kept = { 'max.message.bytes': '67108864', 'retention.ms': '-1' };
  const first = new Life(data);
  await first.ready;
  expect(first.view.topic('mine')).toMatchObject({
    durability: 'replicated',
    partitions: [{ leaderEpoch: 2 }, { leaderEpoch: 2 }, { leaderEpoch: 2 }],
  });
  expect(first.view.configsOf('mine')).toEqual({ ...kept, 'flush.messages': '9223372036854775807' });
  await created(first, 'theirs', { 'segment.ms': '60000' });
  first.end();
  acked.push(...append('theirs'), ...append('mine', '--durability', 'fsync'));
  const { status, stdout } = millrace(['log', 'dump', data, '--json']);
  expect(status).toBe(0);
  const dumped = parseDump(stdout).map(({ topic, partition, base, crc }) => `${topic} ${partition} ${base} ${crc}`);
  expect(dumped.sort()).toEqual(acked.map(({ topic, partition, base, crc }) => `${topic} ${partition} ${base} ${crc}`).sort());
  const second = new Life(data);
  await second.ready;
  expect(second.view.configsOf('theirs')).toEqual({ 'segment.ms': '60000' });
  expect([second.view.topic('mine')?.durability, second.view.configsOf('mine')]).toEqual(['fsync', kept]);
});

test('a directory that holds two names that are alike opens, keeps both, and takes no third', async () => {
  const data = join(await newDirectory(), 'data');
  for (const topic of ['a.b', 'a_b']) {
    expect(millrace(['log', 'append', '--data', data, '--topic', topic, '--journal', '1MiB'], numbered(5)).status).toBe(0);
  }
  const life = new Life(data);
  await life.ready;
  expect([...life.view.topics()].map(({ name }) => name).sort()).toEqual(['a.b', 'a_b']);
  const refused = await life.controller.createTopic({ name: 'a.b', configs: {} }, false);
  expect(refused).toMatchObject({ ok: false, error: { error: 'topic-exists' } });
  accepted(await life.controller.deleteTopic('a.b'));
  expect(await life.controller.createTopic({ name: 'a.b', configs: {} }, false)).toMatchObject({
    ok: false,
    error: { error: 'invalid-topic', message: expect.stringContaining('too like topic a_b') },
  });
  accepted(await life.controller.deleteTopic('a_b'));
  await created(life, 'a.b');
  life.end();
});

test('a partition’s shard is the one that recovery gives it to', async () => {
  const directory = opened(
    DataDirectory.open({
      data: join(await newDirectory(), 'data'),
      shards: 7,
      journalSize: 1 << 20,
      batchSizeMax: 1 << 20,
      clock,
    }),
  );
  for (const digit of '0123456789abcdef') {
    const id = `${digit.repeat(31)}5`;
    if (!isTopicId(id)) throw new Error(id);
    for (const partition of [0, 1, 6, 4_294_967_295])
      expect(shardOf(id, partition, 7)).toBe(opened(directory.shardOf(id, partition)));
  }
  directory.close();
});

test('a directory belongs to its node, and its metadata log to one owner', async () => {
  const data = join(await newDirectory(), 'data');
  const life = new Life(data, { nodeId: 1 });
  await life.ready;
  expect(life.directory.takeConsensus()).toMatchObject({ ok: false, error: { code: 'busy' } });
  expect(life.directory.ensureTopic('a', 1, {})).toMatchObject({ ok: false, error: { code: 'wrong-setting' } });
  life.end();
  const other = DataDirectory.open({ data, shards: 1, journalSize: 1 << 20, batchSizeMax: 1 << 20, clock, nodeId: 2 });
  expect(other).toMatchObject({ ok: false, error: { code: 'wrong-setting', message: expect.stringContaining('node 1') } });
});
