import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ExitReason } from '../../model/exit-codes.js';
import { type InspectedBatch, Inspection } from '../../native/inspection.js';
import { Progress } from '../client/progress.js';
import { defineCommand, type Terminal } from '../command.js';
import { dumpRecords } from '../log/dump-records.js';
import { type DumpRow, dumpRow } from '../log/dump-rows.js';
import { inspected } from '../log/inspecting.js';

/** Characters gathered before they are written. */
const textSizeMax = 64 << 10;

export const command = defineCommand({
  summary: 'Prints every batch that recovery would leave in a log, without changing it',
  example: 'millrace log dump ./data --json',
  positionals: [{ name: 'DIR/FILE', help: 'a data directory, or one segment file in it' }],
  options: {
    json: { kind: 'flag', help: 'an object per line: topic, partition, base, last, epoch, crc, segment, position, file' },
    records: { kind: 'flag', help: 'the decoded records too; bytes that are no text as {"base64": …}' },
    io: { kind: 'choice', choices: ['auto', 'uring', 'fallback'], default: 'auto', help: 'how the disk is reached' },
  },
  async run({ options, positionals }, terminal) {
    const path = resolve(positionals[0] ?? '');
    const isSegment = statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
    const opened = await inspected(terminal, path, (watch) =>
      isSegment ? Inspection.ofSegment(path, options.io, watch) : Inspection.ofDirectory(path, options.io, watch),
    );
    if (!opened.ok) return opened.error;
    const inspection = opened.value;
    try {
      return await print(inspection, options, terminal);
    } finally {
      inspection.close();
    }
  },
});

interface Shape {
  readonly json: boolean;
  readonly records: boolean;
}

async function print(inspection: Inspection, shape: Shape, terminal: Terminal): Promise<ExitReason> {
  const startedAt = performance.now();
  let count = 0;
  let isInterrupted = false;
  terminal.onInterrupt(() => {
    isInterrupted = true;
  });
  const now = () => ({ count, elapsedMs: performance.now() - startedAt, part: undefined });
  const progress = new Progress(terminal, now, { unit: 'batches', prints: true });
  try {
    const isWhole = await printAll(inspection, shape, terminal, () => {
      count += 1;
      return !isInterrupted;
    });
    if (isInterrupted) terminal.error(`millrace: stopped by Ctrl-C; ${count} batches printed\n`);
    if (isInterrupted) return 'interrupted';
    return isWhole ? 'done' : 'failed';
  } finally {
    progress.end();
  }
}

/** False: something could not be read. `goesOn` is asked behind each batch. */
async function printAll(inspection: Inspection, shape: Shape, terminal: Terminal, goesOn: () => boolean): Promise<boolean> {
  let isWhole = inspection.outcome !== 'corrupt';
  let text = shape.json ? '' : heading;
  for (const batch of inspection.batches()) {
    const row = dumpRow(batch);
    text += shape.json ? JSON.stringify(row).slice(0, -1) : tableRow(row, batch);
    if (shape.records) {
      const records = recordsOf(inspection, batch);
      isWhole &&= typeof records !== 'string';
      text += shape.json
        ? `,${JSON.stringify({ records: typeof records === 'string' ? null : records }).slice(1, -1)}`
        : recordRows(records);
      if (typeof records === 'string') terminal.error(`millrace: ${row.topic} ${row.partition} offset ${row.base}: ${records}\n`);
    }
    text += shape.json ? '}\n' : '';
    if (!goesOn()) break;
    if (text.length < textSizeMax) continue;
    terminal.out(text);
    text = '';
    // Lets a full pipe drain, and Ctrl-C through.
    await new Promise((resolve) => setImmediate(resolve));
  }
  terminal.out(text);
  for (const { message } of inspection.findings) terminal.error(`millrace: ${message}\n`);
  return isWhole;
}

type Records = ReturnType<typeof dumpRecords>;

function recordsOf(inspection: Inspection, batch: InspectedBatch): Extract<Records, { ok: true }>['value'] | string {
  const bytes = inspection.bytes(batch);
  if (!bytes.ok) return bytes.error.message;
  const records = dumpRecords(bytes.value);
  return records.ok ? records.value : records.error;
}

const heading = row('topic', 'partition', 'base', 'last', 'epoch', 'crc', 'segment', 'position', 'size');

function tableRow({ topic, partition, base, last, epoch, crc, segment, position }: DumpRow, { size }: InspectedBatch): string {
  return row(topic, partition, base, last, epoch, crc, segment, position, size);
}

function row(topic: string | number, ...columns: readonly (string | number)[]): string {
  return `${String(topic).padEnd(24)}${columns.map((column) => String(column).padStart(12)).join('')}\n`;
}

function recordRows(records: ReturnType<typeof recordsOf>): string {
  if (typeof records === 'string') return '';
  return records.map((record) => `    ${JSON.stringify(record)}\n`).join('');
}
