// The settings of a node, once: `millrace start --NAME`, MILLRACE_NAME in the environment, and the same names in
// millrace.config.json; later sources win in this order: file, environment, options. docs/generated/broker-configs.md is made
// from this table.

import { logLevels } from './log-level.js';
import { nearest, suggestion } from './nearest.js';
import { type Address, addressText, parseAddress, parseCount, parseSize } from './quantities.js';
import { failed, ok, type Result } from './result.js';

interface Described {
  readonly help: string;
}

interface WithBounds<D> extends Described {
  /** What stands for the value in the help: N, SIZE. */
  readonly value: string;
  readonly default?: D;
  readonly min?: number;
  readonly max?: number;
}

type SettingRow =
  | (Described & { readonly kind: 'flag'; readonly default: boolean })
  | (Described & { readonly kind: 'text'; readonly value: string; readonly default?: string })
  | (Described & { readonly kind: 'choice'; readonly choices: readonly string[]; readonly default: string })
  | (WithBounds<number> & { readonly kind: 'count' })
  /** Bytes, with an optional KiB, MiB, GiB or TiB. */
  | (WithBounds<string> & { readonly kind: 'size' })
  /** HOST:PORT; port 0 picks a free one. */
  | (Described & { readonly kind: 'address'; readonly default?: string })
  /** HOST:PORT,HOST:PORT */
  | (Described & { readonly kind: 'addresses'; readonly default?: string })
  /** Voters of the metadata quorum: 1@HOST:PORT,2@HOST:PORT. */
  | (Described & { readonly kind: 'voters' })
  /** Of web pages: https://HOST:PORT,https://HOST */
  | (Described & { readonly kind: 'origins' });

const nodeIdMax = 2 ** 31 - 1;

