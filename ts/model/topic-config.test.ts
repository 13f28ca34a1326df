import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  checkTopicConfig,
  checkTopicConfigs,
  describeConfigs,
  effectiveConfig,
  longMax,
  type TopicConfigKey,
  topicConfigs,
} from './topic-config.js';
import { areSameSettings, type CompleteSettings, configsOf, logDefaults, settingsOf } from './topic-settings.js';

const limits = { batchSizeMax: 2 ** 24 };
const check = (configs: Record<string, string>) => checkTopicConfigs(configs, limits);

test('every default passes its own check', () => {
  for (const [key, row] of Object.entries(topicConfigs)) {
    expect(checkTopicConfig(key as TopicConfigKey, row.default), key).toEqual({ ok: true, value: row.default });
  }
});

test('durability is a view on flush.messages', () => {
  expect(check({ durability: 'replicated' })).toEqual({ ok: true, value: { 'flush.messages': String(longMax) } });
  expect(check({ durability: 'fsync', 'flush.messages': '1' })).toEqual({ ok: true, value: { 'flush.messages': '1' } });
  expect(check({ durability: 'fsync', 'flush.messages': '2' })).toMatchObject({ ok: false });
  const described = (configs: Record<string, string>) => describeConfigs(configs).find(({ name }) => name === 'durability');
  expect(described({})).toMatchObject({ value: 'fsync', source: 'default' });
  expect(described({ 'flush.messages': '10000' })).toMatchObject({ value: 'replicated', source: 'topic' });
});

test.each([
  [{ 'retention.ms': '-2' }, 'retention.ms is from -1 to 9223372036854775807, not -2'],
  [{ 'retention.ms': '9223372036854775808' }, 'retention.ms is from -1 to 9223372036854775807, not 9223372036854775808'],
  [{ 'retention.ms': '1e3' }, 'retention.ms is a whole number, not "1e3"'],
  [{ 'segment.bytes': '2147483648' }, 'segment.bytes is from 14 to 2147483647, not 2147483648'],
  [{ 'retention.m': '1' }, 'there is no topic config retention.m; did you mean retention.ms?'],
  [{ constructor: '1' }, 'there is no topic config constructor'],
  [{ 'cleanup.policy': 'delet' }, 'cleanup.policy is one of delete, compact, not "delet"; did you mean delete?'],
  [{ 'compression.gzip.level': '0' }, 'compression.gzip.level is from 1 to 9, or -1, not 0'],
  [
    { 'leader.replication.throttled.replicas': 'none' },
    'leader.replication.throttled.replicas is * or a list of PARTITION:BROKER, not "none"',
  ],
  [{ 'message.format.version': '2.0' }, 'there is no topic config message.format.version'],
  [{ 'max.message.bytes': '16777217' }, 'max.message.bytes is at most 16777216 on this node: see its setting message-size-max'],
  [{ durability: 'always' }, 'durability is one of fsync, replicated, not "always"'],
  [{ 'min.cleanable.dirty.ratio': '2' }, 'min.cleanable.dirty.ratio is a number from 0 to 1, not "2"'],
])('%j is refused', (configs, error) => {
  expect(check(configs)).toEqual({ ok: false, error });
});

test('values are stored as Kafka reads them: trimmed, in one spelling', () => {
  expect(check({ 'retention.ms': ' 0100 ', preallocate: 'TRUE', 'cleanup.policy': 'compact, delete' })).toEqual({
    ok: true,
    value: { 'retention.ms': '100', preallocate: 'true', 'cleanup.policy': 'compact,delete' },
  });
});

test('settings of a topic without configs are Kafka’s defaults, synced', () => {
  expect(settingsOf({})).toEqual({ ...logDefaults, batchSizeMax: 1_048_588 });
  expect(settingsOf({ 'cleanup.policy': 'compact', 'retention.bytes': '5' })).toMatchObject({
    retentionMs: -1,
    retentionSize: -1,
  });
  expect(settingsOf({ 'segment.ms': String(longMax) }).segmentAgeMaxMs).toBe(Number.MAX_SAFE_INTEGER);
});

test('logDefaults is the twin of LogConfig::default', () => {
  const source = readFileSync(new URL('../../native/src/log/config.rs', import.meta.url), 'utf8');
  expect(source).toMatch(
    /batch_size_max: 1 << 20,\s+segment_size_max: 1 << 30,\s+segment_age_max_ms: 7 \* DAY_MS,\s+index_interval: 4096,/,
  );
  expect(source).toMatch(
    /is_log_append_time: false,\s+durability: Durability::Fsync,\s+retention_ms: Some\(7 \* DAY_MS\),\s+retention_size: None,/,
  );
});

const settings: fc.Arbitrary<CompleteSettings> = fc.record({
  durability: fc.constantFrom('fsync', 'replicated'),
  batchSizeMax: fc.nat(2 ** 31 - 1),
  segmentSizeMax: fc.integer({ min: 14, max: 2 ** 31 - 1 }),
  segmentAgeMaxMs: fc.maxSafeNat().map((value) => Math.max(1, value)),
  indexInterval: fc.nat(2 ** 31 - 1),
  isLogAppendTime: fc.boolean(),
  retentionMs: fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER }),
  retentionSize: fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER }),
});

test('settings made without a broker become configs that come to the same', () => {
  fc.assert(
    fc.property(settings, (made) => {
      const configs = configsOf(made, { 'segment.jitter.ms': '5', 'retention.ms': '77' });
      expect(configs['segment.jitter.ms']).toBe('5');
      // What equals the log's own default counts as not set, and Kafka's default of a batch's size is another one.
      const batchSizeMax = made.batchSizeMax === logDefaults.batchSizeMax ? 1_048_588 : made.batchSizeMax;
      expect(areSameSettings(settingsOf(configs), { ...made, batchSizeMax })).toBe(true);
      for (const [key, value] of Object.entries(configs)) {
        expect(effectiveConfig(configs, key as TopicConfigKey)).toBe(value);
        if (key !== 'max.message.bytes') expect(check({ [key]: value })).toEqual({ ok: true, value: { [key]: value } });
      }
    }),
  );
});
