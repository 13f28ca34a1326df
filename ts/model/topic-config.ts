// Kafka's topic configs, once: key, type, default, bounds, what each does, who reads it, and which of the broker's settings has its
// default in Kafka. Names, types and bounds are those of Kafka 4.3. docs/generated/topic-configs.md is made from this table, and what
// a client describes is too. All are accepted, checked, stored and shown; one without a reader says why it has no effect.

import { suggestion } from './nearest.js';
import { failed, ok, type Result } from './result.js';

/** What was set for a topic, by Kafka's names. */
export type TopicConfigs = Readonly<Record<string, string>>;

/** Kafka's word for "no limit": the largest int64. */
export const longMax = 2n ** 63n - 1n;
const intMax = 2n ** 31n - 1n;

/** The native log acts on it, or who takes batches from producers, or who hands them to Kafka's consumers, or nobody does. */
type Effect = { readonly reader: 'log' | 'produce' | 'fetch' } | { readonly reader: 'nobody'; readonly why: string };

type Row = Effect & {
  readonly default: string;
  readonly doc: string;
  /** The broker's setting of the same meaning, by Kafka's name. */
  readonly synonym?: string;
};

type WholeRow = Row & {
  readonly type: 'int' | 'long';
  readonly min: bigint;
  readonly max?: bigint;
  /** Allowed besides. */
  readonly other?: bigint;
};

type ChoiceRow = Row & {
  readonly type: 'choice';
  readonly choices: readonly string[];
};

type ListRow = Row & {
  readonly type: 'list';
  readonly of: readonly string[] | 'replicas';
};

type FractionRow = Row & {
  readonly type: 'double';
  readonly min: number;
  readonly max: number;
};

type TruthRow = Row & { readonly type: 'boolean' };

export type TopicConfigRow = WholeRow | ChoiceRow | ListRow | FractionRow | TruthRow;

const longMin = -(2n ** 63n);
const unlimited = String(longMax);

const storesAsSent = 'Batches are stored as their producer compressed them; the broker compresses nothing.';
const noCompaction = 'Logs are not compacted.';
const oneReplica = 'A partition has one replica.';
const noTiers = 'There is no remote storage: the local log is the whole log.';