export const brokerSettings = {
  'node-id': {
    kind: 'count',
    value: 'N',
    default: 1,
    min: 1,
    max: nodeIdMax,
    help: 'the node’s number in the cluster; its data directory keeps it',
  },
  data: { kind: 'text', value: 'DIR', default: './data', help: 'the data directory; made if it is not there' },
  kafka: { kind: 'addresses', default: '127.0.0.1:9092', help: 'where Kafka clients connect: one address or several' },
  'kafka-advertised': {
    kind: 'addresses',
    help: 'what Kafka clients are told to connect to, one for each address of kafka; port 0: the same port; default: as bound',
  },
  gateway: { kind: 'address', default: '127.0.0.1:9080', help: 'where WebSocket and HTTP clients connect' },
  peer: { kind: 'address', help: 'where other nodes connect; needed by a quorum of several' },
  quorum: { kind: 'voters', help: 'the voters of the metadata quorum; default: this node alone' },
  profile: { kind: 'text', value: 'NAME', help: 'a hardware profile; default: what fits the machine' },
  shards: { kind: 'count', value: 'N', min: 1, max: 256, help: 'shards that partitions are spread over; default: by profile' },
  memory: {
    kind: 'size',
    value: 'SIZE',
    min: 64 * 2 ** 20,
    help: 'what rings, buffers and caches may take together, beside the 90 MiB of the process; default: by profile',
  },
  journal: { kind: 'size', value: 'SIZE', default: '512MiB', min: 2 ** 20, help: 'bytes that one shard’s journal may grow to' },
  io: { kind: 'choice', choices: ['auto', 'uring', 'fallback'], default: 'auto', help: 'how files are written' },
  'page-cache': {
    kind: 'choice',
    choices: ['auto', 'direct', 'pass', 'keep'],
    default: 'auto',
    help: 'what becomes of segment writes of 128 KiB and more: direct, of whole blocks around the page cache; pass, to the disk at once and out of memory; or keep, in the page cache until the kernel wants its memory; auto: the first of these that kernel (6.14) and filesystem can',
  },
  'fetch-strategy': {
    kind: 'choice',
    choices: ['auto', 'buffer', 'sendfile'],
    default: 'auto',
    help: 'how Kafka clients get what lies in files: read into a buffer, or sent from the page cache where it was checked before; auto: the latter',
  },
  sync: { kind: 'choice', choices: ['linked', 'dsync'], default: 'linked', help: 'how a commit is synced' },
  'set-aside-corrupt': {
    kind: 'flag',
    default: false,
    help: 'serve what is whole and refuse what is damaged, instead of not starting',
  },
  insecure: { kind: 'flag', default: false, help: 'bind beyond loopback without security' },
  'log-level': {
    kind: 'choice',
    choices: logLevels,
    default: 'info',
    help: 'what is logged; millrace cluster log-level changes it while the node runs',
  },
  origins: {
    kind: 'origins',
    help: 'other places whose web pages may use this node: by default only those that it serves itself',
  },
  'auto.create.topics.enable': { kind: 'flag', default: true, help: 'producing to an unknown topic creates it' },
  'num.partitions': {
    kind: 'count',
    value: 'N',
    default: 1,
    min: 1,
    max: 100_000,
    help: 'partitions of a topic that says nothing of them',
  },
  'default.replication.factor': {
    kind: 'count',
    value: 'N',
    default: 1,
    min: 1,
    max: 32_767,
    help: 'replicas of a topic that says nothing of them',
  },
  'partitions-max': {
    kind: 'count',
    value: 'N',
    default: 20_000,
    min: 1,
    max: 1_000_000,
    help: 'partitions of all topics together',
  },
  'connections-max': {
    kind: 'count',
    value: 'N',
    default: 10_000,
    min: 1,
    max: 1_000_000,
    help: 'clients connected at once to each data thread, at either door',
  },
  'connections-per-address-max': {
    kind: 'count',
    value: 'N',
    min: 1,
    max: 1_000_000,
    help: 'Kafka clients connected at once to each data thread from one address; default: as many as at all',
  },
  'subscriptions-max': {
    kind: 'count',
    value: 'N',
    default: 1024,
    min: 1,
    max: 1_000_000,
    help: 'subscriptions of one connection',
  },
  'requests-max': {
    kind: 'count',
    value: 'N',
    default: 256,
    min: 1,
    max: 65_536,
    help: 'requests of one WebSocket connection that wait for their answer; 64 of a Kafka client',
  },
  'message-size-max': {
    kind: 'size',
    value: 'SIZE',
    default: '16MiB',
    min: 2 ** 20,
    max: 2 ** 30,
    help: 'the largest request, and so the largest batch',
  },
  'in-flight-size-max': {
    kind: 'size',
    value: 'SIZE',
    default: '32MiB',
    min: 2 ** 20,
    help: 'bytes of one WebSocket connection that wait for their acknowledgement',
  },
  'idle-seconds-max': {
    kind: 'count',
    value: 'N',
    default: 120,
    min: 1,
    max: 86_400,
    help: 'a silent connection is closed after so long',
  },
  'socket.request.max.bytes': {
    kind: 'size',
    value: 'SIZE',
    default: '100MiB',
    min: 2 ** 16,
    max: 352 * 2 ** 20,
    help: 'the largest request of a Kafka client',
  },
  'connections.max.idle.ms': {
    kind: 'count',
    value: 'N',
    default: 600_000,
    min: 100,
    max: 2 ** 31 - 1,
    help: 'a silent connection of a Kafka client is closed after so long',
  },
  'disk-full-percent': {
    kind: 'count',
    value: 'N',
    default: 95,
    min: 1,
    max: 100,
    help: 'produce is refused when the disk is as full',
  },
  'max.incremental.fetch.session.cache.slots': {
    kind: 'count',
    value: 'N',
    default: 1_000,
    min: 0,
    max: 1_000_000,
    help: 'Kafka clients of which the node keeps what they fetch, so that they need not name it each time',
  },
  'offsets.topic.num.partitions': {
    kind: 'count',
    value: 'N',
    default: 16,
    min: 1,
    max: 1_000,
    help: 'partitions of the topic in which groups live, over which they are spread; fixed once it is made',
  },
  'offsets.topic.segment.bytes': {
    kind: 'size',
    value: 'SIZE',
    default: '100MiB',
    min: 2 ** 20,
    max: 2 ** 30,
    help: 'size of its segments, when it is made',
  },
  'offsets.retention.minutes': {
    kind: 'count',
    value: 'N',
    default: 10_080,
    min: 1,
    max: 2 ** 31 - 1,
    help: 'offsets of a group without members are kept for so long',
  },
  'offsets.retention.check.interval.ms': {
    kind: 'count',
    value: 'N',
    default: 600_000,
    min: 1,
    max: 2 ** 31 - 1,
    help: 'time between two looks at what has outlived it',
  },
  'offset.metadata.max.bytes': {
    kind: 'count',
    value: 'N',
    default: 4_096,
    min: 0,
    max: 10_000,
    help: 'what may be committed beside an offset, in characters',
  },
  'group.min.session.timeout.ms': {
    kind: 'count',
    value: 'N',
    default: 6_000,
    min: 1,
    max: 2 ** 31 - 1,
    help: 'the shortest session that a member of a group may ask for',
  },
  'group.max.session.timeout.ms': {
    kind: 'count',
    value: 'N',
    default: 1_800_000,
    min: 1,
    max: 2 ** 31 - 1,
    help: 'the longest',
  },
  'group.initial.rebalance.delay.ms': {
    kind: 'count',
    value: 'N',
    default: 3_000,
    min: 0,
    max: 2 ** 31 - 1,
    help: 'an empty group waits so long for more members after the first',
  },
  'group.max.size': { kind: 'count', value: 'N', default: 5_000, min: 1, max: 100_000, help: 'members of one group' },
} as const satisfies Readonly<Record<string, SettingRow>>;

