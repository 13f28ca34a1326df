import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runJava, type ToolRun } from './java.js';

// Kafka's own perf tools, which drive both brokers.

export interface PerfProduce {
  readonly address: string;
  readonly topic: string;
  readonly count: number;
  /** Lines, of which it takes one at random for each record. */
  readonly payloads: string;
  readonly properties?: Readonly<Record<string, string>>;
}

export interface PerfProduced extends ToolRun {
  readonly recordsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const secondsMax = 600;
/** Of P1 and P2; idempotence is what the client's default is. */
const usual = { acks: 'all', 'batch.size': String(64 << 10), 'linger.ms': '5' } as const;

export async function perfProduce(jars: string, wanted: PerfProduce): Promise<PerfProduced> {
  const { address, topic, count, payloads, properties } = wanted;
  const settings = Object.entries({ 'bootstrap.servers': address, ...usual, ...properties });
  const args = ['--topic', topic, '--num-records', String(count), '--throughput', '-1', '--payload-file', payloads];
  const run = await runJava(
    jars,
    'org.apache.kafka.tools.ProducerPerformance',
    [...args, '--command-property', ...settings.map(([key, value]) => `${key}=${value}`)],
    secondsMax,
  );
  // "600000 records sent, 241255.7 records/sec (23.01 MB/sec), 15.40 ms avg latency, 331.00 ms max latency, 9 ms 50th, …"
  const summary = run.lines.findLast((line) => line.includes('ms 99th')) ?? '';
  const [sent = 0, recordsPerSecond = Number.NaN, p50Ms = Number.NaN, p99Ms = Number.NaN] = [
    /^(\d+) records sent/,
    / ([\d.]+) records\/sec/,
    / (\d+) ms 50th/,
    / (\d+) ms 99th/,
  ].map((pattern) => Number(pattern.exec(summary)?.[1]));
  const failures = run.lines.filter((line) => line.includes('Exception'));
  if (sent !== count || failures.length > 0) throw new Error(`not all records were sent: ${failures[0] ?? summary}`);
  return { ...run, recordsPerSecond, p50Ms, p99Ms };
}

export interface PerfConsumed extends ToolRun {
  readonly megabytesPerSecond: number;
}

/** Reads so many records from the beginning; joining the group is not counted. */
export async function perfConsume(jars: string, address: string, topic: string, count: number): Promise<PerfConsumed> {
  const args = ['--bootstrap-server', address, '--topic', topic, '--num-records', String(count), '--hide-header'];
  const run = await runJava(jars, 'org.apache.kafka.tools.ConsumerPerformance', args, secondsMax);
  // Start, end, MB, MB/s, records, records/s, ms of rebalancing, ms of fetching, MB/s and records/s of fetching.
  const cells = (run.lines.findLast((line) => line.split(', ').length === 10) ?? '').split(', ');
  const [records = Number.NaN, megabytesPerSecond = Number.NaN] = [cells[4], cells[8]].map(Number);
  if (!(records >= count)) throw new Error(`${records} of ${count} records came: ${run.lines.slice(-3).join('\n')}`);
  return { ...run, megabytesPerSecond: megabytesPerSecond * 1.048576 };
}

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** A file of lines of that many bytes, the same in every run. */
export function writePayloads(directory: string, size: number): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `payloads-${size}`);
  // xorshift32: any even spread will do.
  let random = 2463534242;
  const letter = () => {
    random ^= random << 13;
    random ^= random >>> 17;
    random ^= random << 5;
    return letters[(random >>> 0) % letters.length] ?? '';
  };
  const line = () => Array.from({ length: size }, letter).join('');
  writeFileSync(path, `${Array.from({ length: Math.ceil((1 << 20) / size) }, line).join('\n')}\n`);
  return path;
}
