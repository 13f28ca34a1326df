import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BatchPlan, crc32c, encodeClientMessage } from './product.js';

// What the native clients send and look for, in the words of each server: they only put times into it.

/** Arguments of the native clients that fit a server. */
export interface Wire {
  readonly args: readonly string[];
}

export interface WireOptions {
  readonly directory: string;
  readonly port: number;
  readonly subscribers: number;
  readonly topic: string;
  /** Of a record's value. */
  readonly recordSize: number;
  /** Without: they only listen. */
  readonly publishes?: boolean;
}

/** The value stands at the end but one of a record without headers: their count is the last byte. */
const bytesBehindValue = 1;
const creditWindow = 4 << 20;

export function batchOf(count: number, valueSize: number): Uint8Array {
  const value = new Uint8Array(valueSize);
  const plan = new BatchPlan(Array.from({ length: count }, () => ({ timestamp: Date.now(), key: null, value })));
  const batch = new Uint8Array(plan.size);
  plan.write(batch, crc32c);
  return batch;
}

/** As many records of that size as a batch of at most `batchSize` bytes holds. */
export function fullBatch(batchSize: number, valueSize: number): { readonly batch: Uint8Array; readonly count: number } {
  let count = Math.floor(batchSize / (valueSize + 6));
  while (batchOf(count, valueSize).length > batchSize) count -= 1;
  return { batch: batchOf(count, valueSize), count };
}

const hello = () => encodeClientMessage({ requestId: 1, hello: { version: 1, client: 'bench' } });

function produceOf(topic: string, batch: Uint8Array): Uint8Array {
  // The clients put the request's id before it.
  return encodeClientMessage({ produce: { entries: [{ topic, partition: 0, batch }] } });
}

export function millraceWire(options: WireOptions): Wire {
  const { topic, recordSize, publishes = true } = options;
  const batch = batchOf(1, recordSize);
  const subscribe = { subscriptionId: 1, topic, credit: creditWindow };
  const opening = [hello(), encodeClientMessage({ requestId: 2, subscribe })];
  const publication = produceOf(topic, batch);
  const batchAt = publication.length - batch.length;
  const stampAt = publication.length - bytesBehindValue - recordSize;
  return {
    args: [
      ...connecting(options, 'millrace'),
      ...['--path', '/v1', '--subprotocol', 'millrace.v1', '--credit-size', String(creditWindow / 4)],
      ...openingArgs(options, 'subscriber', opening, 2),
      ...(publishes ? openingArgs(options, 'publisher', [hello()], 1) : []),
      ...(publishes ? publicationArgs(options, publication, stampAt) : []),
      // Subscribers find the times by the batch's layout.
      ...(publishes ? ['--batch-at', String(batchAt)] : []),
    ],
  };
}

export function uwsWire(options: WireOptions): Wire {
  const { recordSize, publishes = true } = options;
  return {
    args: [
      ...connecting(options, 'raw'),
      ...openingArgs(options, 'subscriber', [new Uint8Array(1)], 1),
      ...(publishes ? publicationArgs(options, new Uint8Array(recordSize), 0) : []),
    ],
  };
}

const text = (line: string) => new TextEncoder().encode(line);

/** `subject` is subscribed to; `reply` is where acknowledgements of what is published to `topic` go, if there are any. */
export function natsWire(options: WireOptions, subject: string, reply?: string): Wire {
  const { topic, recordSize } = options;
  const connect = 'CONNECT {"verbose":false,"pedantic":false,"headers":false,"lang":"bench","version":"1"}\r\n';
  const head = `PUB ${topic} ${reply === undefined ? '' : `${reply} `}${recordSize}\r\n`;
  const publication = new Uint8Array([...text(head), ...new Uint8Array(recordSize), ...text('\r\n')]);
  return {
    args: [
      ...connecting(options, 'nats'),
      ...openingArgs(options, 'subscriber', [text(`${connect}SUB ${subject} 1\r\nPING\r\n`)], 1),
      ...openingArgs(options, 'publisher', [text(`${connect}${reply === undefined ? '' : `SUB ${reply} 2\r\n`}PING\r\n`)], 1),
      ...publicationArgs(options, publication, head.length),
    ],
  };
}

/** Produce requests with one batch each, as it is. */
export function millraceProduceWire(options: Omit<WireOptions, 'subscribers' | 'recordSize'>, batch: Uint8Array): Wire {
  const producing = { ...options, subscribers: 0, recordSize: batch.length };
  return {
    args: [
      ...connecting(producing, 'millrace'),
      ...['--path', '/v1', '--subprotocol', 'millrace.v1'],
      ...openingArgs(producing, 'publisher', [hello()], 1),
      ...publicationArgs(producing, produceOf(options.topic, batch)),
    ],
  };
}

export function sinkWire(options: Omit<WireOptions, 'subscribers' | 'recordSize'>, batch: Uint8Array): Wire {
  const producing = { ...options, subscribers: 0, recordSize: batch.length };
  return { args: [...connecting(producing, 'raw'), ...publicationArgs(producing, batch)] };
}

function connecting({ port, subscribers, recordSize }: WireOptions, protocol: string): readonly string[] {
  const numbers = { port, subscribers, 'record-size': recordSize };
  const words = Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return ['clients', '--protocol', protocol, ...words];
}

function openingArgs(options: WireOptions, whose: 'subscriber' | 'publisher', messages: readonly Uint8Array[], answers: number) {
  const sized = messages.flatMap((message) => {
    const size = Buffer.alloc(4);
    size.writeUInt32LE(message.length);
    return [size, message];
  });
  const path = fileFor(options, whose, Buffer.concat(sized));
  return [`--${whose}-opening`, path, `--${whose}-answers`, String(answers)];
}

function publicationArgs(options: WireOptions, publication: Uint8Array, stampAt?: number): readonly string[] {
  const path = fileFor(options, 'publication', publication);
  return ['--publication', path, ...(stampAt === undefined ? [] : ['--stamp-at', String(stampAt)])];
}

function fileFor({ directory, port, topic }: WireOptions, name: string, content: Uint8Array): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${port}-${topic}-${name}`);
  writeFileSync(path, content);
  return path;
}
