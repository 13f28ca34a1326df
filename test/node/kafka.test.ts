import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { encodeRequest } from '../../ts/wire/kafka/frames.js';
import { produce } from '../../ts/wire/kafka/schema/00-produce.js';
import { fetch } from '../../ts/wire/kafka/schema/01-fetch.js';
import { listOffsets } from '../../ts/wire/kafka/schema/02-list-offsets.js';
import { metadata } from '../../ts/wire/kafka/schema/03-metadata.js';
import { BatchPlan } from '../../ts/wire/records/build.js';
import { crc32c } from '../../ts/wire/records/crc32c.js';
import { layout } from '../../ts/wire/records/layout.js';
import { KafkaSocket } from '../kafka/socket.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { endedStart, killAll, startNode } from './process.mjs';

// The Kafka door of a real node, over sockets: what no well-behaved client would show.

removeDirectoriesAfterwards();
afterEach(killAll);

const newData = async () => join(await newDirectory(), 'data');

/** One record of this many bytes, which say their number. */
function batchOf(number: number, size: number): Uint8Array {
  const value = new Uint8Array(size).fill(number % 251);
  const plan = new BatchPlan([{ timestamp: 1_700_000_000_000 + number, key: null, value }]);
  const batch = new Uint8Array(plan.size);
  plan.write(batch, crc32c);
  return batch;
}

async function append(client: KafkaSocket, topic: string, records: Uint8Array): Promise<void> {
  const topicData = [{ name: topic, partitionData: [{ index: 0, records }] }];
  const { responses } = await client.ask(produce, 9, { acks: -1, timeoutMs: 10_000, topicData });
  expect(responses[0]?.partitionResponses[0]).toMatchObject({ errorCode: 0 });
}

function fetching(topic: string, fetchOffset: number, maxBytes: number, maxWaitMs = 0) {
  const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: maxBytes }];
  return { maxWaitMs, minBytes: 1, maxBytes, topics: [{ topic, partitions }], forgottenTopicsData: [], rackId: '' };
}

/** From byte 21 on batches are as they were sent; before that, the offset is checked. */
function checkBatches(records: Uint8Array, from: number, size: number): number {
  let next = from;
  for (let at = 0; at < records.length; next++) {
    const sent = batchOf(next, size);
    const view = new DataView(records.buffer, records.byteOffset + at);
    expect(view.getBigInt64(0)).toBe(BigInt(next));
    expect(Buffer.compare(records.subarray(at + layout.attributes, at + sent.length), sent.subarray(layout.attributes))).toBe(0);
    at += sent.length;
  }
  return next;
}

test('answers come in the order of their requests, though the first waits for records', async () => {
  const node = await startNode(await newData());
  const [client, other] = [await KafkaSocket.open(node.kafka), await KafkaSocket.open(node.kafka)];
  await append(other, 'late', batchOf(0, 100));
  const order: string[] = [];
  const waiting = client.ask(fetch, 11, fetching('late', 1, 1 << 20, 60_000)).then(({ responses }) => {
    order.push('fetch');
    return checkBatches(responses[0]?.partitions[0]?.records ?? new Uint8Array(0), 1, 100);
  });
  const known = client.ask(metadata, 5, { topics: null }).then(() => order.push('metadata'));
  await append(other, 'late', batchOf(1, 100));
  expect(await waiting).toBe(2);
  await known;
  expect(order).toEqual(['fetch', 'metadata']);
});

test('a client that reads slowly gets every byte as it was, long after its batches have left the rings, and holds up nobody', async () => {
  const node = await startNode(await newData(), ['--memory', '64MiB']);
  const [slow, quick] = [await KafkaSocket.open(node.kafka), await KafkaSocket.open(node.kafka)];
  const size = 200_000;
  let appended = 0;
  const grow = async (until: number) => {
    for (; appended < until; appended++) await append(quick, 'large', batchOf(appended, size));
  };
  await grow(20);
  slow.socket.pause();
  // Five batches each, as a quarter of the memory for fetches is what one answer gets here. Together they are more than sockets take: what is cut waits, what is not begun is looked up when there is room.
  const answers = Array.from({ length: 12 }, () => slow.ask(fetch, 11, fetching('large', 0, 8 << 20)));
  const ends = Promise.all(
    answers.map(async (answer) => checkBatches((await answer).responses[0]?.partitions[0]?.records ?? batchOf(0, 0), 0, size)),
  );
  // Rings of a node of this size are lapped by it.
  await grow(120);
  const { responses } = await quick.ask(fetch, 11, fetching('large', 119, 1 << 20));
  expect(checkBatches(responses[0]?.partitions[0]?.records ?? new Uint8Array(0), 119, size)).toBe(120);
  slow.socket.resume();
  for (const end of await ends) expect(end).toBe(5);
});

