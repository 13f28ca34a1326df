import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TopicId } from '../../../model/ids.js';
import { logDefaults } from '../../../model/topic-settings.js';
import { FieldReader } from './fields.js';
import { decodeRecords, encodeRecords, type MetadataRecord } from './record.js';

const topicId = '000102030405060708090a0b0c0d0e0f' as TopicId;

const examples: Readonly<Record<string, MetadataRecord>> = {
  'topic-created': { type: 'topic-created', topicId, name: 'clicks.é', partitions: 3, settings: logDefaults },
  'topic-grown': { type: 'topic-grown', topicId, partitions: 5 },
  'topic-configured': {
    type: 'topic-configured',
    topicId,
    settings: {
      durability: 'replicated',
      batchSizeMax: 1_048_588,
      segmentSizeMax: 2 ** 32 + 1,
      segmentAgeMaxMs: Number.MAX_SAFE_INTEGER,
      indexInterval: 4097,
      isLogAppendTime: true,
      retentionMs: -1,
      retentionSize: 7,
    },
  },
  'topic-deleted': { type: 'topic-deleted', topicId },
  'topic-configs-set': {
    type: 'topic-configs-set',
    topicId,
    configs: { 'segment.ms': '5', 'flush.messages': '9223372036854775807' },
  },
  'partitions-placed': {
    type: 'partitions-placed',
    topicId,
    first: 3,
    placements: [
      { leader: 1, leaderEpoch: 9 },
      { leader: 0, leaderEpoch: 0 },
    ],
  },
  'node-started': { type: 'node-started', nodeId: 1, startCount: 12 },
  'node-known': { type: 'node-known', nodeId: 2, startCount: 13 },
  'producer-ids-taken': { type: 'producer-ids-taken', nodeId: 1, end: 3000 },
  'cluster-named': { type: 'cluster-named', clusterId: 'AAECAwQFBgcICQoLDA0ODw' },
};

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** What a record reads back as: maps have no order. */
function decoded(records: readonly MetadataRecord[]): readonly MetadataRecord[] {
  const result = decodeRecords(encodeRecords(records));
  expect(result).toMatchObject({ ok: true });
  return result.ok ? result.value : [];
}

// Bytes on somebody's disk: a difference is a change that has to give way. Rust reads the same file.
test('every kind has the bytes that it always had', async () => {
  const lines = Object.entries(examples).map(([name, record]) => `${name} ${hex(encodeRecords([record]))}\n`);
  await expect(lines.join('')).toMatchFileSnapshot('../../../../test/golden/metadata-records.txt');
});

test('records read back as they were, one behind the other', () => {
  expect(decoded(Object.values(examples))).toEqual(Object.values(examples));
  expect(decoded([])).toEqual([]);
});

test('a kind that is not known is of a newer version; less or more bytes than a record has are damage', () => {
  const whole = encodeRecords(Object.values(examples));
  const unknown = Uint8Array.from([77, 0, 0, 0, 0, 0]);
  expect(decodeRecords(unknown)).toMatchObject({
    ok: false,
    error: { reason: 'newer', message: expect.stringContaining('kind 77') },
  });
  const longer = Uint8Array.from([4, 0, 17, 0, 0, 0, ...new Uint8Array(17)]);
  expect(decodeRecords(longer)).toMatchObject({ ok: false, error: { reason: 'corrupt' } });
  expect(decodeRecords(whole.subarray(0, -1))).toMatchObject({ ok: false, error: { reason: 'corrupt' } });
});

test('a list that says it is longer than its bytes costs nothing', () => {
  const fields = new FieldReader(Uint8Array.from([255, 255, 255, 255, 1]));
  expect(() => fields.list(() => fields.u8())).toThrow('4294967295 items in 1 bytes');
});

test('any bytes are records or a reason', () => {
  const seeds = Object.values(examples).map((record) => encodeRecords([record]));
  const mutated = fc
    .tuple(fc.constantFrom(...seeds), fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 4 }))
    .map(([seed, changes]) => {
      const bytes = Uint8Array.from(seed);
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), (bytes) => {
      const first = decodeRecords(bytes);
      if (first.ok) expect(decodeRecords(encodeRecords(first.value))).toEqual(first);
    }),
    { numRuns: 2000 },
  );
});
