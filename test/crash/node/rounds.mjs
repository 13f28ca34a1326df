// A producer and two consumers work while their node is killed and started again. At the end, what was acknowledged is in the log,
// once, in the order of sending, and both consumers saw the log as it is, no gap, no repeat: one lives through it all, the other
// ends with the node and goes on from its token. Topics that were made a moment before a kill are there, with what is in them.
import { setTimeout as sleep } from 'node:timers/promises';
import { startNode } from '../../node/process.mjs';
import { Resuming } from './resuming.mjs';

/** @type {typeof import('../../../ts/sdk/node/index.js')} */
const { connect } = await import(new URL('../../../dist/sdk/node/index.js', import.meta.url).href);

/** @typedef {Awaited<ReturnType<typeof connect>>} Client */
/** @typedef {{ offset: number, sequence: number }} Seen */

/**
 * @typedef {object} KillOptions
 * @property {string} data
 * @property {number} rounds
 * @property {number} partitions
 * @property {(round: number) => number} lifeMs of each life
 * @property {Readonly<Record<string, string>>} configs of the topic
 */

const topic = 'survivors';
const underWayMax = 2000;

/** @param {KillOptions} options */
export async function runKills({ data, rounds, partitions, lifeMs, configs }) {
  let node = await startNode(data);
  const address = node.gateway;
  const client = await connect(address, { reconnectMs: { first: 10, most: 100 } });
  await client.admin.createTopic(topic, { partitions, configs });
  const live = emptyLogs(partitions);
  const resumed = emptyLogs(partitions);
  const resuming = new Resuming(address, topic, (record) => note(record, resumed));
  const stop = new AbortController();
  const reading = read(client, stop.signal, live);
  const load = new Load(client, partitions);
  const sending = load.run();
  resuming.begin();
  for (let round = 0; round < rounds; round += 1) {
    await sleep(lifeMs(round));
    await client.producer().send({ topic: youngTopic(round), value: String(round) });
    await node.kill('SIGKILL');
    await resuming.end();
    node = await startNode(data, ['--gateway', address]);
    resuming.begin();
  }
  await sleep(lifeMs(rounds));
  await load.stop();
  await sending;
  const { acknowledged } = load;
  const found = await readAll(address, partitions, acknowledged);
  const hasAll = (/** @type {readonly Seen[]} */ seen, /** @type {number} */ partition) =>
    seen.length >= (found[partition]?.length ?? 0);
  await until(() => live.every(hasAll) && resumed.every(hasAll));
  stop.abort();
  await Promise.all([reading, resuming.end()]);
  const missing = await missingYoung(client, rounds);
  await client.close();
  await node.kill('SIGTERM');
  const problems = found.flatMap((log, partition) => [
    ...problemsOf(partition, log, acknowledged[partition] ?? []),
    ...differences(partition, log, live[partition] ?? [], 'living'),
    ...differences(partition, log, resumed[partition] ?? [], 'resuming'),
  ]);
  const all = [...problems, ...missing, ...load.failures];
  return { acknowledged: sumOf(acknowledged), found: sumOf(found), lives: resuming.lives, problems: all };
}

/** Made, written to and acknowledged at the end of a life. @param {number} round */
function youngTopic(round) {
  return `young-${round}`;
}

/** @param {Client} client @param {number} rounds */
async function missingYoung(client, rounds) {
  const names = Array.from({ length: rounds }, (_, round) => youngTopic(round));
  const there = new Set((await client.admin.listTopics(names)).map(({ name }) => name));
  /** @type {string[]} */
  const problems = [];
  for (const name of names) {
    const count = there.has(name) ? (await client.admin.describeTopic(name)).usage[0]?.highWatermark : undefined;
    if (count !== 1) problems.push(`topic ${name} has ${count} of its one record`);
  }
  return problems;
}

/** Records with rising numbers in each partition, as many under way as the window allows. */
class Load {
  /** @type {number[][]} */
  acknowledged;
  /** @type {string[]} */
  failures = [];
  #producer;
  #underWay = 0;
  #isStopped = false;

