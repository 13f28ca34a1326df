import type { ExitReason } from '../../model/exit-codes.js';
import type { Client, ConsumerEvent, From, StoredBatch, TopicDescription } from '../../sdk/node/index.js';
import { clientOptions } from '../client/bootstrap.js';
import { withClient } from '../client/client-session.js';
import { Progress } from '../client/progress.js';
import { checkedPartition, existingTopic } from '../client/topics.js';
import { defineCommand, type Invocation, type Terminal } from '../command.js';
import { parseFrom } from '../consume/from.js';
import { Output } from '../consume/output.js';
import { Printer } from '../consume/printer.js';
import { Reading } from '../consume/reading.js';
import { UsageError } from '../usage-error.js';

const options = {
  from: {
    kind: 'text',
    value: 'beginning/end/N/@MILLISECONDS/@ISO8601',
    default: 'end',
    help: 'where to begin: the first record, what comes from now on, an offset, or the first record of a time',
  },
  partition: { kind: 'count', value: 'N', help: 'only this partition (default: all)' },
  max: { kind: 'count', value: 'N', help: 'end after so many records' },
  'idle-exit': { kind: 'text', value: 'SECONDS', help: 'end when nothing came for so long' },
  group: { kind: 'text', value: 'G', help: 'not there yet: groups come with a later version' },
  json: { kind: 'flag', help: 'an object per line: topic, partition, offset, timestamp, key, value, headers' },
  ...clientOptions,
} as const;

type Options = Invocation<typeof options>['options'];

interface Wanted {
  readonly from: From;
  readonly partition: number | undefined;
  readonly max: number;
  readonly idleMs: number | undefined;
  readonly json: boolean;
}

export const command = defineCommand({
  summary: 'Prints the records of a topic, a value per line',
  example: 'millrace consume numbers --from beginning --max 10',
  positionals: [{ name: 'TOPIC', help: 'the topic' }],
  options,
  run({ options: asked, positionals: [topic = ''] }, terminal) {
    const wanted = wantedOf(asked);
    return withClient(asked.bootstrap, terminal, (client) => consume(client, topic, wanted, terminal));
  },
});

function wantedOf(asked: Options): Wanted {
  if (asked.group !== undefined) {
    throw new UsageError('--group: this version has no consumer groups; --from says where to begin instead');
  }
  const { partition, json, max = Number.POSITIVE_INFINITY } = asked;
  return { from: parseFrom(asked.from), partition, max, idleMs: idleOf(asked['idle-exit']), json };
}

function idleOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (seconds > 0 && seconds <= 2_000_000) return seconds * 1000;
  throw new UsageError(`--idle-exit wants seconds above 0, such as 2 or 0.5, not "${text}"`);
}

async function consume(client: Client, name: string, wanted: Wanted, terminal: Terminal): Promise<ExitReason> {
  const topic = await existingTopic(client, name);
  const { from, partition, max } = wanted;
  const partitions = partition === undefined ? {} : { partitions: [checkedPartition(topic, partition)] };
  if (max === 0) return 'done';
  const total = terminal.isWatched && !terminal.isScreen ? await totalOf(client, topic, wanted) : undefined;
  const events = new EventTexts(terminal);
  const reading = new Reading(max, wanted.idleMs);
  const consumer = client.consumer({
    topics: [{ topic: name, from, ...partitions }],
    bufferSizeMax: 8 << 20,
    signal: reading.signal,
    onEvent: (event) => events.tell(event),
  });
  consumer.ready().then(() => reading.begin());
  let isInterrupted = false;
  terminal.onInterrupt(() => {
    isInterrupted = true;
    reading.end();
  });
  const output = new Output(terminal);
  const progress = new Progress(terminal, () => reading.advance(total), { prints: true });
  try {
    await printAll(consumer.storedBatches(), new Printer(output, wanted.json), reading, output);
  } finally {
    reading.end();
    output.flush();
    progress.end();
  }
  await output.room();
  if (isInterrupted) terminal.error(`millrace: stopped by Ctrl-C; ${reading.count} records printed\n`);
  if (isInterrupted) return 'interrupted';
  return events.isDeleted ? 'failed' : 'done';
}

async function printAll(batches: AsyncIterable<StoredBatch>, printer: Printer, reading: Reading, output: Output): Promise<void> {
  for await (const batch of batches) {
    reading.came(printer.print(batch, reading.left));
    if (reading.left === 0) return;
    output.flushSoon();
    const room = output.room();
    if (room !== undefined) await room;
  }
}

/** Records between the beginning and the present end; undefined where the beginning is the end. */
async function totalOf(client: Client, topic: TopicDescription, { from, partition, max }: Wanted): Promise<number | undefined> {
  if (max < Number.POSITIVE_INFINITY) return max;
  const chosen = partition === undefined ? [] : [partition];
  const [starts, ends] = await Promise.all([
    client.admin.listOffsets(topic.name, from, chosen),
    client.admin.listOffsets(topic.name, 'end', chosen),
  ]);
  const startOf = new Map(starts.map((row) => [row.partition, row.offset]));
  const total = ends.reduce(
    (sum, { partition: number, offset }) => sum + Math.max(0, offset - (startOf.get(number) ?? offset)),
    0,
  );
  return total > 0 ? total : undefined;
}

/** What happened to the topic meanwhile, on stderr: between the records before it and those behind it. */
class EventTexts {
  readonly #terminal: Terminal;
  isDeleted = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  tell(event: ConsumerEvent): void {
    const text = this.#textOf(event);
    if (text !== undefined) this.#terminal.error(`millrace: ${event.topic} ${event.partition}: ${text}\n`);
  }

  #textOf(event: ConsumerEvent): string | undefined {
    switch (event.type) {
      case 'history-lost':
        return `the log has no offset ${event.wantedOffset} any more, retention or deletion took it: it goes on at ${event.offset}`;
      case 'truncated':
        return `the log was cut at ${event.offset}: what was printed from there on is no more`;
      case 'topic-recreated':
        return 'the topic was deleted and created anew: what follows is of the new one';
      case 'topic-deleted':
        this.isDeleted = true;
        return 'the topic was deleted';
      case 'partition-failed':
        return `${event.error.message}; it is tried again`;
      case 'partition-added':
        return undefined;
    }
  }
}
