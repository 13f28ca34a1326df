import type { Command } from './command.js';
import type { OptionSpec } from './options.js';
import { registry } from './registry.js';

export async function generalHelp(): Promise<string> {
  const rows = await Promise.all(registry.map(async ({ verb, load }) => [verb, (await load()).command.summary] as const));
  return `${lines([
    'Usage: millrace COMMAND [OPTIONS]',
    '',
    ...columns(rows),
    '',
    'millrace COMMAND --help tells more about one of them.',
  ])}`;
}

export function commandHelp(verb: string, command: Command): string {
  const names = command.positionals.map(({ name }) => ` ${name}`).join('');
  const about = command.positionals.map(({ name, help }) => [name, help] as const);
  const options = Object.entries(command.options).map(([name, spec]) => [signature(name, spec), describe(spec)] as const);
  return lines([
    `Usage: millrace ${verb}${names} [OPTIONS]`,
    '',
    command.summary,
    '',
    ...columns([...about, ...options, ['--help', 'this text']]),
    '',
    `Example: ${command.example}`,
  ]);
}

function signature(name: string, spec: OptionSpec): string {
  if (spec.kind === 'flag') return `--${name}`;
  return `--${name} ${spec.kind === 'choice' ? spec.choices.join('/') : spec.value}`;
}

function describe(spec: OptionSpec): string {
  if (spec.kind === 'list') return `${spec.help} (may be repeated)`;
  if (spec.kind === 'flag' || spec.default === undefined) return spec.help;
  return `${spec.help} (default ${spec.default})`;
}

function columns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}

function lines(texts: readonly string[]): string {
  return `${texts.join('\n')}\n`;
}
