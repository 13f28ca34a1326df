import { describe, expect, test } from 'vitest';
import type { Versions } from '../../ts/wire/kafka/api.js';
import { apis } from '../../ts/wire/kafka/apis.js';
import { type Field, type Fields, noUuid } from '../../ts/wire/kafka/field.js';
import { goldenLines } from './messages.js';

// Each schema beside Kafka's own definition of the message: what bytes do not show is compared too, as the default of a field that a
// version lacks, and whether its value may be lost there.

interface Definition {
  readonly name: string;
  readonly type: string;
  readonly versions: string;
  readonly nullableVersions?: string;
  readonly tag?: number;
  readonly default?: string | number | boolean;
  readonly ignorable?: boolean;
  readonly fields?: readonly Definition[];
}

interface GoldenDefinition {
  readonly definition?: 'request' | 'response';
  readonly fields: readonly Definition[];
}

/** What both sides have to say of a field, as far as the versions go that are served. */
interface Row {
  readonly name: string;
  readonly type: string;
  readonly versions: Versions;
  readonly nullableFrom: number | undefined;
  readonly tag: number | undefined;
  readonly fallback: unknown;
  /** Undefined where no version lacks the field. */
  readonly isIgnorable: boolean | undefined;
  readonly fields: readonly Row[] | undefined;
}

/** "3", "3-7" or "3+" within others. Empty where the first is above the last. */
function rangeOf(text: string, [first, last]: Versions): Versions {
  const [from, to = text.endsWith('+') ? last : from] = text.replace('+', '').split('-').map(Number);
  return [Math.max(from ?? 0, first), Math.min(to ?? last, last)];
}

const zeros: Readonly<Record<string, unknown>> = { bool: false, string: '', bytes: 'empty', records: 'empty', uuid: noUuid };

function theirDefault({ type, default: text, fields }: Definition): unknown {
  if (text === undefined || text === '') return type.startsWith('[]') || fields !== undefined ? 'empty' : (zeros[type] ?? 0);
  if (text === 'null') return null;
  if (type === 'bool') return String(text) === 'true';
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
}

function ourDefault({ type, traits }: Field): unknown {
  if (traits.fallback !== undefined) return traits.fallback;
  if (typeof type === 'object') return 'empty';
  return zeros[type === 'boolean' ? 'bool' : type] ?? 0;
}

function theirRows(definitions: readonly Definition[], within: Versions): readonly Row[] {
  return definitions.flatMap((definition): readonly Row[] => {
    const { name, type, nullableVersions, tag, ignorable = false, fields } = definition;
    const versions = rangeOf(definition.versions, within);
    if (versions[0] > versions[1]) return [];
    const nullable = nullableVersions === undefined ? undefined : rangeOf(nullableVersions, versions);
    return [
      {
        name: name.charAt(0).toLowerCase() + name.slice(1),
        type: type.replace(/[A-Z]\w*/, 'struct'),
        versions,
        nullableFrom: nullable !== undefined && nullable[0] <= nullable[1] ? nullable[0] : undefined,
        tag,
        fallback: theirDefault(definition),
        isIgnorable: isWhole(versions, within) ? undefined : ignorable,
        fields: fields && theirRows(fields, versions),
      },
    ];
  });
}

function ourRows(fields: Fields, within: Versions): readonly Row[] {
  return Object.entries(fields).map(([name, field]): Row => {
    const { from, to, nullableFrom, tag, isIgnorable } = field.traits;
    const versions: Versions = [Math.max(from, within[0]), Math.min(to, within[1])];
    const element = typeof field.type === 'object' && 'array' in field.type ? field.type.array : undefined;
    const type = (element ?? field).type;
    return {
      name,
      type: `${element === undefined ? '' : '[]'}${nameOf(type)}`,
      versions,
      nullableFrom: nullableFrom <= versions[1] ? Math.max(nullableFrom, versions[0]) : undefined,
      tag,
      fallback: ourDefault(field),
      isIgnorable: isWhole(versions, within) ? undefined : isIgnorable,
      fields: typeof type === 'object' && 'struct' in type ? ourRows(type.struct, versions) : undefined,
    };
  });
}

function nameOf(type: Field['type']): string {
  if (typeof type === 'object') return 'struct';
  return type === 'boolean' ? 'bool' : type;
}

function isWhole(versions: Versions, within: Versions): boolean {
  return versions[0] === within[0] && versions[1] === within[1];
}

describe.each(apis.map((api) => [api.name, api] as const))('%s', (_, api) => {
  const definitions = goldenLines<GoldenDefinition>(api);

  test.each(['request', 'response'] as const)('%s is defined as in Kafka', (kind) => {
    const theirs = definitions.find(({ definition }) => definition === kind)?.fields ?? [];
    expect(ourRows(api[kind].fields, api.served)).toEqual(theirRows(theirs, api.served));
  });
});