test('a name that has no room in the answer ends its connection alone, also when the answer comes later', async () => {
  const node = await startNode(await newData());
  const [hostile, other] = [await KafkaSocket.open(node.kafka), await KafkaSocket.open(node.kafka)];
  await append(other, 'there', batchOf(0, 10));
  const [name, partition] = ['x'.repeat(32_767), { partitionIndex: 0, timestamp: -1 }];
  const topics = [
    { name: 'there', partitions: [partition] },
    { name, partitions: [partition] },
  ];
  const { bytes } = encodeRequest(
    listOffsets,
    1,
    { correlationId: 1, clientId: 'test' },
    { replicaId: -1, isolationLevel: 0, topics },
  );
  // No text: each of these bytes is shown as three.
  const closed = once(hostile.socket, 'close');
  hostile.socket.write(bytes.map((byte) => (byte === 0x78 ? 0xff : byte)));
  await closed;
  // The line goes through the cluster thread.
  await expect.poll(() => node.log.join('\n'), { timeout: 10_000 }).toContain('a Kafka connection is closed');
  const { topics: told } = await other.ask(metadata, 5, { topics: [{ name: 'there' }] });
  expect(told[0]).toMatchObject({ errorCode: 0, name: 'there' });
});

test('who wants no answers is served in its turn, and cut off when a batch of its is refused', async () => {
  const node = await startNode(await newData());
  const [silent, other] = [await KafkaSocket.open(node.kafka), await KafkaSocket.open(node.kafka)];
  await append(other, 'silent', batchOf(0, 10));
  const send = (records: Uint8Array) => {
    const topicData = [{ name: 'silent', partitionData: [{ index: 0, records }] }];
    silent.socket.write(
      encodeRequest(produce, 9, { correlationId: 0, clientId: 'silent' }, { acks: 0, timeoutMs: 1000, topicData }).bytes,
    );
  };
  send(batchOf(1, 10));
  send(batchOf(2, 10));
  const { topics } = await silent.ask(metadata, 5, { topics: [{ name: 'silent' }] });
  expect(topics[0]).toMatchObject({ errorCode: 0 });
  const closed = once(silent.socket, 'close');
  send(batchOf(3, 10).fill(0, 30));
  send(batchOf(4, 10).fill(0, 30));
  await closed;
  await expect.poll(() => node.log.join('\n'), { timeout: 10_000 }).toContain('producer silent wants no answers');
  const { responses } = await other.ask(fetch, 11, fetching('silent', 0, 1 << 20));
  expect(checkBatches(responses[0]?.partitions[0]?.records ?? new Uint8Array(0), 0, 10)).toBe(3);
});

test('a node that ends answers who waits, and is gone', async () => {
  const node = await startNode(await newData());
  const client = await KafkaSocket.open(node.kafka);
  await append(client, 'quiet', batchOf(0, 10));
  const waiting = client.ask(fetch, 12, fetching('quiet', 1, 1 << 20, 300_000));
  const closed = once(client.socket, 'close');
  // Behind it on the same connection: once this is answered, the fetch has been begun.
  const other = await KafkaSocket.open(node.kafka);
  await other.ask(metadata, 1, { topics: [] });
  expect(await node.kill('SIGTERM')).toBe(0);
  expect((await waiting).responses[0]?.partitions[0]).toMatchObject({ errorCode: 0, highWatermark: 1 });
  await closed;
});

