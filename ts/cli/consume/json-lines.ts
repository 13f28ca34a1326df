import { absent, type RecordScan } from '../../sdk/node/index.js';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A record as one line; ts/cli/produce/json-record.ts reads the same. */
export function jsonLine(topic: string, partition: number, scan: RecordScan, headers: readonly JsonHeader[]): string {
  const { bytes, offset, timestamp } = scan;
  const place = `{"topic":${JSON.stringify(topic)},"partition":${partition},"offset":${offset},"timestamp":${timestamp}`;
  const key = jsonBytes(bytes, scan.keyFrom, scan.keyEnd);
  const value = jsonBytes(bytes, scan.valueFrom, scan.valueEnd);
  return `${place},"key":${key},"value":${value},"headers":${jsonHeaders(headers)}}\n`;
}

interface JsonHeader {
  readonly name: Uint8Array;
  readonly value: Uint8Array | null;
}

/** Text where the bytes are UTF-8, else `{"base64": …}`; null where there are none. */
function jsonBytes(bytes: Uint8Array, from: number, end: number): string {
  if (end === absent) return 'null';
  const part = bytes.subarray(from, end);
  try {
    return JSON.stringify(utf8.decode(part));
  } catch {
    return `{"base64":"${Buffer.from(part).toString('base64')}"}`;
  }
}

/** An object, unless that would lose something: names that repeat, that are no text, or whose order an object does not keep. */
function jsonHeaders(headers: readonly JsonHeader[]): string {
  if (headers.length === 0) return '{}';
  const rows = headers.map(({ name, value }) => ({ name: jsonWhole(name), value: jsonWhole(value) }));
  const isPlain =
    new Set(rows.map(({ name }) => name)).size === rows.length && rows.every(({ name }) => /^"(?!\d+"$)/.test(name));
  if (isPlain) return `{${rows.map(({ name, value }) => `${name}:${value}`).join(',')}}`;
  return `[${rows.map(({ name, value }) => `{"name":${name},"value":${value}}`).join(',')}]`;
}

function jsonWhole(bytes: Uint8Array | null): string {
  return bytes === null ? 'null' : jsonBytes(bytes, 0, bytes.length);
}
