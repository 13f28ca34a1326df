import { afterEach, expect, test } from 'vitest';
import { offsetCommit } from '../../ts/wire/kafka/schema/08-offset-commit.js';
import { ask } from '../kafka/ask.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { Broker, type BrokerOptions } from './broker.mjs';
import { Consumer, newest } from './consumer.js';

removeDirectoriesAfterwards();

let broker: Broker | undefined;
afterEach(async () => {
  await broker?.close();
  broker = undefined;
});

interface Usage {
  readonly logStart: number;
  readonly highWatermark: number;
  readonly size: number;
}

function usageOf(broker: Broker): Promise<Usage> {
  const { routing } = broker.verbs();
  const { route, calls } = routing.find('__consumer_offsets', 0).value;
  return new Promise((resolve, reject) => {
    calls.call(
      (port: { describe(handle: number, done: unknown): unknown }, done: unknown) => port.describe(route.handle, done),
      (result: { ok: boolean; value: Usage }) => (result.ok ? resolve(result.value) : reject(new Error('not described'))),
    );
  });
}

const deadRecordsMax = 10_000;
const partitions = 100;
/** Each of a hundred offsets. Ten thousand of them, a million commits, leave 22,356 records and 5.3 MB, as docs/STATUS.md has it. */
const requests = 2_000;
/** Under way together. */
const width = 64;
const options: BrokerOptions = {
  options: { 'offsets.topic.num.partitions': '1', 'offsets.topic.segment.bytes': '1MiB' },
  deadRecordsMax,
};

async function commitMany(broker: Broker, requests: number, width: number): Promise<void> {
  let next = 0;
  const one = async () => {
    while (next < requests) {
      const committedOffset = next;
      next += 1;
      const rows = Array.from({ length: partitions }, (_, partitionIndex) => {
        return { partitionIndex, committedOffset, committedMetadata: null };
      });
      const request = { groupId: `g-${committedOffset % 7}`, generationIdOrMemberEpoch: -1, memberId: '' };
      const answer = await ask(broker, offsetCommit, 9, { ...request, topics: [{ name: 'orders', partitions: rows }] });
      if (answer.topics[0]?.partitions.some(({ errorCode }) => errorCode !== 0)) throw new Error(JSON.stringify(answer));
    }
  };
  await Promise.all(Array.from({ length: width }, one));
}

test('many commits leave behind what is alive, and a start reads no more than that', async () => {
  const data = await newDirectory();
  broker = await Broker.start(data, options);
  await broker.controller.createTopic({ name: 'orders', partitions, configs: {} }, false);
  await new Consumer(broker, 'g-0', newest).fetch('orders', [0]);
  await commitMany(broker, requests, width);
  const { logStart, highWatermark, size } = await usageOf(broker);
  const alive = 7 * (partitions + 1);
  expect(broker.counted('commits')).toBe(requests * partitions);
  expect(highWatermark).toBeGreaterThan(requests * partitions);
  // What is rewritten then, and what comes meanwhile: a rewrite takes some turns, each with all that is under way together.
  const readMax = 2 * alive + deadRecordsMax + 6 * width * partitions;
  expect(highWatermark - logStart).toBeLessThan(readMax);
  expect(size).toBeLessThan(8 << 20);
  expect(broker.counted('rewrites')).toBeGreaterThan((requests * partitions) / 50_000);
  await broker.close();

  broker = await Broker.start(data, options);
  const after = await usageOf(broker);
  // A rewrite that the end cut short has left a part of its copy.
  expect(after.logStart).toBeGreaterThanOrEqual(logStart);
  expect(after.highWatermark - after.logStart).toBeLessThan(readMax);
  for (let index = 0; index < 7; index++) {
    const last = requests - 1 - ((requests - 1 - index) % 7);
    const fetched = await new Consumer(broker, `g-${index}`, newest).fetch('orders', [0, partitions - 1]);
    expect(fetched).toEqual([
      [0, last, -1, '', 0],
      [partitions - 1, last, -1, '', 0],
    ]);
  }
}, 120_000);
