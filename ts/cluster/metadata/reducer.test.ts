import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TopicId } from '../../model/ids.js';
import { logDefaults, settingsOf } from '../../model/topic-settings.js';
import { assignAll, assignChanges } from '../assignments/diff.js';
import { addPartitions } from '../commands/add-partitions.js';
import { allocateProducerIds } from '../commands/allocate-producer-ids.js';
import { alterTopic } from '../commands/alter-topic.js';
import { createTopic } from '../commands/create-topic.js';
import type { ClusterDefaults, Decision } from '../commands/decision.js';
import { deleteTopic } from '../commands/delete-topic.js';
import { startNode } from '../commands/start-node.js';
import { emptyImage, type Image } from './image.js';
import { decodeRecords, encodeRecords, type MetadataRecord } from './records/record.js';
import { type Delta, reduce } from './reducer.js';
import { snapshotRecords } from './snapshot.js';

const defaults: ClusterDefaults = {
  nodeId: 1,
  partitions: 2,
  replicationFactor: 1,
  partitionsMax: 60,
  configs: { batchSizeMax: 2 ** 24 },
};

type Step =
  | { readonly kind: 'create'; readonly name: string; readonly partitions: number | undefined }
  | { readonly kind: 'grow'; readonly name: string; readonly partitions: number }
  | { readonly kind: 'alter'; readonly name: string; readonly set: Record<string, string>; readonly reset: readonly string[] }
  | { readonly kind: 'delete'; readonly name: string }
  | { readonly kind: 'producer' }
  | { readonly kind: 'start'; readonly by: number };

const name = fc.constantFrom('a', 'b', 'c.d', 'c_d');
const configs = fc.constantFrom<Record<string, string>>(
  {},
  { durability: 'replicated' },
  { 'retention.ms': '5' },
  { 'retention.m': '5' },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('create' as const),
    name,
    partitions: fc.option(fc.integer({ min: -1, max: 30 }), { nil: undefined }),
  }),
  fc.record({ kind: fc.constant('grow' as const), name, partitions: fc.integer({ min: 0, max: 40 }) }),
  fc.record({ kind: fc.constant('alter' as const), name, set: configs, reset: fc.constantFrom([], ['flush.messages'], ['x']) }),
  fc.record({ kind: fc.constant('delete' as const), name }),
  fc.record({ kind: fc.constant('producer' as const) }),
  fc.record({ kind: fc.constant('start' as const), by: fc.integer({ min: 0, max: 3 }) }),
);

function decide(image: Image, step: Step, number: number): Decision<unknown> {
  const topicId = number.toString(16).padStart(32, '0') as TopicId;
  switch (step.kind) {
    case 'create':
      return createTopic(
        image,
        { name: step.name, configs: {}, topicId, ...(step.partitions === undefined ? {} : { partitions: step.partitions }) },
        defaults,
      );
    case 'grow':
      return addPartitions(image, step, defaults);
    case 'alter':
      return alterTopic(image, step, defaults);
    case 'delete':
      return deleteTopic(image, step);
    case 'producer':
      return allocateProducerIds(image, defaults);
    case 'start':
      return startNode(image, {
        nodeId: 1,
        startCount: (image.nodes.get(1) ?? 0) + step.by,
        freshClusterId: `cluster ${number}`,
      });
  }
}

