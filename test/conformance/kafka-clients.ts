import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect } from '../../ts/sdk/node/index.js';
import { BatchHeader } from '../../ts/wire/records/header.js';
import { Client } from '../gateway/client.js';
import { newDirectory } from '../log/directory.js';
import { type RunningNode, startNode } from '../node/process.mjs';

// What tests of Kafka clients share: nodes, topics, batches, and kcat.

const commandSecondsMax = 40;

/** Its groups wait for nobody who might still come. */
export async function newNode(options: readonly string[] = []) {
  return startNode(join(await newDirectory(), 'data'), ['--group-initial-rebalance-delay-ms', '0', ...options]);
}

/** By the other door, which knows all settings whether or not the client under test can name them. */
export async function createTopic(gateway: string, name: string, configs: Readonly<Record<string, string>> = {}, partitions = 1) {
  const client = await connect(gateway);
  await client.admin.createTopic(name, { partitions, configs });
  await client.close();
}

/** As the WebSocket door gives them out: views on its frame. */
export async function webSocketBatches(gateway: string, topic: string): Promise<readonly Uint8Array[]> {
  const client = await Client.open(Number(gateway.split(':')[1]));
  const reply = await client.ask({ fetch: { topic, partition: 0, offset: 0, sizeMax: 16 << 20 } });
  client.close();
  if (reply.body !== 'fetch') throw new Error(JSON.stringify(reply));
  return batchesIn(reply.fetch.batches);
}

/** As the SDK decodes them from the frames of a subscription. */
export async function pushedRecords(gateway: string, topic: string, count: number): Promise<readonly object[]> {
  const client = await connect(gateway);
  const read: object[] = [];
  for await (const { offset, timestamp, key, value, headers } of client.consumer({ topics: [topic], from: 'beginning' })) {
    const named = headers.map((header) => [header.name, asText(header.value)]);
    read.push({ offset, timestamp, key: asText(key), value: asText(value), headers: named });
    if (read.length === count) break;
  }
  await client.close();
  return read;
}

function asText(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString();
}

/** Fetches for which there is nothing yet. */
export async function waitingFetches({ url }: RunningNode): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const samples = [...metrics.matchAll(/^millrace_gateway_waiting_fetches\S* (\d+)$/gm)];
  return samples.reduce((sum, [, value]) => sum + Number(value), 0);
}

export function batchesIn(bytes: Uint8Array): readonly Uint8Array[] {
  const batches: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += batches.at(-1)?.length ?? 0) {
    const { size } = headerOf(bytes.subarray(at));
    batches.push(bytes.subarray(at, at + size));
  }
  return batches;
}

export function headerOf(batch: Uint8Array): BatchHeader {
  const parsed = BatchHeader.parse(batch);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly errors: string;
}

/** A child to its end; what it reads is `input`. */
export async function ended(child: ChildProcessWithoutNullStreams, input: string | Uint8Array = ''): Promise<Ended> {
  // What it did not take any more is told by its end.
  child.stdin.on('error', () => undefined).end(input);
  const closed = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  const [out, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { code, out, errors };
}

export function kcatEnded(kafka: string, args: readonly string[], input?: string | Uint8Array): Promise<Ended> {
  return ended(spawnKcat(kafka, args), input);
}

/** What kcat printed; an error if it failed. */
export async function kcat(kafka: string, args: readonly string[], input: string | Uint8Array = ''): Promise<string> {
  const { code, out, errors } = await kcatEnded(kafka, args, input);
  if (code !== 0) throw new Error(`kcat ${args.join(' ')} ended with ${code}:\n${errors}`);
  return out;
}

export function spawnKcat(kafka: string, args: readonly string[]) {
  return spawn('kcat', ['-b', kafka, ...args], { timeout: commandSecondsMax * 1000, killSignal: 'SIGKILL' });
}

/** As kcat tells it with -J. */
export interface KcatRecord {
  readonly partition: number;
  readonly offset: number;
  readonly ts: number;
  readonly headers?: readonly string[];
  readonly key: string | null;
  readonly payload: string | null;
}

/** All records of a topic from `from` on: an offset, beginning, or s@MS. */
export async function kcatRead(kafka: string, topic: string, from = 'beginning'): Promise<readonly KcatRecord[]> {
  // The end of a topic is what a fetch has waited for in vain.
  const lines = await kcat(kafka, ['-C', '-t', topic, '-o', from, '-e', '-q', '-J', '-X', 'fetch.wait.max.ms=10']);
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
