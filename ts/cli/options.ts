import { suggestion } from '../model/nearest.js';
import { parseCount, parseSize } from '../model/quantities.js';
import { UsageError } from './usage-error.js';

interface Described {
  readonly help: string;
}

interface Valued<T> extends Described {
  /** What stands for the value in the help: DIR, N, SIZE. */
  readonly value: string;
  readonly default?: T;
}

export type OptionSpec =
  | (Described & { readonly kind: 'flag' })
  | (Valued<string> & { readonly kind: 'text' })
  /** May be given more than once. */
  | (Described & { readonly kind: 'list'; readonly value: string })
  | (Valued<number> & { readonly kind: 'count'; readonly min?: number; readonly max?: number })
  /** Bytes, with an optional KiB, MiB, GiB or TiB. */
  | (Valued<number> & { readonly kind: 'size'; readonly min?: number; readonly max?: number })
  | (Described & { readonly kind: 'choice'; readonly choices: readonly string[]; readonly default?: string });

/** Keyed by the name without its dashes. */
export type OptionTable = Readonly<Record<string, OptionSpec>>;

type ValueOf<S extends OptionSpec> = S extends { kind: 'flag' }
  ? boolean
  : S extends { kind: 'list' }
    ? readonly string[]
    : Present<S, S extends { kind: 'count' | 'size' } ? number : S extends { choices: readonly (infer C)[] } ? C : string>;

type Present<S, V> = S extends { default: string | number } ? V : V | undefined;

export type OptionValues<T extends OptionTable> = { readonly [K in keyof T]: ValueOf<T[K]> };

export interface ParsedArguments<T extends OptionTable> {
  readonly options: OptionValues<T>;
  readonly positionals: readonly string[];
}

type Values = Record<string, string | number | boolean | string[] | undefined>;

/** Options may stand anywhere; `--name value` or `--name=value`; after `--` everything is a positional. */
export function parseArguments<const T extends OptionTable>(table: T, args: readonly string[]): ParsedArguments<T> {
  const values = defaultsOf(table);
  const positionals: string[] = [];
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') {
      positionals.push(...rest.splice(0));
    } else if (word.startsWith('--')) {
      takeOption(table, word, rest, values);
    } else if (word.startsWith('-') && word !== '-') {
      throw unknownOption(word, table);
    } else {
      positionals.push(word);
    }
  }
  // The loop above filled `values` by the same table that T was taken from; the compiler cannot see that.
  return { options: values as OptionValues<T>, positionals };
}

function defaultsOf(table: OptionTable): Values {
  const values: Values = {};
  for (const [name, spec] of Object.entries(table)) {
    if (spec.kind === 'flag') values[name] = false;
    else if (spec.kind === 'list') values[name] = [];
    else values[name] = spec.default;
  }
  return values;
}

function takeOption(table: OptionTable, word: string, rest: string[], values: Values): void {
  const equals = word.indexOf('=');
  const name = word.slice(2, equals < 0 ? undefined : equals);
  const spec = Object.hasOwn(table, name) ? table[name] : undefined;
  if (spec === undefined) throw unknownOption(`--${name}`, table);
  if (spec.kind === 'flag') {
    if (equals >= 0) throw new UsageError(`--${name} takes no value`);
    values[name] = true;
    return;
  }
  const text = equals < 0 ? rest.shift() : word.slice(equals + 1);
  if (text === undefined) throw new UsageError(`--${name} wants a value`);
  if (spec.kind === 'list') values[name] = [...((values[name] as string[] | undefined) ?? []), text];
  else values[name] = parseValue(name, spec, text);
}

function parseValue(name: string, spec: Exclude<OptionSpec, { kind: 'flag' | 'list' }>, text: string): string | number {
  switch (spec.kind) {
    case 'text':
      return text;
    case 'choice':
      if (spec.choices.includes(text)) return text;
      throw new UsageError(`--${name} is one of ${spec.choices.join(', ')}, not "${text}"${suggestion(text, spec.choices)}`);
    case 'count':
      return bounded(name, spec, text, parseCount(text) ?? refuse(name, 'a number', text));
    case 'size':
      return bounded(name, spec, text, parseSize(text) ?? refuse(name, 'a size such as 64MiB', text));
  }
}

function refuse(name: string, wanted: string, text: string): never {
  throw new UsageError(`--${name} wants ${wanted}, not "${text}"`);
}

function bounded(name: string, spec: { min?: number; max?: number }, text: string, value: number): number {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = spec;
  if (value < min || value > max) throw new UsageError(`--${name} ${text} is outside of ${min} to ${max}`);
  return value;
}

function unknownOption(typed: string, table: OptionTable): UsageError {
  const bare = typed.replace(/^-+/, '');
  return new UsageError(`unknown option ${typed}${suggestion(bare, Object.keys(table), '--')}`);
}
