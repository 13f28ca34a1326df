import { effectiveConfig, longMax, type TopicConfigKey, type TopicConfigs, topicConfigs } from './topic-config.js';

export type Durability = 'fsync' | 'replicated';

/** A topic's configuration as the data plane reads it; what is absent stays as it is, or has its default in a new topic. */
export interface TopicSettings {
  readonly durability?: Durability;
  readonly batchSizeMax?: number;
  readonly segmentSizeMax?: number;
  readonly segmentAgeMaxMs?: number;
  readonly indexInterval?: number;
  readonly isLogAppendTime?: boolean;
  /** Below zero: keeps everything. */
  readonly retentionMs?: number;
  readonly retentionSize?: number;
}

export type CompleteSettings = Required<TopicSettings>;

/** What the native log gives a topic of which nobody said anything. native/src/log/config.rs is the twin. */
export const logDefaults: CompleteSettings = {
  durability: 'fsync',
  batchSizeMax: 1_048_576,
  segmentSizeMax: 2 ** 30,
  segmentAgeMaxMs: 604_800_000,
  indexInterval: 4096,
  isLogAppendTime: false,
  retentionMs: 604_800_000,
  retentionSize: -1,
};

/** The settings that configs come to. */
export function settingsOf(configs: TopicConfigs): CompleteSettings {
  const number = (key: TopicConfigKey) => numberOf(effectiveConfig(configs, key));
  const deletes = effectiveConfig(configs, 'cleanup.policy').split(',').includes('delete');
  return {
    durability: effectiveConfig(configs, 'flush.messages') === '1' ? 'fsync' : 'replicated',
    batchSizeMax: number('max.message.bytes'),
    segmentSizeMax: number('segment.bytes'),
    segmentAgeMaxMs: number('segment.ms'),
    indexInterval: number('index.interval.bytes'),
    isLogAppendTime: effectiveConfig(configs, 'message.timestamp.type') === 'LogAppendTime',
    retentionMs: deletes ? number('retention.ms') : -1,
    retentionSize: deletes ? number('retention.bytes') : -1,
  };
}

/** Beyond what a number holds exactly no age or size ever gets: 285 thousand years, 8 PiB. */
function numberOf(value: string): number {
  const number = BigInt(value);
  return number > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(number);
}

const wholeKeys: readonly (readonly [TopicConfigKey, keyof CompleteSettings])[] = [
  ['max.message.bytes', 'batchSizeMax'],
  ['segment.bytes', 'segmentSizeMax'],
  ['segment.ms', 'segmentAgeMaxMs'],
  ['index.interval.bytes', 'indexInterval'],
  ['retention.ms', 'retentionMs'],
  ['retention.bytes', 'retentionSize'],
];

/**
 * The configs of a topic whose settings were made without a broker. What the native log would have given anyway counts as not set.
 * Keys that do not reach the log stay as they are.
 */
export function configsOf(settings: CompleteSettings, known: TopicConfigs = {}): TopicConfigs {
  const configs: Record<string, string> = {};
  for (const [key, value] of Object.entries(known)) {
    if (topicConfigs[key as TopicConfigKey]?.reader !== 'log') configs[key] = value;
  }
  for (const [key, name] of wholeKeys) {
    if (settings[name] !== logDefaults[name]) configs[key] = String(settings[name]);
  }
  if (settings.durability === 'replicated') configs['flush.messages'] = String(longMax);
  if (settings.isLogAppendTime) configs['message.timestamp.type'] = 'LogAppendTime';
  return configs;
}

export function areSameSettings(a: CompleteSettings, b: CompleteSettings): boolean {
  return (Object.keys(logDefaults) as (keyof CompleteSettings)[]).every((key) => a[key] === b[key]);
}
