import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeRequest } from '../../ts/wire/kafka/frames.js';
import { metadata } from '../../ts/wire/kafka/schema/03-metadata.js';
import { apiVersions } from '../../ts/wire/kafka/schema/18-api-versions.js';
import { connected, KafkaSocket } from '../kafka/socket.js';
import { removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, type RunningNode } from '../node/process.mjs';
import { createTopic, kcat, newNode, spawnKcat } from './kafka-clients.js';

// What is not Kafka's protocol ends its connection, the log says why, and a client beside it notices nothing.

removeDirectoriesAfterwards();
afterAll(killAll);

let node: RunningNode;
let lines: AsyncIterator<string>;
let kcatErrors = '';

beforeAll(async () => {
  node = await newNode();
  await createTopic(node.gateway, 'healthy');
  const consumer = spawnKcat(node.kafka, ['-C', '-t', 'healthy', '-u', '-q']);
  consumer.stderr.on('data', (chunk) => {
    kcatErrors += chunk;
  });
  lines = createInterface({ input: consumer.stdout })[Symbol.asyncIterator]();
});

const int16 = (value: number) => Buffer.from([(value >> 8) & 0xff, value & 0xff]);
const int32 = (value: number) => Buffer.concat([int16(value >> 16), int16(value)]);

/** A frame of any key and version, with no client id. */
function frame(key: number, version: number, ...body: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat([int16(key), int16(version), int32(1), int16(-1), ...body]);
  return Buffer.concat([int32(bytes.length), bytes]);
}

const metadataRequest = Buffer.from(encodeRequest(metadata, 5, { correlationId: 1, clientId: null }, { topics: null }).bytes);

/** Behind the header, where it is flexible. */
const noTags = Buffer.of(0);

/** Of many ends that random bytes may have, one: their first four are a size that is none. */
const random = Buffer.concat([int32(-2), randomBytes(4096)]);

test.each([
  ['random bytes', random, /negative size/],
  ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'), /this is HTTP/],
  ['TLS', Buffer.from('16030100f8010000f40303', 'hex'), /this is TLS/],
  ['a frame that is larger than any may be', int32(0x7fff_fff0), /larger than any may be/],
  ['a frame of no bytes', int32(0), /bytes wanted/],
  ['an API that nobody has', frame(999, 0), /API 999 .*not served/],
  ['a version that the API does not have', frame(metadata.key, 99, noTags), /Metadata is served in versions 0 to 13, not 99/],
  ['a negative version', frame(metadata.key, -1), /Metadata is served in versions 0 to 13, not -1/],
  ['more elements than bytes', frame(metadata.key, 1, int32(0x7fff_ffff)), /Metadata request v1/],
  ['a negative count', frame(metadata.key, 1, int32(-7)), /Metadata request v1/],
  ['a text longer than its frame', frame(metadata.key, 1, int32(1), int16(0x7fff)), /Metadata request v1/],
  ['a client id of negative size', Buffer.concat([int32(10), int16(3), int16(1), int32(1), int16(-9)]), /client id of -9 bytes/],
])('%s', async (_, bytes, reason) => {
  const socket = await connected(node.kafka);
  const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.resume().write(bytes);
  await ended;
  await told(reason);
  await expectHealth();
});

test('a frame that its client cuts off', async () => {
  const socket = await connected(node.kafka);
  socket.end(metadataRequest.subarray(0, metadataRequest.length - 1));
  await told(/ended inside a request/);
  await expectHealth();
});

test('a frame in single bytes is a frame', async () => {
  const socket = await connected(node.kafka);
  const answered = new Promise<Buffer>((resolve) => socket.once('data', resolve));
  for (const byte of metadataRequest) {
    socket.write(Buffer.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect((await answered).readInt32BE(4)).toBe(1);
  socket.destroy();
  await expectHealth();
});

test('whoever asks for unknown versions of ApiVersions is told the known ones, in the oldest form', async () => {
  const socket = await connected(node.kafka);
  const answered = new Promise<Buffer>((resolve) => socket.once('data', resolve));
  socket.write(frame(apiVersions.key, 99, noTags));
  const answer = await answered;
  expect([answer.readInt32BE(4), answer.readInt16BE(8)]).toEqual([1, 35]);
  socket.destroy();
  const kafka = await KafkaSocket.open(node.kafka);
  expect(await kafka.ask(apiVersions, 3, { clientSoftwareName: 'raw', clientSoftwareVersion: '1' })).toMatchObject({
    errorCode: 0,
  });
  kafka.close();
});

/** One line that was not there before. */
async function told(reason: RegExp): Promise<void> {
  const lines = () => node.log.slice(linesRead).filter((line) => line.includes('a Kafka connection is closed'));
  await expect.poll(lines, { timeout: 30_000 }).toContainEqual(expect.stringMatching(reason));
  linesRead = node.log.length;
}

let linesRead = 0;

let count = 0;

/** A record goes through the client that was there all the time. */
async function expectHealth(): Promise<void> {
  count += 1;
  await kcat(node.kafka, ['-P', '-t', 'healthy', '-X', 'linger.ms=0'], `${count}\n`);
  expect((await lines.next()).value).toBe(String(count));
  expect(kcatErrors).toBe('');
}
