import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkTopicConfig, type TopicConfigKey, type TopicConfigRow, topicConfigs } from '../../ts/model/topic-config.js';

interface KafkaConfig {
  readonly name: string;
  readonly type: string;
  readonly default: string;
  /** As Kafka's validator prints itself: "[1,...]", "[0,...,1]", "[1,...,9] or -1", "[a, b]"; null: anything of the type. */
  readonly valid: string | null;
  /** Of the broker. */
  readonly synonym: string | null;
}

const golden = readFileSync(new URL('../golden/kafka/topic-configs.json', import.meta.url), 'utf8');
const kafkaConfigs = JSON.parse(golden) as readonly KafkaConfig[];

const ours: Readonly<Record<string, TopicConfigRow>> = topicConfigs;
const typeNames = { int: 'INT', long: 'LONG', double: 'DOUBLE', boolean: 'BOOLEAN', list: 'LIST', choice: 'STRING' } as const;

/** Synced is our default, and smaller segments than Kafka's are taken. */
const otherDefaults: Readonly<Record<string, string>> = { 'flush.messages': '1' };
const otherMinima: Readonly<Record<string, string>> = { 'segment.bytes': '14' };

test('there are as many configs as Kafka has, by the same names', () => {
  expect(Object.keys(ours).sort()).toEqual(kafkaConfigs.map(({ name }) => name).sort());
});

test.each(kafkaConfigs)('$name has Kafka’s type, default and synonym', ({ name, type, default: fallback, synonym }) => {
  const row = ours[name];
  expect(typeNames[row?.type ?? 'int']).toBe(type);
  expect(row?.default).toBe(otherDefaults[name] ?? fallback);
  expect(row?.synonym ?? null).toBe(synonym);
});

const isTaken = (name: string, value: string) => checkTopicConfig(name as TopicConfigKey, value).ok;

test.each(kafkaConfigs.filter(({ valid }) => valid?.includes('...')))(
  '$name is bounded as in Kafka: $valid',
  ({ name, valid }) => {
    const [, min = '', max, other] = /^\[(-?\d+),\.\.\.(?:,(\d+))?\](?: or (-?\d+))?$/.exec(valid ?? '') ?? [];
    if (min === '') return expect(valid).toContain('[partitionId]:[brokerId]');
    const least = otherMinima[name] ?? min;
    expect([isTaken(name, least), isTaken(name, String(BigInt(least) - 1n))]).toEqual([
      true,
      String(BigInt(least) - 1n) === other,
    ]);
    if (max !== undefined) expect([isTaken(name, max), isTaken(name, String(BigInt(max) + 1n))]).toEqual([true, false]);
    if (other !== undefined) expect(isTaken(name, other)).toBe(true);
  },
);

test.each(kafkaConfigs.filter(({ valid }) => valid !== null && !valid.includes('...')))(
  '$name is one of $valid',
  ({ name, valid }) => {
    const choices = (valid ?? '').slice(1, -1).split(', ');
    for (const choice of choices) expect(isTaken(name, choice), choice).toBe(true);
    expect(isTaken(name, 'something-else')).toBe(false);
    const row = ours[name];
    expect([...(row?.type === 'choice' ? row.choices : row?.type === 'list' ? row.of : [])].sort()).toEqual(choices.sort());
  },
);

test('what Kafka takes besides is taken', () => {
  for (const value of ['*', '', '0:1', '0:1,1:2'])
    expect(isTaken('leader.replication.throttled.replicas', value), value).toBe(true);
  for (const value of ['x', 'none', '0', '0:', '*,0:1'])
    expect(isTaken('leader.replication.throttled.replicas', value), value).toBe(false);
  for (const value of ['-5', '-9223372036854775808']) expect(isTaken('retention.bytes', value), value).toBe(true);
  expect(checkTopicConfig('cleanup.policy', '')).toEqual({ ok: true, value: '' });
  expect(checkTopicConfig('cleanup.policy', 'delete,delete')).toEqual({ ok: true, value: 'delete' });
});
