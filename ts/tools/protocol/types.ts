import { join } from 'node:path';
import protobuf from 'protobufjs';

// What pbts would write allows null and undefined for every field and costs seconds of jsdoc. A decoded message is more definite
// than that: fields without presence have a value, fields with presence are null where absent, and a oneof names its member.

const scalars: Readonly<Record<string, string>> = {
  bytes: 'Uint8Array',
  string: 'string',
  bool: 'boolean',
  uint32: 'number',
  uint64: 'number',
};

/** Declarations for what `protocolJavascript` makes of the same files. */
export function protocolTypes(folder: string, entry: string): string {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => (target.startsWith(folder) ? target : join(folder, target));
  root.loadSync(entry, { alternateCommentMode: true });
  root.resolveAll();
  const space = root.lookup('millrace.v1') as protobuf.Namespace;
  const types = space.nestedArray.filter((nested) => nested instanceof protobuf.Type);
  const enums = space.nestedArray.filter((nested) => nested instanceof protobuf.Enum);
  return [
    '// Made by "npm run generate" from proto/millrace/v1.\n',
    "import type { Reader, Writer } from 'protobufjs/minimal.js';\n",
    codec(types, enums),
    ...types.map(declaration),
  ].join('\n');
}

function codec(types: readonly protobuf.Type[], enums: readonly protobuf.Enum[]): string {
  const rows = [
    ...types.map(({ name }) => `    readonly ${name}: Codec<${name}>;\n`),
    ...enums.map(({ name, values }) => `    readonly ${name}: { ${Object.entries(values).map(constant).join('; ')} };\n`),
  ];
  return `interface Codec<T> {
  encode(message: object, writer: Writer): Writer;
  decode(reader: Reader): T;
}

export declare const millrace: {
  readonly v1: {
${rows.join('')}  };
};
`;
}

function constant([name, value]: readonly [string, number]): string {
  return `readonly ${name}: ${value}`;
}

function declaration(type: protobuf.Type): string {
  const unions = type.oneofsArray.filter((oneof) => !oneof.isProto3Optional);
  const members = new Set(unions.flatMap((oneof) => oneof.fieldsArray));
  const fields = type.fieldsArray.filter((field) => !members.has(field)).map(property);
  const body = fields.length === 0 ? '{}' : `{\n${fields.join('')}}`;
  if (unions.length === 0) return `${comment(type, '')}export interface ${type.name} ${body}\n`;
  return `${comment(type, '')}export type ${type.name} = ${[body, ...unions.map(union)].join(' & ')};\n`;
}

function union(oneof: protobuf.OneOf): string {
  const members = oneof.fieldsArray.map(
    (field) => `  | { readonly ${oneof.name}: '${field.name}'; readonly ${field.name}: ${single(field)} }\n`,
  );
  return `(\n${members.join('')}  | { readonly ${oneof.name}?: undefined }\n)`;
}

function property(field: protobuf.Field): string {
  return `${comment(field, '  ')}  readonly ${field.name}: ${typeOf(field)};\n`;
}

function typeOf(field: protobuf.Field): string {
  if (field instanceof protobuf.MapField) return `Readonly<Record<string, ${single(field)}>>`;
  if (field.repeated) return `readonly ${single(field)}[]`;
  const isAbsentNull = field.resolvedType instanceof protobuf.Type || field.hasPresence;
  return isAbsentNull ? `${single(field)} | null` : single(field);
}

/** An enum is open: a newer peer may send numbers that this version has no name for. */
function single(field: protobuf.Field): string {
  const { resolvedType, type } = field;
  if (resolvedType !== null) return resolvedType instanceof protobuf.Enum ? 'number' : resolvedType.name;
  const scalar = scalars[type];
  if (scalar === undefined) throw new Error(`${field.fullName}: no TypeScript type is known for ${type}`);
  return scalar;
}

function comment({ comment: text }: protobuf.ReflectionObject, indent: string): string {
  if (text === null || text === '') return '';
  return `${indent}/** ${text.replaceAll('\n', ' ')} */\n`;
}
