import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, startNode } from '../node/process.mjs';
import { createTopic, kcat, kcatRead } from './kafka-clients.js';
import { Framework, killFrameworks } from './kafka-frameworks.js';

// Kafka Streams: a group with an assignor of its own, topics that it makes for itself, records that it deletes when it has read them.

removeDirectoriesAfterwards();
afterAll(killFrameworks);
afterAll(killAll);

const patience = { timeout: 60_000, interval: 200 };
const values = Array.from({ length: 10 }, (_, number) => `value ${number}`);
const partitions = 4;

test('counts survive the end of the application, which has them in a topic alone, and a kill -9 of the node', async () => {
  const data = join(await newDirectory(), 'data');
  const options = ['--group-initial-rebalance-delay-ms', '0'];
  const first = await startNode(data, options);
  const kafka = first.kafka;
  for (const topic of ['values', 'counts']) await createTopic(first.gateway, topic, {}, partitions);
  const send = (times: number) => kcat(kafka, ['-P', '-t', 'values'], `${values.join('\n')}\n`.repeat(times));
  /** The last of each. */
  const counts = async () => {
    const records = await kcatRead(kafka, 'counts');
    return Object.fromEntries(records.map(({ key, payload }) => [key, Number(payload)]));
  };
  const each = (count: unknown) => Object.fromEntries(values.map((value) => [value, count]));
  const start = async () => Framework.start('CountByValue.java', kafka, await newDirectory());

  const application = await start();
  await send(100);
  await expect.poll(counts, patience).toEqual(each(100));
  const topics = JSON.parse(await kcat(kafka, ['-L', '-J'])) as { topics: { topic: string; partitions: unknown[] }[] };
  const own = topics.topics.filter(({ topic }) => topic.startsWith('counting-'));
  expect(own.map(({ topic, partitions }) => [topic, partitions.length])).toEqual([
    ['counting-by-value-repartition', partitions],
    ['counting-counts-changelog', partitions],
  ]);
  const beginning = async () => {
    const places = [0, 1, 2, 3].flatMap((partition) => ['-t', `counting-by-value-repartition:${partition}:-2`]);
    return [...(await kcat(kafka, ['-Q', ...places])).matchAll(/offset (\d+)/g)].reduce((sum, [, at]) => sum + Number(at), 0);
  };
  await expect.poll(beginning, patience).toBe(100 * values.length);
  await application.end('SIGTERM');

  const next = await start();
  await send(100);
  await expect.poll(counts, patience).toEqual(each(200));

  await first.kill('SIGKILL');
  const second = await startNode(data, [...options, '--kafka', kafka]);
  await send(100);
  // What was counted, but not committed, may be counted again.
  const reached = Object.fromEntries(values.map((value) => [value, expect.toSatisfy((count: number) => count >= 300)]));
  await expect.poll(counts, patience).toEqual(reached);
  await next.end('SIGTERM');
  await second.kill('SIGKILL');
});
