import { join } from 'node:path';
import { collectedMetrics } from '../broker/collected.js';
import { threadProbe } from '../broker/thread-probe.js';
import { commandHelp } from '../cli/help.js';
import { registry } from '../cli/registry.js';
import { coordinatorProbe } from '../coordinator/probe.js';
import { gatewayProbe } from '../gateway/probe.js';
import { fullName, type Probe } from '../metrics/probe.js';
import { describeSettings } from '../model/broker-config.js';
import { errors } from '../model/errors.js';
import { exitCodes } from '../model/exit-codes.js';
import { type TopicConfigRow, topicConfigs } from '../model/topic-config.js';
import { shardProbe } from '../shard/probe.js';
import type { Versions } from '../wire/kafka/api.js';
import { apis } from '../wire/kafka/apis.js';
import { protocolJavascript } from './protocol/javascript.js';
import { protocolTypes } from './protocol/types.js';
import { root } from './stages/spawn-stage.js';

const protocol = [join(root, 'proto'), 'millrace/v1/session.proto'] as const;

const generators: Readonly<Record<string, () => string | Promise<string>>> = {
  'docs/generated/exit-codes.md': exitCodesPage,
  'docs/generated/commands.md': commandsPage,
  'docs/generated/broker-configs.md': brokerConfigsPage,
  'docs/generated/error-codes.md': errorCodesPage,
  'docs/generated/kafka-api-versions.md': kafkaApiVersionsPage,
  'docs/generated/metrics.md': metricsPage,
  'docs/generated/topic-configs.md': topicConfigsPage,
  'ts/wire/proto/generated/messages.js': () => protocolJavascript(...protocol),
  'ts/wire/proto/generated/messages.d.ts': () => protocolTypes(...protocol),
};

/** Everything that is made from a table: path from the root → content. */
export async function generate(): Promise<ReadonlyMap<string, string>> {
  const rows = Object.entries(generators).map(async ([path, make]) => [path, await make()] as const);
  return new Map(await Promise.all(rows));
}

function page(title: string, source: string, body: string): string {
  return `<!-- Made by "npm run generate" from ${source}. -->\n\n# ${title}\n\n${body}`;
}

function exitCodesPage(): string {
  const rows = Object.values(exitCodes).map(({ code, meaning }) => `| ${code} | ${meaning} |\n`);
  return page('Exit codes', 'ts/model/exit-codes.ts', `| code | meaning |\n|---|---|\n${rows.join('')}`);
}

/** By the file that declares them. */
const probes: Readonly<Record<string, Probe>> = {
  'ts/coordinator/probe.ts': coordinatorProbe,
  'ts/broker/thread-probe.ts': threadProbe,
  'ts/gateway/probe.ts': gatewayProbe,
  'ts/shard/probe.ts': shardProbe,
  'ts/broker/collected.ts': collectedMetrics,
};

function metricsPage(): string {
  const sections = Object.entries(probes).map(([source, probe]) => {
    const rows = Object.values(probe).map((metric) => {
      const labels = [...new Set(metric.series.flatMap((series) => Object.keys(series)))];
      return `| \`${fullName(metric)}\` | ${metric.kind} | ${labels.join(', ')} | ${metric.help} |\n`;
    });
    return `## ${source}\n\n| name | kind | labels | meaning |\n|---|---|---|---|\n${rows.join('')}`;
  });
  return page('Metrics', 'the probe of each island', sections.join('\n'));
}

const retryWords = {
  never: 'no: the same request fails the same way',
  later: 'yes, on this connection, after `retry_after_ms`',
  reconnect: 'yes, on a new connection',
  refresh: 'yes, after asking for metadata again',
} as const;

function errorCodesPage(): string {
  const rows = Object.entries(errors).map(
    ([name, { code, kafka, retry, text }]) => `| ${code} | ${name} | ${text} | ${retryWords[retry]} | ${kafka} |\n`,
  );
  const head = "| code | name | what it means | try again | Kafka's code |\n|---|---|---|---|---|\n";
  return page('Error codes', 'ts/model/errors.ts', `${head}${rows.join('')}`);
}