test('a Kafka port that is taken is named, with what to do', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const { code, log } = await endedStart(await newData(), ['--kafka', `127.0.0.1:${port}`]);
  server.close();
  expect(code).toBe(1);
  expect(log).toContain(`127.0.0.1:${port} is in use`);
});

test('each listener tells its own clients where to connect, and all see the same records', async () => {
  const listeners = ['--kafka', '127.0.0.1:0,127.0.0.2:0', '--kafka-advertised', 'inside.example:0,outside.example:443'];
  const node = await startNode(await newData(), listeners);
  expect(node.listeners).toHaveLength(2);
  const [inside, outside] = await Promise.all(node.listeners.map((address) => KafkaSocket.open(address)));
  if (inside === undefined || outside === undefined) throw new Error('two listeners');
  const toldTo = async (client: KafkaSocket) =>
    (await client.ask(metadata, 5, { topics: [] })).brokers.map(({ host, port }) => [host, port]);
  expect(await toldTo(inside)).toEqual([['inside.example', Number(node.kafka.split(':')[1])]]);
  expect(await toldTo(outside)).toEqual([['outside.example', 443]]);
  await append(inside, 'seen', batchOf(0, 10));
  const { responses } = await outside.ask(fetch, 11, fetching('seen', 0, 1000));
  expect(checkBatches(responses[0]?.partitions[0]?.records ?? new Uint8Array(0), 0, 10)).toBe(1);
});

test('a silent client is closed when its time is over, one that asks is not; a request above the limit ends its connection alone', async () => {
  const limits = ['--connections-max-idle-ms', '1000', '--socket-request-max-bytes', '64KiB'];
  const node = await startNode(await newData(), limits);
  const [silent, lively] = [await KafkaSocket.open(node.kafka), await KafkaSocket.open(node.kafka)];
  const closed = once(silent.socket, 'close');
  for (let count = 0; count < 50 && !silent.isClosed; count++) {
    await lively.ask(metadata, 5, { topics: [] });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await closed;
  expect(lively.isClosed).toBe(false);
  // Of one that had nothing to say nobody is told.
  expect(node.log.join('\n')).not.toContain('fell silent');
  const cut = await KafkaSocket.open(node.kafka);
  cut.socket.write(Buffer.from([0, 0, 1, 0, 0, 18]));
  await expect
    .poll(() => node.log.join('\n'), { timeout: 10_000 })
    .toMatch('it fell silent inside a request (6 of 260 bytes of it had come)');
  const topicData = [{ name: 't', partitionData: [{ index: 0, records: batchOf(0, 70_000) }] }];
  const large = await KafkaSocket.open(node.kafka);
  await expect(large.ask(produce, 9, { acks: -1, timeoutMs: 1000, topicData })).rejects.toThrow('closed');
  await expect.poll(() => node.log.join('\n')).toMatch('a request larger than any may be');
  await (await KafkaSocket.open(node.kafka)).ask(metadata, 5, { topics: [] });
});

test('no more clients are let in than may be, in all and from one address; whoever leaves makes room', async () => {
  const limits = ['--shards', '1', '--connections-max', '3', '--connections-per-address-max', '2'];
  const node = await startNode(await newData(), limits);
  const port = Number(node.kafka.split(':')[1]);
  const from = async (localAddress: string) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress }).on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  };
  const hello = encodeRequest(metadata, 5, { correlationId: 0, clientId: 'one more' }, { topics: [] }).bytes;
  /** Whoever is let in is answered. */
  const isRefused = async (localAddress: string) => {
    const socket = await from(localAddress);
    socket.write(hello);
    return new Promise<boolean>((tell) => {
      socket.once('data', () => tell(false));
      socket.once('close', () => tell(true));
    });
  };
  const first = await from('127.0.0.1');
  await from('127.0.0.1');
  expect(await isRefused('127.0.0.1')).toBe(true);
  await from('127.0.0.2');
  expect(await isRefused('127.0.0.3')).toBe(true);
  first.destroy();
  await expect.poll(() => isRefused('127.0.0.3')).toBe(false);
  await expect.poll(() => node.log.join('\n')).toMatch(/127\.0\.0\.1/);
});
