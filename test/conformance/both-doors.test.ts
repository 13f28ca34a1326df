import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { connect } from '../../ts/sdk/node/index.js';
import { fetch } from '../../ts/wire/kafka/schema/01-fetch.js';
import { metadata } from '../../ts/wire/kafka/schema/03-metadata.js';
import { decodeClientMessage } from '../../ts/wire/proto/messages.js';
import { KafkaSocket } from '../kafka/socket.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, type RunningNode, startNode } from '../node/process.mjs';
import { killDrivers } from './driver.js';
import { batchesIn, createTopic, headerOf, kcat, kcatRead, newNode, pushedRecords, webSocketBatches } from './kafka-clients.js';
import { openNodeClient } from './node-clients.js';
import { Wiretap } from './wiretap.js';

// One log behind two doors: what comes in at one goes out at the other, unchanged.

removeDirectoriesAfterwards();
afterAll(killAll);
afterAll(killDrivers);

const millrace = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
type Codec = (typeof codecs)[number];

const run = promisify(execFile);

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

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

  test.each(codecs)('%s: from the SDK to kcat', async (compression) => {
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

  // Every client of client-suite.ts is read by the SDK there, in the codecs that it has: here with headers that repeat a name.
  test('from kafkajs to the SDK', async () => {
    const kafkajs = await openNodeClient('kafkajs', node.kafka);
    for (const codec of codecs) {
      const topic = `kafkajs-${codec}`;
      await createTopic(node.gateway, topic);
      await kafkajs.ask('produce', { topic, partition: 0, codec, records });
      const read = await pushedRecords(node.gateway, topic, records.length);
      expect(read).toEqual(records.map((record, offset) => ({ offset, ...record })));
    }
  });
});

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
    for (const [door, sent] of Object.entries({ kafka: sentByKcat, websocket: sentBySdk })) {
      for (const codec of codecs) {
        const topic = `${door}-${codec}`;
        await createTopic(node.gateway, topic);
        const batches = await sent(topic, codec);
        expect(batches.map((batch) => headerOf(batch).compression)).toContain(codec);
        const sums = sumsOf(batches);
        expect(sums.length).toBeGreaterThanOrEqual(2);
        expect(sumsOf(await webSocketBatches(node.gateway, topic))).toEqual(sums);
        for (const version of [4, 11, 12, 13, 18]) expect(sumsOf(await kafkaBatches(topic, version))).toEqual(sums);
        seen.push({ topic, sums });
      }
    }
    await node.kill('SIGTERM');
    const segments = await segmentBatches();
    for (const { topic, sums } of seen) expect(sumsOf(segments.get(topic) ?? [])).toEqual(sums);
  });

  async function sentByKcat(topic: string, codec: Codec): Promise<readonly Uint8Array[]> {
    wiretap.requests.length = 0;
    for (const count of [1, 1000]) await kcat(wiretap.address, ['-P', '-t', topic, '-z', codec], 'a line\n'.repeat(count));
    return wiretap.batches;
  }

  async function sentBySdk(topic: string, compression: Codec): Promise<readonly Uint8Array[]> {
    const sends = vi.spyOn(WebSocket.prototype, 'send');
    const client = await connect(node.gateway);
    const producer = client.producer({ compression });
    for (const count of [1, 1000]) {
      await Promise.all(Array.from({ length: count }, () => producer.send({ topic, value: 'a line' })));
    }
    await client.close();
    const messages = sends.mock.calls.map(([bytes]) => decodeClientMessage(bytes as Uint8Array));
    sends.mockRestore();
    return messages.flatMap((message) =>
      message.ok && message.value.body === 'produce' ? message.value.produce.entries.map(({ batch }) => batch) : [],
    );
  }

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
