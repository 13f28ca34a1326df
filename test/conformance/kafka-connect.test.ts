import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { describeGroups } from '../../ts/wire/kafka/schema/15-describe-groups.js';
import { KafkaSocket } from '../kafka/socket.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, startNode } from '../node/process.mjs';
import { createTopic } from './kafka-clients.js';
import { Framework, killFrameworks } from './kafka-frameworks.js';
import { fileOf } from './kafka-tools.js';

// Kafka Connect, distributed: workers that are a group of their own kind, share work and not partitions, and keep all that they know in
// compacted topics.

removeDirectoriesAfterwards();
afterAll(killFrameworks);
afterAll(killAll);

const patience = { timeout: 60_000, interval: 200 };
const group = 'workers';

class Worker {
  readonly address: string;
  readonly #process: Framework;

  static async start(kafka: string): Promise<Worker> {
    const address = `127.0.0.1:${await freePort()}`;
    const settings = {
      'bootstrap.servers': kafka,
      'group.id': group,
      listeners: `http://${address}`,
      // Of the workers, and of the consumers in their sinks.
      ...session(''),
      ...session('consumer.'),
      'reconnect.backoff.max.ms': 200,
      'offset.flush.interval.ms': 500,
      'scheduled.rebalance.max.delay.ms': 0,
      'plugin.discovery': 'service_load',
      'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
      'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
      ...Object.fromEntries(['config', 'offset', 'status'].map((what) => [`${what}.storage.topic`, `connect-${what}`])),
      ...Object.fromEntries(['config', 'offset', 'status'].map((what) => [`${what}.storage.replication.factor`, 1])),
    };
    const file = await fileOf(
      Object.entries(settings)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    );
    return new Worker(address, await Framework.start('org.apache.kafka.connect.cli.ConnectDistributed', file));
  }

  private constructor(address: string, process: Framework) {
    this.address = address;
    this.#process = process;
  }

  /** Undefined while it cannot tell. */
  async told(path: string): Promise<unknown> {
    const reply = await fetch(`http://${this.address}/${path}`).catch(() => undefined);
    return reply?.ok ? reply.json() : undefined;
  }

  async connect(name: string, config: Readonly<Record<string, string>>): Promise<number> {
    const body = JSON.stringify({ 'tasks.max': '1', ...config });
    const headers = { 'content-type': 'application/json' };
    const reply = await fetch(`http://${this.address}/connectors/${name}/config`, { method: 'PUT', headers, body }).catch(
      () => undefined,
    );
    return reply?.status ?? 0;
  }

  kill(): Promise<void> {
    return this.#process.end('SIGKILL');
  }
}

function session(whose: '' | 'consumer.') {
  return { [`${whose}session.timeout.ms`]: 6000, [`${whose}heartbeat.interval.ms`]: 500 };
}

/** Below those that connections are given where they come from: one of them might have it before the worker does. */
async function freePort(): Promise<number> {
  const port = 20_000 + Math.floor(Math.random() * 12_000);
  const server = createServer();
  const isFree = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
  });
  if (!isFree) return freePort();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('lines pass from file to file over a topic; a worker that dies is replaced, and a kill -9 of the node is lived through', async () => {
  const data = join(await newDirectory(), 'data');
  const options = ['--group-initial-rebalance-delay-ms', '0'];
  const first = await startNode(data, options);
  const kafka = first.kafka;
  await createTopic(first.gateway, 'lines', {}, 2);
  const folder = await newDirectory();
  const [source, sink] = [join(folder, 'source'), join(folder, 'sink')];
  await writeFile(source, '');
  await writeFile(sink, '');
  /** What was not told to be written before a worker died comes twice. */
  const written = async () => [...new Set((await readFile(sink, 'utf8')).split('\n').filter((line) => line !== ''))].sort();
  const all: string[] = [];
  const append = async (name: string) => {
    const lines = Array.from({ length: 100 }, (_, number) => `${name} ${number}`);
    all.push(...lines);
    await appendFile(source, lines.map((line) => `${line}\n`).join(''));
  };

  const workers = [await Worker.start(kafka), await Worker.start(kafka)] as const;
  for (const worker of workers) await expect.poll(() => worker.told('connectors'), patience).toEqual([]);
  const [dies, stays] = workers;
  const configs = {
    source: { 'connector.class': 'FileStreamSource', file: source, topic: 'lines' },
    sink: { 'connector.class': 'FileStreamSink', file: sink, topics: 'lines' },
  };
  for (const [name, config] of Object.entries(configs)) await expect.poll(() => stays.connect(name, config), patience).toBe(201);
  await append('early');
  await expect.poll(written, patience).toEqual([...all].sort());
  expect(await groupOf(kafka)).toMatchObject({ protocolType: 'connect', groupState: 'Stable', members: [{}, {}] });

  /** Where the connectors and their tasks are. */
  const places = async () => {
    const states = (await Promise.all(Object.keys(configs).map((name) => stays.told(`connectors/${name}/status`)))) as Status[];
    return states.flatMap((state) => [state?.connector, ...(state?.tasks ?? [])]).map((each) => [each?.worker_id, each?.state]);
  };
  const shared = [
    [dies.address, 'RUNNING'],
    [stays.address, 'RUNNING'],
  ];
  await expect.poll(async () => new Set((await places()).map(String)), patience).toEqual(new Set(shared.map(String)));
  await dies.kill();
  await expect.poll(places, patience).toEqual(Array(4).fill([stays.address, 'RUNNING']));
  await append('late');
  await expect.poll(written, patience).toEqual([...all].sort());

  await first.kill('SIGKILL');
  const second = await startNode(data, [...options, '--kafka', kafka]);
  await append('last');
  await expect.poll(written, patience).toEqual([...all].sort());
  await stays.kill();

  // All that it knows of its connectors is in topics.
  const next = await Worker.start(kafka);
  await expect.poll(() => next.told('connectors'), patience).toEqual(expect.arrayContaining(Object.keys(configs)));
  await append('anew');
  await expect.poll(written, patience).toEqual([...all].sort());
  await next.kill();
  await second.kill('SIGKILL');
});

interface Place {
  readonly worker_id: string;
  readonly state: string;
}

type Status = { readonly connector: Place; readonly tasks: readonly Place[] } | undefined;

async function groupOf(kafka: string) {
  const socket = await KafkaSocket.open(kafka);
  const { groups } = await socket.ask(describeGroups, 5, { groups: [group] });
  socket.close();
  return groups[0];
}
