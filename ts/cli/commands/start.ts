import { readFileSync } from 'node:fs';
import { runNode } from '../../broker/main.js';
import { type BrokerConfig, describeSettings, readBrokerConfig, settingsConflict } from '../../model/broker-config.js';
import { defineCommand, type Terminal } from '../command.js';
import type { OptionTable } from '../options.js';
import { UsageError } from '../usage-error.js';

const configFile = 'millrace.config.json';

/** An option for each setting; what its default is, the table of settings says. */
const settingOptions: OptionTable = Object.fromEntries(
  describeSettings().map(({ option, value, default: usual, help }) => {
    const about = usual === '' || usual === 'false' ? help : `${help} (default ${usual})`;
    const isFlag = value === 'true/false' && usual === 'false';
    return [option.slice(2), isFlag ? { kind: 'flag', help: about } : { kind: 'text', value, help: about }];
  }),
);

const options: OptionTable = {
  ...settingOptions,
  config: { kind: 'text', value: 'FILE', help: `settings as one JSON object (default ${configFile}, if it is there)` },
};

export const command = defineCommand({
  summary: 'Starts a node, and prints one line of JSON when it is ready',
  example: 'millrace start --data ./data --gateway 127.0.0.1:9080',
  options,
  run({ options: given }, terminal) {
    return start(given, terminal);
  },
});

function start(given: Readonly<Record<string, unknown>>, terminal: Terminal) {
  return runNode(configOf(given), terminal);
}

function configOf({ config: path, ...given }: Readonly<Record<string, unknown>>): BrokerConfig {
  const file = readConfigFile(typeof path === 'string' ? path : process.env['MILLRACE_CONFIG']);
  const entries = Object.entries(given).filter(([, value]) => value !== undefined && value !== false);
  const asked = Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
  const config = readBrokerConfig({ environment: process.env, options: asked, ...(file === undefined ? {} : { file }) });
  if (!config.ok) throw new UsageError(config.error);
  const conflict = settingsConflict(config.value) ?? beyondThisVersion(config.value);
  if (conflict !== undefined) throw new UsageError(conflict);
  return config.value;
}

/** What is checked and kept in the table of settings, but would be silently without effect. */
function beyondThisVersion({ profile, quorum }: BrokerConfig): string | undefined {
  if (profile !== undefined) return `there is no hardware profile "${profile}": leave --profile out, and the machine decides`;
  if (quorum !== undefined && quorum.length > 1) return 'a quorum of several nodes: this version runs single nodes only';
  return undefined;
}

/** A file that was named has to be there; the usual one need not. */
function readConfigFile(named: string | undefined) {
  const name = named ?? configFile;
  let text: string;
  try {
    text = readFileSync(name, 'utf8');
  } catch (error) {
    if (named === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new UsageError(`${name} cannot be read: ${(error as Error).message}`);
  }
  try {
    return { name, content: JSON.parse(text) as unknown };
  } catch (error) {
    throw new UsageError(`${name} is no JSON: ${(error as Error).message}`);
  }
}