  /** @param {Client} client @param {number} partitions */
  constructor(client, partitions) {
    this.#producer = client.producer({ lingerMs: 1, batchSizeMax: 4096 });
    this.acknowledged = Array.from({ length: partitions }, () => []);
  }

  async run() {
    for (let sequence = 0; !this.#isStopped; sequence += 1) {
      for (const [partition, acknowledged] of this.acknowledged.entries()) this.#send(partition, sequence, acknowledged);
      while (this.#underWay >= underWayMax) await sleep(1);
      if (sequence % 10 === 0) await sleep(0);
    }
  }

  /** @param {number} partition @param {number} sequence @param {number[]} acknowledged */
  #send(partition, sequence, acknowledged) {
    this.#underWay += 1;
    this.#producer
      .send({ topic, partition, value: String(sequence) })
      .then(() => acknowledged.push(sequence))
      .catch((error) => this.failures.push(`sending ${sequence} to ${partition} failed: ${error}`))
      .finally(() => {
        this.#underWay -= 1;
      });
  }

  async stop() {
    this.#isStopped = true;
    await this.#producer.flush();
    await until(() => this.#underWay === 0);
  }
}

/** @param {number} partitions @returns {Seen[][]} */
function emptyLogs(partitions) {
  return Array.from({ length: partitions }, () => []);
}

const decoder = new TextDecoder();

/** @param {import('./resuming.mjs').Taken} record @param {Seen[][]} into */
function note({ partition, offset, value }, into) {
  into[partition]?.push({ offset, sequence: Number(decoder.decode(value ?? new Uint8Array())) });
}

/** @param {Client} client @param {AbortSignal} signal @param {Seen[][]} into */
async function read(client, signal, into) {
  for await (const record of client.consumer({ topics: [topic], from: 'beginning', signal })) note(record, into);
}

/** @param {string} address @param {number} partitions @param {readonly (readonly number[])[]} acknowledged */
async function readAll(address, partitions, acknowledged) {
  const all = emptyLogs(partitions);
  const client = await connect(address);
  const stop = new AbortController();
  const reading = read(client, stop.signal, all);
  // Every record that was sent is acknowledged in the end, so the last acknowledged ones are the last of all.
  await until(() => all.every((seen, partition) => seen.at(-1)?.sequence === acknowledged[partition]?.at(-1)));
  stop.abort();
  await reading;
  await client.close();
  return all;
}

/** @param {number} partition @param {readonly Seen[]} log @param {readonly number[]} acknowledged */
function problemsOf(partition, log, acknowledged) {
  /** @type {string[]} */
  const problems = [];
  for (const [index, { offset, sequence }] of log.entries()) {
    if (offset !== index) problems.push(`partition ${partition}: offset ${offset} where ${index} is due`);
    if (sequence !== index) problems.push(`partition ${partition}: record ${sequence} at offset ${offset}`);
  }
  const lost = acknowledged.filter((sequence) => sequence >= log.length);
  if (lost.length > 0) problems.push(`partition ${partition}: ${lost.length} acknowledged records are lost, ${lost[0]} first`);
  return problems.slice(0, 5);
}

/** @param {number} partition @param {readonly Seen[]} log @param {readonly Seen[]} live @param {string} reader */
function differences(partition, log, live, reader) {
  const at = live.findIndex(({ offset, sequence }, index) => log[index]?.offset !== offset || log[index]?.sequence !== sequence);
  if (at >= 0) return [`partition ${partition}: the ${reader} reader got ${JSON.stringify(live[at])} as its record ${at}`];
  return live.length === log.length ? [] : [`partition ${partition}: the ${reader} reader got ${live.length} of ${log.length}`];
}

/** @param {() => boolean} holds */
async function until(holds, waitMs = 30_000) {
  const end = performance.now() + waitMs;
  while (!holds() && performance.now() < end) await sleep(5);
}

/** @param {readonly (readonly unknown[])[]} lists */
function sumOf(lists) {
  return lists.reduce((sum, { length }) => sum + length, 0);
}
