import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CommittedOffset } from '../../model/group-requests.js';
import type { TopicId } from '../../model/ids.js';
import { offset, offsetMax } from '../../model/offset.js';
import type { GroupMetadata } from './group-metadata.js';
import { decodeRecord, encodeRecord, type GroupRecord } from './record.js';

// The bytes were written by the classes of Kafka 4.3.1.
const groupId = 'gruppe-ä';
const offsetKey = '000100096772757070652dc3a400066f726465727300000007';
const groupKey = '000200096772757070652dc3a4';

const bare: CommittedOffset = {
  offset: offset(1_234_567_890_123),
  leaderEpoch: undefined,
  metadata: 'at ü',
  topicId: undefined,
  committedAtMs: 1_700_000_000_123,
  expiresAtMs: undefined,
};
const topicId = '0102030405060708090a0b0c0d0e0f10' as TopicId;

const offsetValues: readonly (readonly [version: number, bytes: string, committed: CommittedOffset])[] = [
  [0, '00000000011f71fb04cb0005617420c3bc0000018bcfe5687b', bare],
  [1, '00010000011f71fb04cb0005617420c3bc0000018bcfe5687b0000018bcfe58f0f', { ...bare, expiresAtMs: 1_700_000_009_999 }],
  [2, '00020000011f71fb04cb0005617420c3bc0000018bcfe5687b', bare],
  [3, '00030000011f71fb04cb000000050005617420c3bc0000018bcfe5687b', { ...bare, leaderEpoch: 5 }],
  [
    4,
    '00040000011f71fb04cb0000000506617420c3bc0000018bcfe5687b0100100102030405060708090a0b0c0d0e0f10',
    { ...bare, leaderEpoch: 5, topicId },
  ],
];

const first = {
  memberId: 'm-1',
  instanceId: undefined,
  clientId: 'c',
  clientHost: '/127.0.0.1',
  rebalanceTimeoutMs: 45_000,
  sessionTimeoutMs: 45_000,
  subscription: Uint8Array.of(1, 2, 3),
  assignment: Uint8Array.of(4, 5),
};
const second = {
  memberId: 'm-2',
  instanceId: undefined,
  clientId: '',
  clientHost: '/h',
  rebalanceTimeoutMs: 6_000,
  sessionTimeoutMs: 6_000,
  subscription: new Uint8Array(0),
  assignment: new Uint8Array(0),
};
const oldest: GroupMetadata = {
  protocolType: 'consumer',
  generationId: 3,
  protocolName: 'range',
  leaderId: 'm-1',
  changedAtMs: undefined,
  members: [first, second],
};
const timed = { ...oldest, members: [{ ...first, rebalanceTimeoutMs: 300_000 }, second] };
const dated = { ...timed, changedAtMs: 1_700_000_000_456 };
const named = { ...dated, members: [{ ...first, rebalanceTimeoutMs: 300_000, instanceId: 'i-1' }, second] };

const groupValues: readonly (readonly [version: number, bytes: string, metadata: GroupMetadata])[] = [
  [
    0,
    '00000008636f6e73756d657200000003000572616e676500036d2d310000000200036d2d31000163000a2f3132372e302e302e310000afc80000000301020300000002040500036d2d32000000022f68000017700000000000000000',
    oldest,
  ],
  [
    1,
    '00010008636f6e73756d657200000003000572616e676500036d2d310000000200036d2d31000163000a2f3132372e302e302e31000493e00000afc80000000301020300000002040500036d2d32000000022f68ffffffff000017700000000000000000',
    timed,
  ],
  [
    2,
    '00020008636f6e73756d657200000003000572616e676500036d2d310000018bcfe569c80000000200036d2d31000163000a2f3132372e302e302e31000493e00000afc80000000301020300000002040500036d2d32000000022f68ffffffff000017700000000000000000',
    dated,
  ],
  [
    3,
    '00030008636f6e73756d657200000003000572616e676500036d2d310000018bcfe569c80000000200036d2d310003692d31000163000a2f3132372e302e302e31000493e00000afc80000000301020300000002040500036d2d32ffff000000022f68ffffffff000017700000000000000000',
    named,
  ],
  [
    4,
    '000409636f6e73756d6572000000030672616e6765046d2d310000018bcfe569c803046d2d3104692d3102630b2f3132372e302e302e31000493e00000afc80401020303040500046d2d320001032f68ffffffff0000177001010000',
    named,
  ],
];

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (value: Uint8Array | undefined) => value && Buffer.from(value).toString('hex');

const offsetRecord = (committed: CommittedOffset | undefined): GroupRecord => ({
  kind: 'offset',
  groupId,
  topic: 'orders',
  partition: 7,
  committed,
});