export const topicConfigs = {
  'cleanup.policy': {
    type: 'list',
    of: ['delete', 'compact'],
    default: 'delete',
    reader: 'log',
    synonym: 'log.cleanup.policy',
    doc: 'delete: old segments go by retention. Without it nothing goes by age or size. compact: each record needs a key; nothing is compacted yet, records are kept as they are.',
  },
  'compression.gzip.level': {
    type: 'int',
    min: 1n,
    max: 9n,
    other: -1n,
    default: '-1',
    reader: 'nobody',
    why: storesAsSent,
    synonym: 'compression.gzip.level',
    doc: 'Level of gzip where the broker compresses.',
  },
  'compression.lz4.level': {
    type: 'int',
    min: 1n,
    max: 17n,
    default: '9',
    reader: 'nobody',
    why: storesAsSent,
    synonym: 'compression.lz4.level',
    doc: 'Level of lz4 where the broker compresses.',
  },
  'compression.type': {
    type: 'choice',
    choices: ['producer', 'uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'],
    default: 'producer',
    reader: 'fetch',
    synonym: 'compression.type',
    doc: 'zstd: Kafka’s consumers that do not know it yet, before version 10 of Fetch, are refused. Batches stay as their producer compressed them; the broker compresses nothing.',
  },
  'compression.zstd.level': {
    type: 'int',
    min: -131072n,
    max: 22n,
    default: '3',
    reader: 'nobody',
    why: storesAsSent,
    synonym: 'compression.zstd.level',
    doc: 'Level of zstd where the broker compresses.',
  },
  'delete.retention.ms': {
    type: 'long',
    min: 0n,
    default: '86400000',
    reader: 'nobody',
    why: noCompaction,
    synonym: 'log.cleaner.delete.retention.ms',
    doc: 'How long compaction keeps tombstones.',
  },
  'file.delete.delay.ms': {
    type: 'long',
    min: 0n,
    default: '60000',
    reader: 'nobody',
    why: 'Files are removed as soon as no reader holds them.',
    synonym: 'log.segment.delete.delay.ms',
    doc: 'How long a file that is not needed any more is kept.',
  },
  'flush.messages': {
    type: 'long',
    min: 1n,
    default: '1',
    reader: 'log',
    synonym: 'log.flush.interval.messages',
    doc: '1, the default here: acknowledged when synced. Anything larger: acknowledged from the page cache and the replicas, as Kafka does by default.',
  },
  'flush.ms': {
    type: 'long',
    min: 0n,
    default: unlimited,
    reader: 'nobody',
    why: 'Syncs happen at each acknowledgement or by checkpoints, never by time.',
    synonym: 'log.flush.interval.ms',
    doc: 'How long a record may stay unsynced.',
  },
  'follower.replication.throttled.replicas': {
    type: 'list',
    of: 'replicas',
    default: '',
    reader: 'nobody',
    why: oneReplica,
    doc: 'Followers whose replication is throttled: PARTITION:BROKER,… or *.',
  },
  'index.interval.bytes': {
    type: 'int',
    min: 0n,
    default: '4096',
    reader: 'log',
    synonym: 'log.index.interval.bytes',
    doc: 'Bytes of log between two entries of the offset index.',
  },
  'leader.replication.throttled.replicas': {
    type: 'list',
    of: 'replicas',
    default: '',
    reader: 'nobody',
    why: oneReplica,
    doc: 'Leaders whose replication is throttled: PARTITION:BROKER,… or *.',
  },
  'local.retention.bytes': {
    type: 'long',
    min: -2n,
    default: '-2',
    reader: 'nobody',
    why: noTiers,
    synonym: 'log.local.retention.bytes',
    doc: 'Retention by size of the local part of tiered storage.',
  },
  'local.retention.ms': {
    type: 'long',
    min: -2n,
    default: '-2',
    reader: 'nobody',
    why: noTiers,
    synonym: 'log.local.retention.ms',
    doc: 'Retention by age of the local part of tiered storage.',
  },
  'max.compaction.lag.ms': {
    type: 'long',
    min: 1n,
    default: unlimited,
    reader: 'nobody',
    why: noCompaction,
    synonym: 'log.cleaner.max.compaction.lag.ms',
    doc: 'The longest a record stays uncompacted.',
  },
  'max.message.bytes': {
    type: 'int',
    min: 0n,
    default: '1048588',
    reader: 'log',
    synonym: 'message.max.bytes',
    doc: 'The largest batch that is taken, in bytes as sent.',
  },
  'message.timestamp.after.max.ms': {
    type: 'long',
    min: 0n,
    default: '3600000',
    reader: 'produce',
    synonym: 'log.message.timestamp.after.max.ms',
    doc: 'How far ahead of the clock the first and the largest timestamp of a batch may be, with CreateTime: else it is refused.',
  },
  'message.timestamp.before.max.ms': {
    type: 'long',
    min: 0n,
    default: unlimited,
    reader: 'produce',
    synonym: 'log.message.timestamp.before.max.ms',
    doc: 'How far behind the clock the first and the largest timestamp of a batch may be, with CreateTime: else it is refused.',
  },
  'message.timestamp.type': {
    type: 'choice',
    choices: ['CreateTime', 'LogAppendTime'],
    default: 'CreateTime',
    reader: 'log',
    synonym: 'log.message.timestamp.type',
    doc: 'Whether a record keeps its producer’s timestamp or gets the time of its append.',
  },
  'min.cleanable.dirty.ratio': {
    type: 'double',
    min: 0,
    max: 1,
    default: '0.5',
    reader: 'nobody',
    why: noCompaction,
    synonym: 'log.cleaner.min.cleanable.ratio',
    doc: 'The share of uncompacted log that starts compaction.',
  },
  'min.compaction.lag.ms': {
    type: 'long',
    min: 0n,
    default: '0',
    reader: 'nobody',
    why: noCompaction,
    synonym: 'log.cleaner.min.compaction.lag.ms',
    doc: 'The shortest a record stays uncompacted.',
  },
  'min.insync.replicas': {
    type: 'int',
    min: 1n,
    default: '1',
    reader: 'produce',
    synonym: 'min.insync.replicas',
    doc: 'With fewer replicas in sync, what is sent with acks=all is refused. A partition has one replica: above 1 all of it is.',
  },
  preallocate: {
    type: 'boolean',
    default: 'false',
    reader: 'nobody',
    why: 'Space is always reserved before a batch is taken.',
    synonym: 'log.preallocate',
    doc: 'Whether the space of a segment is reserved when it is made.',
  },
  'remote.log.copy.disable': {
    type: 'boolean',
    default: 'false',
    reader: 'nobody',
    why: noTiers,
    doc: 'Stops tiering to remote storage.',
  },
  'remote.log.delete.on.disable': {
    type: 'boolean',
    default: 'false',
    reader: 'nobody',
    why: noTiers,
    doc: 'Deletes remote segments when tiering ends.',
  },
  'remote.storage.enable': {
    type: 'boolean',
    default: 'false',
    reader: 'nobody',
    why: noTiers,
    doc: 'Tiering to remote storage.',
  },
  'retention.bytes': {
    type: 'long',
    min: longMin,
    default: '-1',
    reader: 'log',
    synonym: 'log.retention.bytes',
    doc: 'Old segments go when a partition is larger; below 0: no limit.',
  },
  'retention.ms': {
    type: 'long',
    min: -1n,
    default: '604800000',
    reader: 'log',
    synonym: 'log.retention.ms',
    doc: 'Segments go when their newest record is older; -1: no limit.',
  },
  'segment.bytes': {
    type: 'int',
    min: 14n,
    default: '1073741824',
    reader: 'log',
    synonym: 'log.segment.bytes',
    doc: 'Size at which a new segment begins. Kafka asks for a mebibyte at least.',
  },
  'segment.index.bytes': {
    type: 'int',
    min: 4n,
    default: '10485760',
    reader: 'nobody',
    why: 'Indexes take what they need.',
    synonym: 'log.index.size.max.bytes',
    doc: 'The size of a segment’s offset index.',
  },
  'segment.jitter.ms': {
    type: 'long',
    min: 0n,
    default: '0',
    reader: 'nobody',
    why: 'Segments of many partitions that begin at the same time cost no more than others.',
    synonym: 'log.roll.jitter.ms',
    doc: 'Spread of the age at which a new segment begins.',
  },
  'segment.ms': {
    type: 'long',
    min: 1n,
    default: '604800000',
    reader: 'log',
    synonym: 'log.roll.ms',
    doc: 'Age at which a new segment begins.',
  },
  'unclean.leader.election.enable': {
    type: 'boolean',
    default: 'false',
    reader: 'nobody',
    why: oneReplica,
    synonym: 'unclean.leader.election.enable',
    doc: 'Whether a replica that is not in sync may lead.',
  },
} as const satisfies Readonly<Record<string, TopicConfigRow>>;

