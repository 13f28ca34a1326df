import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../ts/sdk/node/index.js';
import { startNode } from './process.js';

// A producer and a consumer work on while their node is killed and started again. At the end, what was acknowledged is in the log,
// once, in the order of sending, and the consumer saw the log as it is: no gap, no repeat.

export interface KillOptions {
  readonly data: string;
  readonly rounds: number;
  readonly partitions: number;
  /** Of each life, in milliseconds. */
  readonly lifeMs: (round: number) => number;
  readonly configs?: Readonly<Record<string, string>>;
}

export interface KillReport {
  readonly acknowledged: number;
  readonly found: number;
  readonly problems: readonly string[];
}

interface Seen {
  readonly offset: number;
  readonly sequence: number;
}

const topic = 'survivors';
const underWayMax = 2000;

export async function runKills({ data, rounds, partitions, lifeMs, configs = {} }: KillOptions): Promise<KillReport> {
  let node = await startNode(data);
  const address = node.gateway;
  const client = await connect(address, { reconnectMs: { first: 10, most: 100 } });
  await client.admin.createTopic(topic, { partitions, configs });
  const live = Array.from({ length: partitions }, (): Seen[] => []);
  const stop = new AbortController();
  const consumer = client.consumer({ topics: [topic], from: 'beginning', signal: stop.signal });
  const reading = read(consumer, live);
  const load = new Load(client.producer({ lingerMs: 1, batchSizeMax: 4096 }), partitions);
  const sending = load.run();
  for (let round = 0; round < rounds; round += 1) {
    await sleep(lifeMs(round));
    await node.kill('SIGKILL');
    node = await startNode(data, ['--gateway', address]);
  }
  await sleep(lifeMs(rounds));
  await load.stop();
  await sending;
  const acknowledged = load.acknowledged;
  const second = await connect(address);
  const found = await readAll(second, partitions, acknowledged);
  await second.close();
  await until(() => live.every((seen, partition) => seen.length >= (found[partition]?.length ?? 0)));
  stop.abort();
  await reading;
  await client.close();
  await node.kill('SIGTERM');
  const problems = found.flatMap((log, partition) => [
    ...problemsOf(partition, log, acknowledged[partition] ?? []),
    ...differences(partition, log, live[partition] ?? []),
  ]);
  return { acknowledged: sumOf(acknowledged), found: sumOf(found), problems: [...problems, ...load.failures] };
}

type Client = Awaited<ReturnType<typeof connect>>;
type Consumer = ReturnType<Client['consumer']>;

/** Records with rising numbers in each partition, as many under way as the window allows. */
class Load {
  readonly acknowledged: number[][];
  readonly failures: string[] = [];
  readonly #producer: ReturnType<Client['producer']>;
  readonly #partitions: number;
  #underWay = 0;
  #isStopped = false;

  constructor(producer: ReturnType<Client['producer']>, partitions: number) {
    this.#producer = producer;
    this.#partitions = partitions;
    this.acknowledged = Array.from({ length: partitions }, () => []);
  }

  async run(): Promise<void> {
    for (let sequence = 0; !this.#isStopped; sequence += 1) {
      for (let partition = 0; partition < this.#partitions; partition += 1) this.#send(partition, sequence);
      while (this.#underWay >= underWayMax) await sleep(1);
      if (sequence % 10 === 0) await sleep(0);
    }
  }

  #send(partition: number, sequence: number): void {
    this.#underWay += 1;
    this.#producer
      .send({ topic, partition, value: String(sequence) })
      .then(() => this.acknowledged[partition]?.push(sequence))
      .catch((error: Error) => this.failures.push(`sending ${sequence} to ${partition} failed: ${error.message}`))
      .finally(() => {
        this.#underWay -= 1;
      });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#producer.flush();
    await until(() => this.#underWay === 0);
  }
}

async function read(consumer: Consumer, into: readonly Seen[][]): Promise<void> {
  for await (const { partition, offset, value } of consumer) {
    into[partition]?.push({ offset, sequence: Number(new TextDecoder().decode(value as Uint8Array)) });
  }
}

async function readAll(client: Client, partitions: number, acknowledged: readonly (readonly number[])[]): Promise<Seen[][]> {
  const all = Array.from({ length: partitions }, (): Seen[] => []);
  const stop = new AbortController();
  const reading = read(client.consumer({ topics: [topic], from: 'beginning', signal: stop.signal }), all);
  // Every record that was sent is acknowledged in the end, so the last acknowledged ones are the last of all.
  await until(() => all.every((seen, partition) => seen.at(-1)?.sequence === acknowledged[partition]?.at(-1)));
  stop.abort();
  await reading;
  return all;
}

function problemsOf(partition: number, log: readonly Seen[], acknowledged: readonly number[]): string[] {
  const problems: string[] = [];
  log.forEach(({ offset, sequence }, index) => {
    if (offset !== index) problems.push(`partition ${partition}: offset ${offset} where ${index} is due`);
    if (sequence !== index) problems.push(`partition ${partition}: record ${sequence} at offset ${offset}`);
  });
  const missing = acknowledged.filter((sequence) => sequence >= log.length);
  if (missing.length > 0) problems.push(`partition ${partition}: ${missing.length} acknowledged records are lost, ${missing[0]} first`);
  return problems.slice(0, 5);
}

function differences(partition: number, log: readonly Seen[], live: readonly Seen[]): string[] {
  const at = live.findIndex(({ offset, sequence }, index) => log[index]?.offset !== offset || log[index]?.sequence !== sequence);
  return at < 0 ? [] : [`partition ${partition}: the living reader got ${JSON.stringify(live[at])} as its record ${at}`];
}

async function until(holds: () => boolean, waitMs = 30_000): Promise<void> {
  const end = performance.now() + waitMs;
  while (!holds() && performance.now() < end) await sleep(5);
}

function sumOf(lists: readonly (readonly unknown[])[]): number {
  return lists.reduce((sum, { length }) => sum + length, 0);
}