function kafkaApiVersionsPage(): string {
  const rows = apis.map(
    ({ key, name, served, advertised }) => `| ${key} | ${name} | ${rangeOf(served)} | ${rangeOf(advertised)} |\n`,
  );
  const about =
    "Versions of Kafka's protocol that are spoken, and those that ApiVersions names. Why each version came to be stands in its schema, in\n`ts/wire/kafka/schema/`.\n\n";
  const head = '| key | API | served | advertised |\n|---|---|---|---|\n';
  return page("Versions of Kafka's APIs", 'ts/wire/kafka/schema', `${about}${head}${rows.join('')}`);
}

function rangeOf([first, last]: Versions): string {
  return first === last ? `${first}` : `${first}–${last}`;
}

async function commandsPage(): Promise<string> {
  const sections = registry.map(async ({ verb, load }) => {
    const { command } = await load();
    return `## millrace ${verb}\n\n\`\`\`\n${commandHelp(verb, command)}\`\`\`\n`;
  });
  return page('Commands', 'ts/cli/commands', (await Promise.all(sections)).join('\n'));
}

function brokerConfigsPage(): string {
  const rows = describeSettings().map(({ name, option, variable, value, default: fallback, help }) => {
    return `| \`${name}\` | \`${option}\` | \`${variable}\` | ${value} | ${fallback} | ${help} |\n`;
  });
  const about =
    'A setting comes from `millrace.config.json`, from the environment, or from an option of `millrace start`; the later one of these\nwins. In the file it may also be written as in the option, with dots or in camel case.\n\n';
  const head = '| setting | option | environment | value | default | what it is |\n|---|---|---|---|---|---|\n';
  return page('Settings of a node', 'ts/model/broker-config.ts', `${about}${head}${rows.join('')}`);
}

function topicConfigsPage(): string {
  const all = Object.entries<TopicConfigRow>(topicConfigs);
  const row = (key: string, config: TopicConfigRow, last: string) =>
    `| \`${key}\` | ${valuesOf(config)} | ${config.default} | ${last} |\n`;
  const effective = all.flatMap(([key, config]) => (config.reader === 'nobody' ? [] : row(key, config, config.doc)));
  const others = all.flatMap(([key, config]) =>
    config.reader === 'nobody' ? row(key, config, `${config.doc} | ${config.why}`) : [],
  );
  const about =
    'All topic configs of Kafka 4.3 are accepted, checked, stored and shown, by the tools of both doors. All of them can be changed while a\ntopic is in use. `durability` is a view on `flush.messages`: `fsync` is 1, `replicated` is 9223372036854775807.\n\n';
  const head = '| config | values | default | what it does |\n|---|---|---|---|\n';
  const without =
    '\n## Without effect\n\n| config | values | default | what it would do | why it has no effect |\n|---|---|---|---|---|\n';
  return page(
    'Configs of a topic',
    'ts/model/topic-config.ts',
    `${about}${head}${effective.join('')}${without}${others.join('')}`,
  );
}

function valuesOf(row: TopicConfigRow): string {
  switch (row.type) {
    case 'choice':
      return row.choices.join(', ');
    case 'list':
      return row.of === 'replicas' ? 'a list of PARTITION:BROKER, or \\*' : `a list of ${row.of.join(', ')}`;
    case 'boolean':
      return 'true, false';
    case 'double':
      return `${row.min} to ${row.max}`;
    default:
      return wholeValues(row);
  }
}

function wholeValues({ type, min, max, other }: Extract<TopicConfigRow, { readonly type: 'int' | 'long' }>): string {
  const from = min < -(2n ** 62n) ? '' : `, from ${min}`;
  return `${type}${from}${max === undefined ? '' : ` to ${max}`}${other === undefined ? '' : `, or ${other}`}`;
}
