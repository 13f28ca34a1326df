import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, type RunningNode, startNode } from '../node/process.mjs';
import { createTopic, headerOf, kcat, kcatRead, newNode, webSocketBatches } from './kafka-clients.js';
import { fileOf, KafkaTools, killKafkaTools, spawnKafkaTool } from './kafka-tools.js';

// Records through the tools, and groups.

removeDirectoriesAfterwards();

let node: RunningNode;
let tools: KafkaTools;

beforeAll(async () => {
  node = await newNode(['--group-min-session-timeout-ms', '1000']);
  tools = new KafkaTools(node.kafka);
});

afterAll(killAll);
afterAll(killKafkaTools);

describe('kafka-console-producer, kafka-console-consumer', () => {
  const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
  const reading = ['parse.key=true', 'key.separator=:', 'parse.headers=true', 'null.marker=NULL'].flatMap((each) => [
    '--reader-property',
    each,
  ]);
  const showing = ['print.key', 'print.headers', 'print.offset'].flatMap((each) => ['--formatter-property', `${each}=true`]);

  test('keys, headers, nulls and every codec come back', async () => {
    for (const codec of codecs) {
      await createTopic(node.gateway, `typed-${codec}`);
      const to = ['--topic', `typed-${codec}`, '--compression-codec', codec, '--timeout', '200'];
      await tools.printed(
        'kafka-console-producer',
        [...to, ...reading],
        `a:b\tключ:значение\na:b\tgone:NULL\na:b\tk:${'x'.repeat(3000)}\n`,
      );
      const [batch] = await webSocketBatches(node.gateway, `typed-${codec}`);
      expect(batch && headerOf(batch).compression).toBe(codec);
    }
    const from = ['--include', 'typed-.*', '--from-beginning', '--max-messages', '15', '--timeout-ms', '40000'];
    const lines = (await tools.printed('kafka-console-consumer', [...from, ...showing])).trim().split('\n');
    const each = (line: string) => Array(codecs.length).fill(line);
    const wanted = ['Offset:0\ta:b\tключ\tзначение', 'Offset:1\ta:b\tgone\tnull', `Offset:2\ta:b\tk\t${'x'.repeat(3000)}`];
    expect(lines.sort()).toEqual(wanted.flatMap(each));
  });

  test('a topic without records, at either level of isolation', async () => {
    await createTopic(node.gateway, 'silent');
    const from = ['--topic', 'silent', '--from-beginning', '--timeout-ms', '1000', '--isolation-level', 'read_committed'];
    expect(await tools.printed('kafka-console-consumer', from)).toBe('');
  });
});

test('kafka-producer-perf-test and kafka-consumer-perf-test; 10 MiB in one record, where the topic allows it', async () => {
  const produce = async (topic: string, count: number, size: number) => {
    const limits = ['--command-property', 'max.request.size=16777216', 'buffer.memory=67108864'];
    const words = ['--topic', topic, '--num-records', `${count}`, '--record-size', `${size}`, '--throughput', '-1', ...limits];
    return tools.run('kafka-producer-perf-test', words);
  };
  const consume = async (topic: string, count: number) => {
    const out = await tools.printed('kafka-consumer-perf-test', [
      '--topic',
      topic,
      '--num-records',
      `${count}`,
      '--timeout',
      '20000',
    ]);
    return Number(out.trim().split('\n').at(-1)?.split(', ')[4]);
  };
  await createTopic(node.gateway, 'quick', {}, 4);
  expect((await produce('quick', 100_000, 100)).out).toContain('100000 records sent');
  expect(await consume('quick', 100_000)).toBe(100_000);
  await createTopic(node.gateway, 'huge', { 'max.message.bytes': String(12 << 20) });
  expect((await produce('huge', 3, 10 << 20)).out).toContain('3 records sent');
  expect(await consume('huge', 3)).toBe(3);
  await createTopic(node.gateway, 'usual');
  expect((await produce('usual', 1, 10 << 20)).errors).toContain('RecordTooLargeException');
});

/** The lines of a verifiable tool, as they come. */
function eventsOf(child: ChildProcessWithoutNullStreams) {
  const events: Readonly<Record<string, unknown>>[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('{')) events.push(JSON.parse(line));
  });
  return events;
}

const patience = { timeout: 60_000, interval: 100 };