function reduced(image: Image, records: readonly MetadataRecord[]): Delta {
  const result = reduce(image, records);
  expect(result.ok ? 'accepted' : result.error).toBe('accepted');
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

/** The images on the way, the empty one first, and the records between them. */
function history(steps: readonly Step[]): {
  readonly images: readonly Image[];
  readonly batches: readonly (readonly MetadataRecord[])[];
} {
  const images: Image[] = [emptyImage];
  const batches: (readonly MetadataRecord[])[] = [];
  for (const [number, step] of steps.entries()) {
    const image = images.at(-1) ?? emptyImage;
    const decision = decide(image, step, number);
    if (!decision.ok) continue;
    batches.push(decision.value.records);
    images.push(reduced(image, decision.value.records).after);
  }
  return { images, batches };
}

const steps = fc.array(step, { maxLength: 40 });

test('what a command decides the reducer accepts, and the image stays sound', () => {
  fc.assert(
    fc.property(steps, (given) => {
      const { images } = history(given);
      for (const [at, image] of images.entries()) {
        const topics = [...image.topics.values()];
        expect(new Set(topics.map((topic) => topic.name)).size).toBe(topics.length);
        expect([...image.byName.values()].sort()).toEqual(topics.sort());
        expect(topics.some((topic) => image.deleted.has(topic.topicId))).toBe(false);
        expect(topics.reduce((sum, topic) => sum + topic.partitions.length, 0)).toBe(image.partitionsCount);
        expect(image.partitionsCount).toBeLessThanOrEqual(defaults.partitionsMax);
        for (const topic of topics) expect(topic.settings).toEqual(settingsOf(topic.configs));
        const before = images[at - 1] ?? emptyImage;
        // An id that is gone never comes back, a producer id and a leader epoch never go back.
        for (const id of before.deleted.keys()) expect(image.deleted.has(id)).toBe(true);
        expect(image.producerIdsEnd).toBeGreaterThanOrEqual(before.producerIdsEnd);
        for (const topic of before.topics.values()) {
          const epochs = image.topics.get(topic.topicId)?.partitions.map(({ leaderEpoch }) => leaderEpoch) ?? [];
          for (const [index, epoch] of epochs.entries())
            expect(epoch).toBeGreaterThanOrEqual(topic.partitions[index]?.leaderEpoch ?? 0);
        }
      }
    }),
  );
});

test('a snapshot and the rest make the image that the whole log makes', () => {
  fc.assert(
    fc.property(steps, fc.nat(40), (given, cut) => {
      const { images, batches } = history(given);
      const at = Math.min(cut, batches.length);
      const bytes = encodeRecords(snapshotRecords(images[at] ?? emptyImage));
      const read = decodeRecords(bytes);
      const rest = batches.slice(at).flat();
      const made = reduced(emptyImage, [...(read.ok ? read.value : []), ...rest]).after;
      expect(made).toEqual(images.at(-1));
    }),
  );
});

test('every start gives all that the node leads a new leader epoch, and the same one to what it makes', () => {
  fc.assert(
    fc.property(steps, (given) => {
      const image = history(given).images.at(-1) ?? emptyImage;
      const startCount = (image.nodes.get(1) ?? 0) + 5;
      const started = startNode(image, { nodeId: 1, startCount, freshClusterId: 'x' });
      const after = reduced(image, started.ok ? started.value.records : []).after;
      for (const topic of after.topics.values()) {
        for (const { leader, leaderEpoch } of topic.partitions)
          expect({ leader, leaderEpoch }).toEqual({ leader: 1, leaderEpoch: startCount });
      }
    }),
  );
});

test('assignments of changes, one after the other, come to what a start is assigned', () => {
  fc.assert(
    fc.property(steps, (given) => {
      const place = { nodeId: 1, shardsCount: 3 };
      const hosted = new Map<string, unknown>();
      let image = emptyImage;
      for (const records of history(given).batches) {
        const { before, after, touched } = reduced(image, records);
        for (const { shard, host, remove } of assignChanges(before, after, touched, place)) {
          for (const partition of host) hosted.set(`${partition.topicId}/${partition.partition}`, { shard, ...partition });
          for (const { topicId, partition } of remove) expect(hosted.delete(`${topicId}/${partition}`)).toBe(true);
        }
        image = after;
      }
      const all = assignAll(image, place).flatMap(({ shard, host }) => host.map((partition) => ({ shard, ...partition })));
      expect(new Map(all.map((partition) => [`${partition.topicId}/${partition.partition}`, partition]))).toEqual(hosted);
    }),
  );
});

const topicId = '1'.repeat(32) as TopicId;
const created: MetadataRecord = {
  type: 'topic-created',
  topicId,
  name: 'a',
  partitions: 2,
  settings: { ...logDefaults, durability: 'replicated' },
};

test.each<[string, readonly MetadataRecord[]]>([
  ['used twice', [created, { ...created, name: 'b' }]],
  ['created twice', [created, { ...created, topicId: '2'.repeat(32) as TopicId }]],
  ['used twice', [created, { type: 'topic-deleted', topicId }, created]],
  ['does not exist', [{ type: 'topic-deleted', topicId }]],
  ['does not exist', [{ type: 'topic-grown', topicId, partitions: 3 }]],
  ['does not exist', [{ type: 'topic-configs-set', topicId, configs: {} }]],
  [
    'has no partition 2',
    [created, { type: 'partitions-placed', topicId, first: 2, placements: [{ leader: 1, leaderEpoch: 1 }] }],
  ],
  [
    'goes back',
    [
      created,
      { type: 'node-started', nodeId: 1, startCount: 4 },
      { type: 'partitions-placed', topicId, first: 0, placements: [{ leader: 1, leaderEpoch: 3 }] },
    ],
  ],
  [
    'has started 4 times',
    [
      { type: 'node-started', nodeId: 1, startCount: 4 },
      { type: 'node-started', nodeId: 1, startCount: 4 },
    ],
  ],
  ['there is none', [{ type: 'node-started', nodeId: 0, startCount: 4 }]],
  [
    'now only those below 5',
    [
      { type: 'producer-ids-taken', nodeId: 1, end: 6 },
      { type: 'producer-ids-taken', nodeId: 1, end: 5 },
    ],
  ],
  [
    'and now y',
    [
      { type: 'cluster-named', clusterId: 'x' },
      { type: 'cluster-named', clusterId: 'y' },
    ],
  ],
  ['partitions', [{ ...created, partitions: 2 ** 32 - 1 }]],
])('records that contradict each other are refused: %s', (reason, records) => {
  expect(reduce(emptyImage, records)).toEqual({ ok: false, error: expect.stringContaining(reason) });
});

test('what log append made gets configs from its settings, and a leader when a node starts', () => {
  const image = reduced(emptyImage, [
    created,
    { type: 'topic-configured', topicId, settings: { ...logDefaults, retentionMs: 5 } },
  ]).after;
  expect(image.topics.get(topicId)).toMatchObject({
    configs: { 'retention.ms': '5' },
    partitions: [{ leader: 0 }, { leader: 0 }],
  });
  expect(image.topics.get(topicId)?.configs).not.toHaveProperty(['flush.messages']);
  const started = startNode(image, { nodeId: 7, startCount: 3, freshClusterId: 'x' });
  const after = reduced(image, started.ok ? started.value.records : []).after;
  expect(after.topics.get(topicId)?.partitions).toEqual([
    { leader: 7, leaderEpoch: 3 },
    { leader: 7, leaderEpoch: 3 },
  ]);
  expect(after.topics.get(topicId)).toMatchObject({
    configs: { 'retention.ms': '5' },
    settings: { retentionMs: 5, batchSizeMax: 1_048_588 },
  });
});
