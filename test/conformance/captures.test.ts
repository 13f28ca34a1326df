import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiOf } from '../../ts/wire/kafka/apis.js';
import { readRequestHeader } from '../../ts/wire/kafka/frames.js';
import { Reader } from '../../ts/wire/kafka/reader.js';
import { heartbeat } from '../../ts/wire/kafka/schema/12-heartbeat.js';
import { removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, type RunningNode } from '../node/process.mjs';
import { type Driver, killDrivers } from './driver.js';
import { openJava } from './java.js';
import { createTopic, kcat, newNode } from './kafka-clients.js';
import { openNodeClient } from './node-clients.js';
import { Wiretap } from './wiretap.js';

// What clients send, from which `npm run fuzz` starts: test/golden/kafka/requests.jsonl. Where the file is missing it is made; else it has
// to know everything that they ask for.

removeDirectoriesAfterwards();

const path = new URL('../golden/kafka/requests.jsonl', import.meta.url);
const frameSizeMax = 1200;

interface Line {
  readonly client: string;
  readonly api: string;
  readonly version: number;
  readonly frame: string;
}

let tap: Wiretap;
let node: RunningNode;
const lines: Line[] = [];

beforeAll(async () => {
  tap = await Wiretap.open();
  node = await newNode(['--kafka-advertised', tap.address]);
  tap.target = node.kafka;
});

afterAll(async () => {
  await killDrivers();
  tap.close();
  killAll();
});

/** Of each API and version the first and the largest. */
function record(client: string): void {
  const kinds = new Map<string, Line[]>();
  for (const frame of tap.requests.splice(0).filter(({ length }) => length <= frameSizeMax)) {
    const { key, version } = readRequestHeader(new Reader(frame));
    const line = { client, api: apiOf(key)?.name ?? '', version, frame: Buffer.from(frame).toString('hex') };
    const [first, largest] = kinds.get(`${key}/${version}`) ?? [];
    if (first === undefined) kinds.set(`${key}/${version}`, [line]);
    else if (line.frame.length > (largest ?? first).frame.length) kinds.set(`${key}/${version}`, [first, line]);
  }
  lines.push(...[...kinds.values()].flat().filter(({ api }) => api !== ''));
}

test('kcat', async () => {
  await createTopic(node.gateway, 'kcat', {}, 2);
  const produce = ['-P', '-t', 'kcat', '-K:', '-H', 'name=value', '-X', 'enable.idempotence=true'];
  await kcat(tap.address, [...produce, '-z', 'gzip'], 'key:value\nother:value\n');
  await kcat(tap.address, ['-P', '-t', 'kcat', '-X', 'acks=0'], 'silent\n');
  await kcat(tap.address, ['-C', '-t', 'kcat', '-e', '-q']);
  await kcat(tap.address, ['-C', '-t', 'kcat', '-o', 's@1000', '-e', '-q']);
  await kcat(tap.address, ['-Q', '-t', 'kcat:0:2000']);
  await kcat(tap.address, ['-L', '-J']);
  await kcat(tap.address, ['-e', '-q', '-X', 'auto.offset.reset=earliest', '-G', 'kcat-group', 'kcat']);
  record('kcat');
});

/** What most clients have calls for: client-suite.ts says what each is. */
async function goThrough(driver: Driver, topic: string, idempotent: boolean): Promise<void> {
  const group = `${topic}-group`;
  const of = { topic, partition: 0 };
  const records = [{ timestamp: 1000, key: 'key', value: 'value', headers: [['name', 'value']] }];
  await driver.ask('createTopic', { topic, partitions: 2, configs: { 'retention.ms': '10000000000000' } });
  await driver.ask('growTopic', { topic, partitions: 3 });
  await driver.ask('produce', { ...of, records, idempotent });
  for (const from of ['beginning', 'offset']) await driver.ask('read', { ...of, from, at: 0 });
  await driver.ask('offsets', { ...of, time: 500 });
  await driver.ask('join', { member: 'one', group, topic, sessionMs: 6000 });
  const values = async () => (await driver.ask<{ readonly values: readonly string[] }>('member', { member: 'one' })).values;
  await expect.poll(values, { timeout: 30_000 }).toEqual(['value']);
  await expect.poll(() => tap.asked.has(heartbeat.key), { timeout: 30_000 }).toBe(true);
  await driver.ask('leave', { member: 'one' });
  for (const name of ['groups', 'topics', 'nodes']) await driver.ask(name);
  await driver.ask('describeGroup', { group });
  await driver.ask('committed', { group, ...of });
  await driver.ask('config', { topic, name: 'retention.ms' });
  await driver.ask('alterConfig', { topic, name: 'retention.ms', value: '20000000000000' });
  await driver.ask('deleteRecords', { ...of, before: 1 });
  await driver.ask('deleteTopic', { topic });
}

/** What Kafka's own clients alone have calls for. */
async function goFurther(driver: Driver): Promise<void> {
  const of = { topic: 'further', partition: 0 };
  await driver.ask('createTopic', { ...of, partitions: 1 });
  const record = { timestamp: 1000, key: 'key', value: 'value', headers: [] };
  await driver.ask('produce', { ...of, records: [record], idempotent: true });
  expect(await driver.ask('producers', of)).toBe(1);
  expect(await driver.ask('read', { ...of, from: 'epoch', at: 0 })).toMatchObject([{ value: 'value' }]);
  for (const name of ['partitions', 'logDirs']) await driver.ask(name, of);
  await driver.ask('deleteOffsets', { group: 'java-group', ...of });
  expect(await driver.ask('configResources')).toContain('further');
  expect(await driver.ask('authenticate')).toContain('Unexpected handshake request');
}

const drivers = {
  kafkajs: (kafka: string) => openNodeClient('kafkajs', kafka),
  platformatic: (kafka: string) => openNodeClient('platformatic', kafka),
  java: (kafka: string) => openJava('KafkaClient', kafka),
};

test.each(Object.entries(drivers))('%s', async (name, open) => {
  const driver = await open(tap.address);
  await goThrough(driver, name, true);
  if (name === 'java') await goFurther(driver);
  await driver.ask('deleteGroup', { group: `${name}-group` });
  record(name);
});

test('what they sent is kept', () => {
  const texts = lines.map((line) => JSON.stringify(line));
  if (!existsSync(path)) writeFileSync(path, `${texts.join('\n')}\n`);
  const nameOf = (text: string) => {
    const { client, api, version } = JSON.parse(text) as Line;
    return `${client}: ${api} ${version}`;
  };
  const kept = new Set(readFileSync(path, 'utf8').trim().split('\n').map(nameOf));
  expect(texts.map(nameOf).filter((name) => !kept.has(name))).toEqual([]);
});
