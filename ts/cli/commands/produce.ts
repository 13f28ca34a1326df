import type { Readable } from 'node:stream';
import type { ExitReason } from '../../model/exit-codes.js';
import type { Acks, Client } from '../../sdk/node/index.js';
import { clientOptions } from '../client/bootstrap.js';
import { withClient } from '../client/client-session.js';
import { parsePair } from '../client/pairs.js';
import { Progress } from '../client/progress.js';
import { checkedPartition, wantedTopic } from '../client/topics.js';
import { defineCommand, type Invocation, type Terminal } from '../command.js';
import { sizeOfInput } from '../input-size.js';
import { type LineShape, lineReader } from '../produce/line-shapes.js';
import { InputError, Lines } from '../produce/lines.js';
import { Outbox } from '../produce/outbox.js';
import { deliveryText, Tally } from '../produce/tally.js';
import { UsageError } from '../usage-error.js';

const acksNames: Readonly<Record<string, Acks>> = { '0': 'none', '1': 'leader', all: 'all' };

/** Of one batch, unless the topic takes less. */
const batchSizeUsual = 256 << 10;
const bufferSizeMax = 16 << 20;

const options = {
  key: { kind: 'text', value: 'K', help: 'the key of all records; the same key goes to the same partition' },
  'key-separator': {
    kind: 'text',
    value: 'S',
    help: 'what stands before the first S of a line is the key; a line without S has none',
  },
  partition: { kind: 'count', value: 'N', help: 'the partition of all records (default: by key, else in turn)' },
  header: { kind: 'list', value: 'k=v', help: 'a header of all records' },
  acks: {
    kind: 'choice',
    choices: ['0', '1', 'all'],
    default: 'all',
    help: 'what a record waits for: nothing, its leader, all replicas',
  },
  json: { kind: 'flag', help: 'a line is an object: key, value, headers, timestamp, partition; as consume --json prints it' },
  ...clientOptions,
} as const;

type Options = Invocation<typeof options>['options'];

export const command = defineCommand({
  summary: 'Sends records to a topic, a line of stdin each',
  example: 'seq 1000 | millrace produce numbers',
  positionals: [{ name: 'TOPIC', help: 'made with the defaults of the node if it is not there' }],
  options,
  run({ options: asked, positionals: [topic = ''] }, terminal) {
    const shape = shapeOf(asked);
    return withClient(asked.bootstrap, terminal, (client) => produce(client, topic, shape, asked, terminal));
  },
});

function shapeOf(asked: Options): LineShape {
  const { key, 'key-separator': separator, json } = asked;
  if (key !== undefined && separator !== undefined)
    throw new UsageError('--key and --key-separator: only one of them can give the key');
  if (separator === '') throw new UsageError('--key-separator wants at least one character');
  const other = key !== undefined ? '--key' : separator !== undefined ? '--key-separator' : undefined;
  if (json && other !== undefined) throw new UsageError(`--json and ${other}: the key is a field of the object`);
  const headers = asked.header.map((text) => parsePair('header', text));
  return { key, separator, json, headers, partition: asked.partition };
}

async function produce(client: Client, name: string, shape: LineShape, asked: Options, terminal: Terminal): Promise<ExitReason> {
  const topic = await wantedTopic(client, name);
  if (shape.partition !== undefined) checkedPartition(topic, shape.partition);
  const input: Readable = process.stdin;
  const tally = new Tally(name, () => input.destroy());
  const producer = client.producer({ acks: acksNames[asked.acks] ?? 'all', bufferSizeMax, ...tally.callbacks });
  const partitions = await producer.partitionsOf(name);
  const batchSizeMax = Math.min(batchSizeUsual, await batchSizeOf(client, name));
  const onRefused = tally.refused.bind(tally);
  const outbox = new Outbox(producer, { topic: name, partitions, batchSizeMax, onRefused });
  let isInterrupted = false;
  // Once all was handed to the producer, Ctrl-C waits for a lost connection a moment only.
  let finish: (() => Promise<void>) | undefined;
  terminal.onInterrupt(() => {
    isInterrupted = true;
    input.destroy();
    finish?.().catch(() => undefined);
  });
  const lines = new Lines(lineReader(shape, outbox));
  const inputSize = sizeOfInput();
  const progress = new Progress(terminal, () => tally.advance(inputSize === undefined ? undefined : lines.size / inputSize));
  try {
    await sendAll(input, lines, outbox);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    tally.stop(error.message);
  } finally {
    progress.end();
  }
  outbox.flush();
  finish = () => producer.close();
  // What failed was told to the tally.
  await (isInterrupted ? finish() : producer.flush()).catch(() => undefined);
  terminal.error(`millrace: ${deliveryText(tally, isInterrupted)}\n`);
  if (tally.failure !== undefined) return 'failed';
  return isInterrupted ? 'interrupted' : 'done';
}

/** What the topic takes at once: a batch beyond it is refused. */
async function batchSizeOf(client: Client, name: string): Promise<number> {
  const { configs } = await client.admin.describeTopic(name);
  return Number(configs.find((config) => config.name === 'max.message.bytes')?.value ?? batchSizeUsual);
}

/** Everything until the input ends or is cut short. */
async function sendAll(input: Readable, lines: Lines, outbox: Outbox): Promise<void> {
  try {
    for await (const chunk of input) {
      outbox.chunkCame();
      lines.push(chunk as Buffer);
      const room = outbox.room();
      if (room !== undefined) await room;
    }
  } catch (error) {
    // Destroyed by Ctrl-C or by a failure: the whole lines that were read count, half a line is none.
    if (!isCutShort(error)) throw error;
    return;
  }
  if (input.readableEnded) lines.end();
}

function isCutShort(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}
