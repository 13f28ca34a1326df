import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../ts/sdk/node/index.js';
import { fetch } from '../../ts/wire/kafka/schema/01-fetch.js';
import { metadata } from '../../ts/wire/kafka/schema/03-metadata.js';
import { KafkaSocket } from '../kafka/socket.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, type RunningNode, startNode } from '../node/process.mjs';
import { killDrivers } from './driver.js';
import { batchesIn, createTopic, headerOf, kcat, kcatRead, newNode, webSocketBatches } from './kafka-clients.js';
import { openNodeClient } from './node-clients.js';
import { Wiretap } from './wiretap.js';

// One log behind two doors: what comes in at one goes out at the other, unchanged.

removeDirectoriesAfterwards();
afterAll(killAll);
afterAll(killDrivers);

const millrace = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const run = promisify(execFile);

// Headers may repeat a name; keys and values may be absent, or empty, which is something else.
const records = [
  { timestamp: 1000, key: null, value: 'no key', headers: [] },
  { timestamp: 999, key: 'tombstone', value: null, headers: [['why', 'deleted']] },
  {
    timestamp: 1001,
    key: '',
    value: '',
    headers: [
      ['a', 'first'],
      ['a', 'second'],
      ['', ''],
    ],
  },
  { timestamp: 1001, key: 'ключ', value: 'x'.repeat(5_000), headers: [['größe', '五千']] },
] as const;

describe('records', () => {
  let node: RunningNode;

  beforeAll(async () => {
    node = await newNode();
  });

  test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)('%s: from the SDK to kcat', async (compression) => {
    const topic = `sdk-${compression}`;
    const client = await connect(node.gateway);
    await client.admin.createTopic(topic, { partitions: 1 });
    const producer = client.producer({ compression });
    await Promise.all(records.map((record) => producer.send({ topic, ...record })));
    await client.close();
    const told = records.map(({ timestamp, key, value, headers }, offset) => ({
      offset,
      ts: timestamp,
      key,
      payload: value,
      ...(headers.length > 0 && { headers: headers.flat() }),
    }));
    expect(await kcatRead(node.kafka, topic)).toMatchObject(told);
  });

  test('from kafkajs to the SDK', async () => {
    await createTopic(node.gateway, 'kafkajs');
    const kafkajs = await openNodeClient('kafkajs', node.kafka);
    await kafkajs.ask('produce', { topic: 'kafkajs', partition: 0, codec: 'gzip', records });
    expect(await readBySdk('kafkajs')).toEqual(records.map((record, offset) => ({ offset, ...record })));
  });

  async function readBySdk(topic: string): Promise<readonly unknown[]> {
    const client = await connect(node.gateway);
    const read: unknown[] = [];
    for await (const { offset, timestamp, key, value, headers } of client.consumer({ topics: [topic], from: 'beginning' })) {
      const named = headers.map((header) => [header.name, asText(header.value)]);
      read.push({ offset, timestamp, key: asText(key), value: asText(value), headers: named });
      if (read.length === records.length) break;
    }
    await client.close();
    return read;
  }
});

function asText(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString();
}

describe('bytes', () => {
  let wiretap: Wiretap;
  let node: RunningNode;
  let data: string;

  beforeAll(async () => {
    wiretap = await Wiretap.open();
    data = join(await newDirectory(), 'data');
    node = await startNode(data, ['--kafka-advertised', wiretap.address]);
    wiretap.target = node.kafka;
  });

  afterAll(() => wiretap.close());

  test('of a batch are the same from byte 21 on, wherever one looks', async () => {
    const seen: { topic: string; sums: readonly string[] }[] = [];
    for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
      const topic = `bytes-${codec}`;
      await createTopic(node.gateway, topic);
      wiretap.requests.length = 0;
      for (const count of [1, 1000]) await kcat(wiretap.address, ['-P', '-t', topic, '-z', codec], 'a line\n'.repeat(count));
      const sums = sumsOf(wiretap.batches);
      expect(sums.length).toBeGreaterThanOrEqual(2);
      expect(sumsOf(await webSocketBatches(node.gateway, topic))).toEqual(sums);
      for (const version of [4, 11, 12, 13, 18]) expect(sumsOf(await kafkaBatches(topic, version))).toEqual(sums);
      seen.push({ topic, sums });
    }
    await node.kill('SIGTERM');
    const segments = await segmentBatches();
    for (const { topic, sums } of seen) expect(sumsOf(segments.get(topic) ?? [])).toEqual(sums);
  });

  async function kafkaBatches(topic: string, version: number): Promise<readonly Uint8Array[]> {
    const socket = await KafkaSocket.open(node.kafka);
    const { topics } = await socket.ask(metadata, 12, { topics: [{ name: topic }] });
    const [{ topicId } = absent()] = topics;
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20 }];
    const request = { maxWaitMs: 0, minBytes: 0, maxBytes: 1 << 20, topics: [{ topic, topicId, partitions }] };
    const answer = await socket.ask(fetch, version, request);
    socket.close();
    const [partition] = answer.responses[0]?.partitions ?? [];
    expect(partition).toMatchObject({ errorCode: 0 });
    return batchesIn(partition?.records ?? new Uint8Array(0));
  }

  /** From the files of a node that has ended. */
  async function segmentBatches(): Promise<ReadonlyMap<string, readonly Uint8Array[]>> {
    const { stdout } = await run(process.execPath, [millrace, 'log', 'dump', data, '--json']);
    const batches = new Map<string, Uint8Array[]>();
    for (const line of stdout.trim().split('\n')) {
      const { topic, file, position } = JSON.parse(line) as { topic: string; file: string; position: number };
      const bytes = new Uint8Array(await readFile(join(data, file))).subarray(position);
      const [batch = bytes] = batchesIn(bytes.subarray(0, headerOf(bytes).size));
      batches.set(topic, [...(batches.get(topic) ?? []), batch]);
    }
    return batches;
  }
});

function absent(): never {
  throw new Error('no such topic');
}

/** Before it lie what a broker stamps: offset and leader epoch; and the CRC, which covers what lies behind. */
const unstampedFrom = 21;

function sumsOf(batches: readonly Uint8Array[]): readonly string[] {
  return batches.map((batch) => createHash('sha256').update(batch.subarray(unstampedFrom)).digest('hex'));
}