export type TopicConfigKey = keyof typeof topicConfigs;

function isTopicConfigKey(key: string): key is TopicConfigKey {
  return Object.hasOwn(topicConfigs, key);
}

/** A view on `flush.messages`, and no key of its own: it is never stored. */
const durabilityView = 'durability';

const flushByDurability: Readonly<Record<string, string>> = { fsync: '1', replicated: unlimited };

/** Every topic's configs are in memory on every node. */
const valueLengthMax = 4096;

/** The value as it is stored, or why it cannot be one. */
export function checkTopicConfig(key: TopicConfigKey, text: string): Result<string, string> {
  if (text.length > valueLengthMax) return failed(`${key} has at most ${valueLengthMax} characters`);
  const value = text.trim();
  const row: TopicConfigRow = topicConfigs[key];
  switch (row.type) {
    case 'int':
    case 'long':
      return checkWhole(key, row, value);
    case 'double':
      return checkFraction(key, row, value);
    case 'boolean':
      return isOneOf(['true', 'false'], value.toLowerCase())
        ? ok(value.toLowerCase())
        : failed(`${key} is true or false, not "${value}"`);
    case 'choice':
      return isOneOf(row.choices, value) ? ok(value) : failed(noChoice(key, row.choices, value));
    case 'list':
      return checkList(key, row, value);
  }
}

function isOneOf(choices: readonly string[], value: string): boolean {
  return choices.includes(value);
}

function noChoice(key: string, choices: readonly string[], value: string): string {
  return `${key} is one of ${choices.join(', ')}, not "${value}"${suggestion(value, choices)}`;
}

function checkWhole(key: string, row: WholeRow, value: string): Result<string, string> {
  const max = row.max ?? (row.type === 'int' ? intMax : longMax);
  // 20 characters hold every int64; a longer text would only cost time.
  if (!/^[+-]?\d{1,20}$/.test(value)) return failed(`${key} is a whole number, not "${value}"`);
  const number = BigInt(value.replace('+', ''));
  if ((number >= row.min && number <= max) || number === row.other) return ok(String(number));
  const besides = row.other === undefined ? '' : `, or ${row.other}`;
  return failed(`${key} is from ${row.min} to ${max}${besides}, not ${number}`);
}

function checkFraction(key: string, row: FractionRow, value: string): Result<string, string> {
  const number = /^[+-]?[\d.]+(e[+-]?\d+)?$/i.test(value) ? Number(value) : Number.NaN;
  return number >= row.min && number <= row.max
    ? ok(String(number))
    : failed(`${key} is a number from ${row.min} to ${row.max}, not "${value}"`);
}

function checkList(key: string, row: ListRow, value: string): Result<string, string> {
  const parts = listOf(value);
  const { of } = row;
  if (of === 'replicas') {
    const isWhole = value === '*' || parts.every((part) => /^\d+:\d+$/.test(part));
    return isWhole ? ok(parts.join(',')) : failed(`${key} is * or a list of PARTITION:BROKER, not "${value}"`);
  }
  const wrong = parts.find((part) => !isOneOf(of, part));
  return wrong === undefined ? ok([...new Set(parts)].join(',')) : failed(noChoice(key, of, wrong));
}

