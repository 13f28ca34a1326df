import { type BrokerConfig, type BrokerSettingName, brokerSettings, type Voter } from './broker-config.js';
import { type Address, addressText } from './quantities.js';
import { type TopicConfigRow, topicConfigs } from './topic-config.js';

/** One setting of a node as it runs, for those who look at it from outside. */
export interface NodeSetting {
  readonly name: string;
  /** Null: nothing was said, and nothing stands for it. */
  readonly value: string | null;
  readonly isDefault: boolean;
  readonly type: 'boolean' | 'int' | 'long' | 'double' | 'string' | 'list';
  readonly documentation: string;
}

/** Under which names Kafka's tools look for a setting of ours; many have the same. */
const kafkaNames: Readonly<Partial<Record<BrokerSettingName, readonly string[]>>> = {
  'node-id': ['node.id', 'broker.id'],
  data: ['log.dirs', 'log.dir'],
  kafka: ['listeners'],
  'kafka-advertised': ['advertised.listeners'],
  'connections-max': ['max.connections'],
};

/** What Kafka has a setting for, and what here is always so. */
const always: readonly NodeSetting[] = [
  {
    name: 'delete.topic.enable',
    value: 'true',
    isDefault: true,
    type: 'boolean',
    documentation: 'Whether topics can be deleted.',
  },
];

const typeOfKind = {
  flag: 'boolean',
  text: 'string',
  choice: 'string',
  count: 'int',
  size: 'long',
  address: 'string',
  addresses: 'list',
  voters: 'list',
  origins: 'list',
} as const;

/** Our own names, Kafka's for the same, and the defaults that topics have. */
export function nodeSettings(config: BrokerConfig): readonly NodeSetting[] {
  const own = (Object.keys(brokerSettings) as BrokerSettingName[]).flatMap((name) => settingsOf(config, name));
  return [...own, ...always, ...topicDefaults()].sort((one, other) => (one.name < other.name ? -1 : 1));
}

function settingsOf(config: BrokerConfig, name: BrokerSettingName): readonly NodeSetting[] {
  const row = brokerSettings[name];
  const value = textOf(config[name]);
  const isDefault = value === ('default' in row ? String(row.default) : null);
  const setting = { name, value, isDefault, type: typeOfKind[row.kind], documentation: row.help };
  const isListener = row.kind === 'addresses';
  const shown = isListener && value !== null ? `PLAINTEXT://${value.replaceAll(',', ',PLAINTEXT://')}` : value;
  return [setting, ...(kafkaNames[name] ?? []).map((other) => ({ ...setting, name: other, value: shown }))];
}

function textOf(value: BrokerConfig[BrokerSettingName]): string | null {
  if (value === undefined) return null;
  if (typeof value !== 'object') return String(value);
  return isAddress(value) ? addressText(value) : value.map(partText).join(',');
}

function isAddress(value: object): value is Address {
  return 'host' in value;
}

function partText(part: string | Address | Voter): string {
  if (typeof part === 'string') return part;
  return isAddress(part) ? addressText(part) : `${part.nodeId}@${addressText(part.address)}`;
}

function topicDefaults(): readonly NodeSetting[] {
  return Object.values<TopicConfigRow>(topicConfigs).flatMap(({ synonym: name, default: value, type, doc: documentation }) =>
    name === undefined ? [] : [{ name, value, isDefault: true, type: type === 'choice' ? 'string' : type, documentation }],
  );
}