export interface Voter {
  readonly nodeId: number;
  readonly address: Address;
}

type ValueOf<R> = R extends { kind: 'flag' }
  ? boolean
  : R extends { kind: 'count' | 'size' }
    ? Present<R, number>
    : R extends { kind: 'address' }
      ? Present<R, Address>
      : R extends { kind: 'addresses' }
        ? Present<R, readonly Address[]>
        : R extends { kind: 'voters' }
          ? readonly Voter[] | undefined
          : R extends { kind: 'origins' }
            ? readonly string[] | undefined
            : R extends { choices: readonly (infer C)[] }
              ? C
              : Present<R, string>;

type Present<R, V> = R extends { default: unknown } ? V : V | undefined;

export type BrokerSettingName = keyof typeof brokerSettings;

export type BrokerConfig = { readonly [K in BrokerSettingName]: ValueOf<(typeof brokerSettings)[K]> };

export interface SettingSources {
  /** The parsed content of the file, and its name for messages. */
  readonly file?: { readonly name: string; readonly content: unknown };
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Without their dashes; a flag that was given is "true". */
  readonly options?: Readonly<Record<string, string>>;
}

/** In the environment, and no setting: where the file is, and what the tests of this repository read. */
const environmentOthers: ReadonlySet<string> = new Set(['MILLRACE_CONFIG', 'MILLRACE_MAY_SKIP', 'MILLRACE_NO_SKIP']);
const environmentPrefix = 'MILLRACE_';

interface Given {
  readonly setting: BrokerSettingName;
  /** How the source calls it. */
  readonly as: string;
  readonly text: string;
}

/** All settings, or the first that is wrong, in words for people. */
export function readBrokerConfig(sources: SettingSources): Result<BrokerConfig, string> {
  const values: Record<string, unknown> = {};
  for (const [name, row] of Object.entries<SettingRow>(brokerSettings)) values[name] = defaultOf(row);
  const given = collect(sources);
  if (!given.ok) return given;
  for (const { setting, as, text } of given.value) {
    const parsed = parseSetting(brokerSettings[setting], text.trim());
    if (!parsed.ok) return failed(`${as} ${parsed.error}`);
    values[setting] = parsed.value;
  }
  // Every row has left a value of its kind; the compiler cannot see that.
  return ok(values as BrokerConfig);
}

