import type { Readable } from 'node:stream';
import type { ExitReason } from '../../model/exit-codes.js';
import type { Durability } from '../../model/topic-settings.js';
import { DataDirectory, type IoName, type LogClock, type Topic } from '../../native/log.js';
import { IoTrace } from '../../native/trace.js';
import { Progress } from '../client/progress.js';
import { defineCommand, type Invocation, type Terminal } from '../command.js';
import { sizeOfInput } from '../input-size.js';
import { AckLines } from '../log/ack-lines.js';
import { AppendSession } from '../log/append-session.js';
import { failWith } from '../log/failure-exit.js';
import { LineBatches, LineTooLong } from '../log/line-batches.js';
import type { Stop } from '../log/shard-feed.js';
import { UsageError } from '../usage-error.js';

const KiB = 1 << 10;
const MiB = 1 << 20;
const ringCapacityMin = 64 * KiB;
const ringCapacityMax = 16 * MiB;
const batchSizeMax = 64 * MiB;

const options = {
  data: { kind: 'text', value: 'DIR', default: './data', help: 'the data directory; made if it is not there, else continued' },
  topic: { kind: 'text', value: 'NAME', default: 'lines', help: 'the topic; made if it is not there' },
  partitions: { kind: 'count', value: 'N', min: 1, max: 100_000, help: 'spread over this many (default: all it has, or 1)' },
  batch: {
    kind: 'count',
    value: 'N',
    default: 100,
    min: 1,
    max: 1_000_000,
    help: 'lines to a batch; the last one may have fewer',
  },
  shards: { kind: 'count', value: 'N', default: 1, min: 1, max: 256, help: 'journals to spread the partitions over' },
  journal: { kind: 'size', value: 'SIZE', default: 512 * MiB, min: MiB, help: 'what each journal may grow to' },
  'journal-dir': {
    kind: 'text',
    value: 'DIR',
    help: 'where the journals lie, such as another device (default: in the data directory)',
  },
  durability: {
    kind: 'choice',
    choices: ['fsync', 'replicated'],
    help: 'what an ack promises (default: as the topic has it, or fsync)',
  },
  io: { kind: 'choice', choices: ['auto', 'uring', 'fallback'], default: 'auto', help: 'how the disk is reached' },
  'io-trace': { kind: 'text', value: 'FILE', help: 'record every write, sync and ack there' },
  counters: { kind: 'flag', help: 'at the end, what was counted, as JSON on stderr' },
} as const;

type Options = Invocation<typeof options>['options'];

const wallAtZeroMs = Date.now() - performance.now();
const clock: LogClock = { monotonicMs: () => performance.now(), wallMs: () => wallAtZeroMs + performance.now() };

export const command = defineCommand({
  summary: 'Appends lines of stdin to a log without a broker, and prints an ack for each batch once it is durable',
  example: 'seq 1000 | millrace log append --data ./data --topic numbers --partitions 4',
  options,
  async run({ options: asked }, terminal) {
    checkTopicName(asked.topic);
    const trace = asked['io-trace'] === undefined ? undefined : IoTrace.create(asked['io-trace']);
    if (trace?.ok === false) return failWith(terminal, 'the trace', trace.error);
    const reason = await appendTo(asked, trace?.value, terminal);
    const hole = trace?.value.flush();
    return hole === undefined ? reason : failWith(terminal, 'the trace', hole);
  },
});

function checkTopicName(name: string): void {
  if (!/^[\w.-]{1,249}$/.test(name) || name === '.' || name === '..')
    throw new UsageError(`--topic ${name}: a name has 1 to 249 letters, digits, dots, dashes and underscores`);
}

async function appendTo(asked: Options, trace: IoTrace | undefined, terminal: Terminal): Promise<ExitReason> {
  const opened = DataDirectory.open({
    data: asked.data,
    ...(asked['journal-dir'] !== undefined && { journals: asked['journal-dir'] }),
    shards: asked.shards,
    journalSize: asked.journal,
    batchSizeMax,
    clock,
    io: asked.io as IoName,
    ...(trace !== undefined && { trace }),
  });
  if (!opened.ok) return failWith(terminal, asked.data, opened.error);
  const directory = opened.value;
  try {
    announce(directory, terminal);
    return await appendInto(directory, asked, trace, terminal);
  } finally {
    directory.close();
  }
}

function announce({ report }: DataDirectory, terminal: Terminal): void {
  if (report.whyNotUring !== '') terminal.error(`millrace: io_uring is not to be had (${report.whyNotUring}): threads instead\n`);
  for (const name of report.setAside) terminal.error(`millrace: ${name} is unknown to the metadata: set aside\n`);
}