test('kafka-verifiable-consumer, kafka-consumer-groups: members join, leave and die; offsets are shown, moved and deleted', async () => {
  await createTopic(node.gateway, 'verified', {}, 4);
  const send = (line: string) =>
    Promise.all([0, 1, 2, 3].map((partition) => kcat(node.kafka, ['-P', '-t', 'verified', '-p', `${partition}`], `${line}\n`)));
  const session = ['--session-timeout', '2000', '--reset-policy', 'earliest'];
  const join = async () => {
    const child = await spawnKafkaTool('kafka-verifiable-consumer', node.kafka, [
      ...['--topic', 'verified', '--group-id', 'checked', '--verbose', ...session],
      ...['--command-config', await fileOf('heartbeat.interval.ms=200\n')],
    ]);
    const events = eventsOf(child);
    const assigned = () => {
      const last = events.findLast(({ name }) => name === 'partitions_assigned');
      return (last?.['partitions'] as readonly unknown[] | undefined)?.length;
    };
    const values = () => events.filter(({ name }) => name === 'record_data').map(({ value }) => value);
    return { child, assigned, values };
  };
  const [stays, dies] = [await join(), await join()];
  await expect.poll(stays.assigned, patience).toBe(2);
  await expect.poll(dies.assigned, patience).toBe(2);
  await send('early');
  await expect.poll(() => [...stays.values(), ...dies.values()], patience).toEqual(Array(4).fill('early'));
  dies.child.kill('SIGKILL');
  await send('late');
  const late = () => stays.values().filter((value) => value === 'late');
  await expect.poll(late, patience).toEqual(Array(4).fill('late'));
  const group = ['--group', 'checked'];
  const rows = async () =>
    (await tools.printed('kafka-consumer-groups', ['--describe', ...group])).match(/^checked\s.*$/gm) ?? [];
  await expect.poll(rows, patience).toEqual(Array(4).fill(expect.stringMatching(/ verified +\d +2 +2 +0 +\S+ +\/127\.0\.0\.1/)));
  expect(await tools.printed('kafka-consumer-groups', ['--describe', ...group, '--state'])).toMatch(/ range +Stable +1/);
  // It ends with 0 all the same.
  expect((await tools.run('kafka-consumer-groups', ['--delete', ...group])).out).toMatch(/GroupNotEmptyException/);
  stays.child.kill('SIGTERM');
  await new Promise((resolve) => stays.child.on('close', resolve));
  expect(await tools.printed('kafka-consumer-groups', ['--list', '--state'])).toMatch(/checked +Empty/);
  const move = ['--reset-offsets', ...group, '--topic', 'verified', '--to-earliest', '--execute'];
  expect((await tools.printed('kafka-consumer-groups', move)).match(/^checked +verified +\d +0\s*$/gm)).toHaveLength(4);
  expect(await rows()).toEqual(Array(4).fill(expect.stringMatching(/ verified +\d +0 +2 +2 +-/)));
  const forget = ['--delete-offsets', ...group, '--topic', 'verified'];
  expect((await tools.printed('kafka-consumer-groups', forget)).match(/Successful/g)).toHaveLength(4);
  await tools.printed('kafka-consumer-groups', ['--delete', ...group]);
  expect(await tools.printed('kafka-groups', ['--list'])).not.toContain('checked');
});

/** Members that read numbers from the beginning until they are told to end, each of a group of its own. */
interface Reader {
  readonly child: ChildProcessWithoutNullStreams;
  readonly group: string;
  readonly read: () => readonly number[];
}

async function verifiableReader(kafka: string): Promise<Reader> {
  const group = 'verifiable';
  const child = await spawnKafkaTool('kafka-verifiable-consumer', kafka, [
    ...['--topic', 'outlived', '--group-id', group, '--verbose', '--reset-policy', 'earliest'],
    ...['--command-config', await fileOf(reconnecting)],
  ]);
  const events = eventsOf(child);
  const read = () => events.filter(({ name }) => name === 'record_data').map(({ value }) => Number(value));
  return { child, group, read };
}

async function consoleReader(kafka: string): Promise<Reader> {
  const group = 'console';
  const child = await spawnKafkaTool('kafka-console-consumer', kafka, [
    ...['--topic', 'outlived', '--group', group, '--from-beginning', '--command-config', await fileOf(reconnecting)],
  ]);
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  return { child, group, read: () => lines.map(Number) };
}

const reconnecting = 'reconnect.backoff.max.ms=200\n';

test('over a kill -9: kafka-verifiable-producer loses nothing, kafka-verifiable-consumer and kafka-console-consumer go on', async () => {
  const data = join(await newDirectory(), 'data');
  const options = ['--group-initial-rebalance-delay-ms', '0'];
  const first = await startNode(data, options);
  await createTopic(first.gateway, 'outlived');
  const config = await fileOf(`retries=1000000\nenable.idempotence=true\n${reconnecting}`);
  const words = ['--topic', 'outlived', '--throughput', '300', '--acks', '-1', '--command-config', config];
  const child = await spawnKafkaTool('kafka-verifiable-producer', first.kafka, words);
  const events = eventsOf(child);
  const acks = () => events.filter(({ name }) => name === 'producer_send_success');
  const readers = [await verifiableReader(first.kafka), await consoleReader(first.kafka)];
  for (const { read } of readers) await expect.poll(() => read().length, patience).toBeGreaterThan(100);
  await first.kill('SIGKILL');
  const before = acks().length;
  const second = await startNode(data, [...options, '--kafka', first.kafka]);
  await expect.poll(() => acks().length, patience).toBeGreaterThan(before + 100);
  child.kill('SIGTERM');
  await new Promise((resolve) => child.on('close', resolve));
  expect(events.filter(({ name }) => name === 'producer_send_error')).toEqual([]);
  const log = await kcatRead(second.kafka, 'outlived');
  expect(log.map(({ payload }) => Number(payload))).toEqual(log.map((_, index) => index));
  expect(acks().length).toBeGreaterThan(before + 100);
  expect(acks().filter(({ value, offset }) => log[Number(offset)]?.payload !== value)).toEqual([]);
  for (const { child, group, read } of readers) {
    // What was read before a commit that failed comes twice.
    await expect.poll(() => new Set(read()).size, patience).toBe(log.length);
    child.kill('SIGTERM');
    await new Promise((resolve) => child.on('close', resolve));
    const committed = await new KafkaTools(second.kafka).printed('kafka-consumer-groups', ['--describe', '--group', group]);
    expect(committed).toMatch(new RegExp(` outlived +0 +${log.length} +${log.length} +0 `));
  }
  await second.kill('SIGKILL');
});