test.each(offsetValues)('an offset of version %i is read as Kafka wrote it', (_, value, committed) => {
  const decoded = decodeRecord({ key: bytes(offsetKey), value: bytes(value), timestampMs: 0 });
  expect(decoded).toEqual({ ok: true, value: offsetRecord(committed) });
});

test.each(groupValues)('a group of version %i is read as Kafka wrote it', (_, value, metadata) => {
  const decoded = decodeRecord({ key: bytes(groupKey), value: bytes(value), timestampMs: 0 });
  expect(decoded).toEqual({ ok: true, value: { kind: 'group', groupId, metadata } });
});

test.each([1, 3, 4])('an offset of version %i is written as Kafka writes it', (version) => {
  const [, value, committed] = offsetValues[version] ?? [];
  const { key, value: written } = encodeRecord(offsetRecord(committed), 5);
  expect([hex(key), hex(written)]).toEqual([offsetKey, value]);
});

test('groups are written in version 3, as Kafka writes them', () => {
  const written = (metadata: GroupMetadata | undefined) => encodeRecord({ kind: 'group', groupId, metadata }, 5);
  const withTimeouts = {
    ...named,
    members: named.members.map((each, at) => ({ ...each, rebalanceTimeoutMs: at ? -1 : 300_000 })),
  };
  expect(hex(written(withTimeouts).key)).toBe(groupKey);
  expect(hex(written(withTimeouts).value)).toBe(groupValues[3]?.[1]);
  const empty = { protocolType: '', generationId: 4, protocolName: undefined, leaderId: undefined, members: [] };
  expect(hex(written({ ...empty, changedAtMs: 1_700_000_000_456 }).value)).toBe(
    '0003000000000004ffffffff0000018bcfe569c800000000',
  );
  expect(written(undefined).value).toBeUndefined();
});

test('records of newer kinds of groups are passed over', () => {
  expect(decodeRecord({ key: bytes('00030001'), value: bytes('00'), timestampMs: 0 })).toEqual({ ok: true, value: undefined });
});

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const some = fc.uint8Array({ maxLength: 300 });
const i32 = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const time = fc.integer({ min: 0, max: 4e12 });
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const at = { offset: fc.integer({ min: 0, max: offsetMax }).map(offset), metadata: text, committedAtMs: time };
const none = fc.constant(undefined);
const committed: fc.Arbitrary<CommittedOffset> = fc.oneof(
  fc.record({ ...at, expiresAtMs: time, leaderEpoch: none, topicId: none }),
  fc.record({ ...at, expiresAtMs: none, leaderEpoch: optional(i32), topicId: optional(fc.constant(topicId)) }),
);
const member = fc.record({
  memberId: text,
  instanceId: optional(text),
  clientId: text,
  clientHost: text,
  rebalanceTimeoutMs: i32,
  sessionTimeoutMs: i32,
  subscription: some,
  assignment: some,
});
const metadata: fc.Arbitrary<GroupMetadata> = fc.record({
  protocolType: text,
  generationId: i32,
  protocolName: optional(text),
  leaderId: optional(text),
  changedAtMs: optional(time),
  members: fc.array(member, { maxLength: 5 }),
});
const record: fc.Arbitrary<GroupRecord> = fc.oneof(
  fc.record({ kind: fc.constant('offset' as const), groupId: text, topic: text, partition: i32, committed: optional(committed) }),
  fc.record({ kind: fc.constant('group' as const), groupId: text, metadata: optional(metadata) }),
);

test('whatever is written is read again', () => {
  fc.assert(
    fc.property(record, (written) => {
      expect(decodeRecord(encodeRecord(written, 0))).toEqual({ ok: true, value: written });
    }),
    { numRuns: 500 },
  );
});

test('broken bytes are an answer, never an exception', () => {
  const broken = fc.record({ record, cut: fc.nat(400), flipped: fc.nat(400), mask: fc.integer({ min: 1, max: 255 }) });
  fc.assert(
    fc.property(broken, ({ record: whole, cut, flipped, mask }) => {
      const { key, value } = encodeRecord(whole, 0);
      const damaged = (value ?? key).slice(0, cut);
      if (flipped < damaged.length) damaged[flipped] = (damaged[flipped] ?? 0) ^ mask;
      const decoded = decodeRecord(
        value === undefined ? { key: damaged, value, timestampMs: 0 } : { key, value: damaged, timestampMs: 0 },
      );
      expect(typeof decoded.ok).toBe('boolean');
    }),
    { numRuns: 1000 },
  );
});