function collect({ file, environment = {}, options = {} }: SettingSources): Result<readonly Given[], string> {
  const fromFile = file === undefined ? ok([]) : fileEntries(file.name, file.content);
  if (!fromFile.ok) return fromFile;
  const fromEnvironment = Object.entries(environment)
    .filter(([name, text]) => name.startsWith(environmentPrefix) && text !== undefined && !environmentOthers.has(name))
    .map(([name, text]) =>
      named(name.slice(environmentPrefix.length), name, text ?? '', (known) => environmentPrefix + upper(known)),
    );
  const fromOptions = Object.entries(options).map(([name, text]) =>
    named(name, `--${name}`, text, (known) => `--${dashed(known)}`),
  );
  const given: Given[] = [];
  for (const entry of [...fromFile.value, ...fromEnvironment, ...fromOptions]) {
    if (!entry.ok) return entry;
    given.push(entry.value);
  }
  return ok(given);
}

function fileEntries(name: string, content: unknown): Result<readonly Result<Given, string>[], string> {
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    return failed(`${name} holds no settings: it is one JSON object`);
  const entries = Object.entries(content).map(([key, value]) => {
    const as = `"${key}" in ${name}`;
    if (!['string', 'number', 'boolean'].includes(typeof value)) return failed(`${as} is neither text, a number, true nor false`);
    return named(key, as, String(value), (known) => `"${known}"`);
  });
  return ok(entries);
}

function named(name: string, as: string, text: string, spell: (known: string) => string): Result<Given, string> {
  const setting = settingByDashed.get(dashed(name));
  if (setting !== undefined) return ok({ setting, as, text });
  const meant = nearest(dashed(name), [...settingByDashed.keys()]);
  const known = meant === undefined ? undefined : settingByDashed.get(meant);
  return failed(`${as} is no setting${known === undefined ? '' : `; did you mean ${spell(known)}?`}`);
}

/** One spelling of all: "nodeId", "NODE_ID" and "num.partitions" are node-id and num-partitions. */
function dashed(name: string): string {
  const words = /[a-z]/.test(name) ? name.replace(/([a-z0-9])([A-Z])/g, '$1-$2') : name;
  return words.toLowerCase().replace(/[._]/g, '-');
}

function upper(name: string): string {
  return dashed(name).toUpperCase().replaceAll('-', '_');
}

const settingByDashed: ReadonlyMap<string, BrokerSettingName> = new Map(
  Object.keys(brokerSettings).map((name) => [dashed(name), name as BrokerSettingName]),
);

function defaultOf(row: SettingRow): unknown {
  if (!('default' in row) || row.default === undefined) return undefined;
  if (typeof row.default !== 'string') return row.default;
  const parsed = parseSetting(row, row.default);
  return parsed.ok ? parsed.value : undefined;
}

type Value = string | number | boolean | Address | readonly Address[] | readonly Voter[] | readonly string[];

function parseSetting(row: SettingRow, text: string): Result<Value, string> {
  switch (row.kind) {
    case 'flag':
      return text === 'true' || text === 'false' ? ok(text === 'true') : failed(`is true or false, not "${text}"`);
    case 'text':
      return text === '' ? failed('wants a value') : ok(text);
    case 'choice':
      return row.choices.includes(text)
        ? ok(text)
        : failed(`is one of ${row.choices.join(', ')}, not "${text}"${suggestion(text, row.choices)}`);
    case 'count':
      return bounded(row, text, parseCount(text), 'a number');
    case 'size':
      return bounded(row, text, parseSize(text), 'a size such as 64MiB');
    case 'address':
      return wanted(parseAddress(text), 'HOST:PORT', text);
    case 'addresses':
      return wanted(parseAddresses(text), 'HOST:PORT,HOST:PORT', text);
    case 'voters':
      return wanted(parseVoters(text), 'voters such as 1@HOST:PORT,2@HOST:PORT', text);
    case 'origins':
      return wanted(parseOrigins(text), 'origins such as https://dashboard.example,http://localhost:8000', text);
  }
}

function wanted<T extends Value>(value: T | undefined, what: string, text: string): Result<T, string> {
  return value === undefined ? failed(`wants ${what}, not "${text}"`) : ok(value);
}