async function appendInto(directory: DataDirectory, asked: Options, trace: IoTrace | undefined, terminal: Terminal) {
  const topic = ensureTopic(directory, asked);
  if (!topic.ok) return failWith(terminal, `topic ${asked.topic}`, topic.error);
  const input: Readable = process.stdin;
  const acks = new AckLines(terminal, asked.topic, trace);
  const opened = AppendSession.open(directory, {
    topic: topic.value,
    partitions: asked.partitions ?? topic.value.partitions,
    shards: asked.shards,
    ringCapacity: ringCapacityFor(asked.journal),
    clock,
    acks,
    onStop: () => input.destroy(),
  });
  if (!opened.ok) return failWith(terminal, asked.data, opened.error);
  const bounds = { count: asked.batch, size: batchSizeFor(asked.journal, topic.value) };
  const batches = new LineBatches(bounds);
  const progress = progressOf(batches, acks, terminal);
  try {
    return await feed(opened.value, input, batches, acks, asked, terminal);
  } finally {
    progress.end();
  }
}

function progressOf(batches: LineBatches, acks: AckLines, terminal: Terminal): Progress {
  const startedAt = clock.monotonicMs();
  const inputSize = sizeOfInput();
  const now = () => {
    const part = inputSize === undefined ? undefined : batches.takenSize / inputSize;
    return { count: acks.count, elapsedMs: clock.monotonicMs() - startedAt, part };
  };
  return new Progress(terminal, now, { unit: 'lines', prints: true });
}

function ensureTopic(directory: DataDirectory, asked: Options) {
  const known = directory.topics().find(({ name }) => name === asked.topic);
  const durability = asked.durability as Durability | undefined;
  const kept = known === undefined ? { batchSizeMax, retentionMs: -1, retentionSize: -1 } : {};
  const partitions = Math.max(asked.partitions ?? 1, known?.partitions ?? 1);
  return directory.ensureTopic(asked.topic, partitions, { ...kept, ...(durability !== undefined && { durability }) });
}

/** A ring is smaller than its journal, and a power of two. */
function ringCapacityFor(journalSize: number): number {
  const wanted = 2 ** Math.floor(Math.log2(journalSize / 4));
  return Math.min(ringCapacityMax, Math.max(ringCapacityMin, wanted));
}

/** Several batches must fit the journal, or it could never free the first of them. */
function batchSizeFor(journalSize: number, topic: Topic): number {
  return Math.min(topic.settings.batchSizeMax, Math.floor(journalSize / 8));
}

async function feed(
  session: AppendSession,
  input: Readable,
  batches: LineBatches,
  acks: AckLines,
  asked: Options,
  terminal: Terminal,
) {
  let isInterrupted = false;
  terminal.onInterrupt(() => {
    isInterrupted = true;
    input.destroy();
  });
  const tooLong = await appendAll(session, input, batches);
  await session.drain();
  const { stop = tooLong } = session;
  if (stop !== undefined) terminal.error(`millrace: ${stop.message}\n`);
  if (asked.counters) terminal.error(`${JSON.stringify(session.counters())}\n`);
  // What the disk failed to take once is not offered to it again.
  const failure = stop?.reason === 'diskFenced' ? session.release() : session.close();
  if (failure !== undefined) return failWith(terminal, asked.data, failure);
  if (stop !== undefined) return stop.reason;
  if (!isInterrupted) return 'done';
  terminal.error(`millrace: stopped by Ctrl-C; ${acks.count} lines are acknowledged\n`);
  return 'interrupted';
}

/** Everything until the input ends or is cut short; then the whole lines that wait. */
async function appendAll(session: AppendSession, input: Readable, batches: LineBatches): Promise<Stop | undefined> {
  try {
    for await (const chunk of input) await appendEach(session, batches.push(chunk));
  } catch (error) {
    if (error instanceof LineTooLong) return { reason: 'failed', message: `${error.message}; --journal sets the limit` };
    // Destroyed by Ctrl-C or by a stop: what was read so far counts.
    if (!isCutShort(error)) throw error;
  }
  await appendEach(session, input.readableEnded ? batches.end() : batches.flush());
  return undefined;
}

async function appendEach(session: AppendSession, batches: Iterable<readonly Uint8Array[]>): Promise<void> {
  for (const lines of batches) {
    if (session.stop !== undefined) return;
    const room = session.append(lines);
    if (room !== undefined) await room;
  }
}

function isCutShort(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}
