import { suggestion } from '../../model/nearest.js';
import { InputError } from './lines.js';
import type { OutgoingHeaders } from './outbox.js';

/** A record as a line of JSON gives it; ts/cli/consume/json-lines.ts prints the same. */
export interface JsonRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: OutgoingHeaders;
  readonly timestamp: number | undefined;
  readonly partition: number | undefined;
}

/** `topic` and `offset` are what consume prints: nothing is made of them. */
const fields = ['key', 'value', 'headers', 'timestamp', 'partition', 'topic', 'offset'];
const noHeaders: OutgoingHeaders = [];
const encoder = new TextEncoder();

export function parseRecordLine(text: string, line: number): JsonRecord {
  const record = parsed(text, line);
  for (const name of Object.keys(record)) {
    if (!fields.includes(name)) throw wrong(line, `a record has no field ${name}${suggestion(name, fields)}`);
  }
  return {
    key: bytesOf(record['key'], line),
    value: bytesOf(record['value'], line),
    headers: headersOf(record['headers'], line),
    timestamp: countOf('timestamp', record['timestamp'], line),
    partition: countOf('partition', record['partition'], line),
  };
}

function parsed(text: string, line: number): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw wrong(line, `this is no JSON: ${(error as Error).message}`);
  }
  if (isObject(value)) return value;
  throw wrong(line, 'a record is an object, such as {"key": "k", "value": "v"}');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Text is UTF-8, `{"base64": …}` bytes; whatever else there is is kept as its JSON. */
function bytesOf(value: unknown, line: number): Uint8Array | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return encoder.encode(value);
  if (!isObject(value) || !isBase64(value)) return encoder.encode(JSON.stringify(value));
  const { base64 } = value;
  const bytes = Buffer.from(base64, 'base64');
  // Node passes over what is no base64.
  if (bytes.toString('base64').replace(/=+$/, '') !== base64.replace(/=+$/, '')) throw wrong(line, 'this is no base64');
  return bytes;
}

function isBase64(value: Readonly<Record<string, unknown>>): value is { readonly base64: string } {
  return typeof value['base64'] === 'string' && Object.keys(value).length === 1;
}

/** An object of names, or, where names repeat, a list of `{"name", "value"}`. */
function headersOf(value: unknown, line: number): OutgoingHeaders {
  if (value === undefined || value === null) return noHeaders;
  if (isObject(value)) {
    return Object.entries(value).map(([name, each]) => ({ name: encoder.encode(name), value: bytesOf(each, line) }));
  }
  if (!Array.isArray(value)) throw wrong(line, 'headers is an object, such as {"trace": "7"}');
  return value.map((each: unknown) => {
    const name = isObject(each) ? bytesOf(each['name'], line) : null;
    if (name === null) throw wrong(line, 'a header in a list is {"name": …, "value": …}');
    return { name, value: bytesOf((each as Readonly<Record<string, unknown>>)['value'], line) };
  });
}

function countOf(name: string, value: unknown, line: number): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  // What consume prints of a record that has no time.
  if (name === 'timestamp' && value === -1) return undefined;
  throw wrong(line, `${name} is a count, not ${JSON.stringify(value)}`);
}

function wrong(line: number, message: string): InputError {
  return new InputError(`line ${line}: ${message}`);
}