/** What a list has in it, as it is written. */
export function listOf(value: string): readonly string[] {
  return value.trim() === '' ? [] : value.split(',').map((part) => part.trim());
}

/** What this node cannot hold, whatever Kafka allows. */
export interface TopicConfigLimits {
  /** Of a batch: what one connection's receive budget and the rings have room for. */
  readonly batchSizeMax: number;
}

/** As a client names them, `durability` among them, checked and as they are stored. */
export function checkTopicConfigs(
  asked: Readonly<Record<string, string>>,
  limits: TopicConfigLimits,
): Result<TopicConfigs, string> {
  const stored: Record<string, string> = {};
  for (const [name, text] of Object.entries(asked)) {
    const checked = checkNamed(name, text);
    if (!checked.ok) return checked;
    const [key, value] = checked.value;
    // `durability` and `flush.messages` in one request are one thing said twice.
    if (Object.hasOwn(stored, key) && stored[key] !== value)
      return failed(`${durabilityView} and flush.messages contradict each other`);
    stored[key] = value;
  }
  const batchSizeMax = stored['max.message.bytes'] ?? '0';
  // Every topic has the default: tools that write back what they have read may say it.
  if (Number(batchSizeMax) > limits.batchSizeMax && batchSizeMax !== topicConfigs['max.message.bytes'].default) {
    return failed(`max.message.bytes is at most ${limits.batchSizeMax} on this node: see its setting message-size-max`);
  }
  return ok(stored);
}

/** What cannot hold together, though each could alone; undefined: all is well. */
export function topicConfigsConflict(configs: TopicConfigs): string | undefined {
  const [min, max] = [effectiveConfig(configs, 'min.compaction.lag.ms'), effectiveConfig(configs, 'max.compaction.lag.ms')];
  return BigInt(min) > BigInt(max) ? `min.compaction.lag.ms, ${min}, is above max.compaction.lag.ms, ${max}` : undefined;
}

function checkNamed(name: string, text: string): Result<readonly [TopicConfigKey, string], string> {
  const key = storedKey(name);
  if (key === undefined) return failed(unknownConfig(name));
  if (name !== durabilityView) {
    const checked = checkTopicConfig(key, text);
    return checked.ok ? ok([key, checked.value]) : checked;
  }
  const flush = Object.hasOwn(flushByDurability, text.trim()) ? flushByDurability[text.trim()] : undefined;
  return flush === undefined ? failed(noChoice(name, Object.keys(flushByDurability), text)) : ok([key, flush]);
}

/** Whether a name only looks at a config that has another one. */
export function isView(name: string): boolean {
  return name === durabilityView;
}

/** The key under which a name is stored; undefined: there is no such config. */
export function storedKey(name: string): TopicConfigKey | undefined {
  if (name === durabilityView) return 'flush.messages';
  return isTopicConfigKey(name) ? name : undefined;
}

export function unknownConfig(name: string): string {
  return `there is no topic config ${name}${suggestion(name, [...Object.keys(topicConfigs), durabilityView])}`;
}

/** What holds: set for the topic, or the default. */
export function effectiveConfig(configs: TopicConfigs, key: TopicConfigKey): string {
  return (Object.hasOwn(configs, key) ? configs[key] : undefined) ?? topicConfigs[key].default;
}

export interface DescribedConfig {
  readonly name: string;
  readonly value: string;
  readonly source: 'default' | 'topic';
  readonly doc: string;
}

function documentationOf(row: TopicConfigRow): string {
  return row.reader === 'nobody' ? `${row.doc} Without effect: ${row.why.charAt(0).toLowerCase()}${row.why.slice(1)}` : row.doc;
}

/** Every config of a topic, `durability` in front. */
export function describeConfigs(configs: TopicConfigs): readonly DescribedConfig[] {
  const described = Object.entries<TopicConfigRow>(topicConfigs).map(([name, row]): DescribedConfig => {
    const isSet = Object.hasOwn(configs, name);
    const doc = documentationOf(row);
    return { name, value: effectiveConfig(configs, name as TopicConfigKey), source: isSet ? 'topic' : 'default', doc };
  });
  const flush = described.find(({ name }) => name === 'flush.messages');
  const value = flush?.value === '1' ? 'fsync' : 'replicated';
  const view = {
    name: durabilityView,
    value,
    source: flush?.source ?? 'default',
    doc: 'What an acknowledgement promises: a view on flush.messages.',
  };
  return [view, ...described];
}
