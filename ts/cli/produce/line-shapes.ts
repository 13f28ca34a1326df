import { parseRecordLine } from './json-record.js';
import type { TakeLine } from './lines.js';
import { checkedIndex, type Outbox, type OutgoingHeaders } from './outbox.js';

/** What a line is, and what all records share. */
export interface LineShape {
  readonly key: string | undefined;
  readonly separator: string | undefined;
  readonly json: boolean;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly partition: number | undefined;
}

const encoder = new TextEncoder();

export function lineReader(shape: LineShape, outbox: Outbox): TakeLine {
  const headers = shape.headers.map(([name, value]) => ({ name: encoder.encode(name), value: encoder.encode(value) }));
  if (shape.json) return jsonLines(shape, headers, outbox);
  if (shape.separator !== undefined) return keyedLines(shape, shape.separator, headers, outbox);
  const key = shape.key === undefined ? null : encoder.encode(shape.key);
  const { partition } = shape;
  return (bytes, from, end) => outbox.put(partition, key, bytes, from, end, headers);
}

function keyedLines({ partition }: LineShape, text: string, headers: OutgoingHeaders, outbox: Outbox): TakeLine {
  const separator = Buffer.from(text);
  return (bytes, from, end) => {
    const line = Buffer.from(bytes.buffer, bytes.byteOffset + from, end - from);
    const at = line.indexOf(separator);
    if (at < 0) outbox.put(partition, null, bytes, from, end, headers);
    else outbox.put(partition, line.subarray(0, at), bytes, from + at + separator.length, end, headers);
  };
}

const space = 0x20;

function jsonLines(shape: LineShape, headers: OutgoingHeaders, outbox: Outbox): TakeLine {
  return (bytes, from, end, number) => {
    let first = from;
    while (first < end && (bytes[first] as number) <= space) first++;
    // An empty line, as editors leave at the end, is no record.
    if (first === end) return;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, end - from).toString('utf8');
    const record = parseRecordLine(text, number);
    const asked = record.partition ?? shape.partition;
    const partition = asked === undefined ? undefined : checkedIndex(asked, outbox.partitions, number);
    const all = headers.length === 0 ? record.headers : [...headers, ...record.headers];
    const { key, value, timestamp } = record;
    if (value === null) outbox.putEmpty(partition, key, all, timestamp);
    else outbox.put(partition, key, value, 0, value.length, all, timestamp);
  };
}