function bounded(
  row: { min?: number; max?: number },
  text: string,
  value: number | undefined,
  what: string,
): Result<number, string> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = row;
  if (value === undefined) return failed(`wants ${what}, not "${text}"`);
  return value < min || value > max ? failed(`is from ${min} to ${max}, not ${text}`) : ok(value);
}

function parseAddresses(text: string): readonly Address[] | undefined {
  const addresses = text.split(',').map((part) => parseAddress(part.trim()));
  return addresses.every((address) => address !== undefined) ? addresses : undefined;
}

function parseVoters(text: string): readonly Voter[] | undefined {
  const voters: Voter[] = [];
  for (const part of text.split(',')) {
    const [id = '', at = ''] = part.trim().split('@');
    const nodeId = parseCount(id);
    const address = parseAddress(at);
    if (nodeId === undefined || nodeId < 1 || nodeId > nodeIdMax || address === undefined) return undefined;
    if (voters.some((voter) => voter.nodeId === nodeId)) return undefined;
    voters.push({ nodeId, address });
  }
  return voters;
}

/** As browsers write them, without path: what is compared is this text. */
function parseOrigins(text: string): readonly string[] | undefined {
  const origins = text.split(',').map((each) => each.trim());
  return origins.every((origin) => /^https?:\/\/[^\s/?#@]+$/.test(origin)) ? origins : undefined;
}

export interface SettingDescription {
  readonly name: string;
  readonly option: string;
  readonly variable: string;
  readonly value: string;
  readonly default: string;
  readonly help: string;
}

/** For help and docs. */
export function describeSettings(): readonly SettingDescription[] {
  return Object.entries<SettingRow>(brokerSettings).map(([name, row]) => ({
    name,
    option: `--${dashed(name)}`,
    variable: environmentPrefix + upper(name),
    value: valueName(row),
    default: 'default' in row && row.default !== undefined ? String(row.default) : '',
    help: row.help,
  }));
}

function valueName(row: SettingRow): string {
  switch (row.kind) {
    case 'flag':
      return 'true/false';
    case 'choice':
      return row.choices.join('/');
    case 'address':
      return 'HOST:PORT';
    case 'addresses':
      return 'HOST:PORT,…';
    case 'voters':
      return 'N@HOST:PORT,…';
    case 'origins':
      return 'ORIGIN,…';
    default:
      return row.value;
  }
}

/** What cannot be together, in words for people; undefined: all is well. */
export function settingsConflict(config: BrokerConfig): string | undefined {
  const { quorum, peer, insecure } = config;
  const nodeId = config['node-id'];
  if (quorum !== undefined && !quorum.some((voter) => voter.nodeId === nodeId)) {
    return `quorum names ${quorum.map((voter) => voter.nodeId).join(', ')}, but this is node ${nodeId}`;
  }
  if (quorum !== undefined && quorum.length > 1 && peer === undefined) return 'a quorum of several nodes needs the setting peer';
  if (config['group.min.session.timeout.ms'] > config['group.max.session.timeout.ms'])
    return 'group.min.session.timeout.ms is above group.max.session.timeout.ms';
  const open = [...config.kafka, config.gateway, peer].find((address) => address !== undefined && !isLoopback(address.host));
  if (open !== undefined && !insecure)
    return `${addressText(open)} is beyond loopback and no security is configured: bind to 127.0.0.1, or say insecure`;
  return advertisedConflict(config);
}

/** Clients connect where they are told to, and nobody can connect to "everywhere". */
function advertisedConflict({ kafka, 'kafka-advertised': advertised }: BrokerConfig): string | undefined {
  if (advertised !== undefined && advertised.length !== kafka.length)
    return `kafka names ${kafka.length} addresses and kafka-advertised ${advertised.length}: one for each, in the same order`;
  const everywhere = (advertised ?? kafka).find(({ host }) => wildcards.has(host));
  if (everywhere === undefined) return undefined;
  return advertised === undefined
    ? `kafka is bound to every address (${addressText(everywhere)}): say in kafka-advertised which of them clients are told`
    : `kafka-advertised names ${addressText(everywhere)}, to which nobody can connect: name an address of this host`;
}

const wildcards: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
