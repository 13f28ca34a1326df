import { afterEach, expect, test } from 'vitest';
import { encodeRequest } from '../../ts/wire/kafka/frames.js';
import { metadata } from '../../ts/wire/kafka/schema/03-metadata.js';
import { KafkaSocket } from '../kafka/socket.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, startNode } from './process.mjs';

removeDirectoriesAfterwards();
afterEach(killAll);

const MiB = 2 ** 20;

/** Each answer repeats all that it names, and does so at greater length. */
function longRequest(number: number): Uint8Array {
  const names = Array.from({ length: 4000 }, (_, index) => ({ name: `no-such-topic-${index}-${'x'.repeat(200)}` }));
  const request = { topics: names, allowAutoTopicCreation: false };
  return encodeRequest(metadata, 9, { correlationId: number, clientId: 'flood' }, request).bytes;
}

test('whoever asks much and reads nothing takes a bounded share of memory, gives way, and holds up nobody for long', async () => {
  const node = await startNode(await newDirectory(), ['--memory', '64MiB']);
  const metric = async (series: string) => {
    const lines = (await (await fetch(`${node.url}/metrics`)).text()).split('\n');
    const line = lines.find((line) => line.startsWith(`millrace_gateway_kafka_${series}`)) ?? '';
    return Number(line.slice(line.lastIndexOf(' ')));
  };
  const calm = await KafkaSocket.open(node.kafka);
  const frame = longRequest(1);
  const greedy = await Promise.all(Array.from({ length: 6 }, () => KafkaSocket.open(node.kafka)));
  for (const { socket } of greedy) {
    socket.pause();
    for (let count = 0; count < 30; count++) socket.write(frame);
  }
  // 4 MiB of its memory, and what one request that began just below that comes to.
  const most = 4 * MiB + 4 * MiB;
  let fullest = 0;
  const hasEnded = async () => (await metric('connections_closed_total{gateway="0",reason="asked"}')) > 0;
  for (let looks = 0; looks < 300 && !(await hasEnded()); looks++) {
    fullest = Math.max(fullest, await metric('burden_bytes'));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(await hasEnded()).toBe(true);
  expect(fullest).toBeGreaterThanOrEqual(2 * MiB);
  expect(fullest).toBeLessThan(most);
  const small = { topics: [{ name: 'one' }], allowAutoTopicCreation: false };
  for (let count = 0; count < 5; count++) expect((await calm.ask(metadata, 9, small)).topics).toHaveLength(1);
  for (const client of greedy) client.close();
  expect((await calm.ask(metadata, 9, small)).topics).toHaveLength(1);
  expect(await metric('burden_bytes')).toBeLessThan(MiB);
});

test('what a connection may not have at once it gets when it reads', async () => {
  const node = await startNode(await newDirectory(), ['--memory', '64MiB']);
  const client = await KafkaSocket.open(node.kafka);
  client.socket.pause();
  const names = Array.from({ length: 3000 }, (_, index) => ({ name: `no-such-topic-${index}-${'x'.repeat(200)}` }));
  const answers = Array.from({ length: 20 }, () => client.ask(metadata, 9, { topics: names, allowAutoTopicCreation: false }));
  await new Promise((resolve) => setTimeout(resolve, 300));
  client.socket.resume();
  for (const { topics } of await Promise.all(answers)) expect(topics).toHaveLength(3000);
});
