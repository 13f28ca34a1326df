import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { offsetFetch } from '../../../ts/wire/kafka/schema/09-offset-fetch.js';
import { Broker } from '../../groups/broker.mjs';
import { whenLoaded } from '../../groups/consumer.js';
import { ask } from '../../kafka/ask.js';
import { newDirectory, removeDirectoriesAfterwards } from '../../log/directory.js';

removeDirectoriesAfterwards();

const committing = fileURLToPath(new URL('workers/committing.mjs', import.meta.url));

/** So short that a rewrite of the log is under way at nearly any moment. */
const deadRecordsMax = 300;

/** The last offset that was acknowledged, by writer and partition. */
type Acked = Map<string, number>;

/** One life of a broker: it is killed as soon as it has acknowledged so many commits. */
async function live(data: string, first: number, commits: number, acked: Acked): Promise<void> {
  const child = spawn(process.execPath, [committing, data, String(first), String(deadRecordsMax)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let lines: string[] = [];
  let rest = '';
  child.stdout.setEncoding('latin1').on('data', (text) => {
    const [...whole] = (rest + text).split('\n');
    rest = whole.pop() ?? '';
    lines = lines.concat(whole);
    if (lines.length >= commits) child.kill('SIGKILL');
  });
  const [code] = await once(child, 'close');
  expect(code).toBe(null);
  for (const line of lines) {
    const [writer, partition, offset] = line.split(' ');
    acked.set(`${writer} ${partition}`, Number(offset));
  }
}

async function found(broker: Broker, groupId: string): Promise<ReadonlyMap<number, number>> {
  const answered = await whenLoaded(
    () => ask(broker, offsetFetch, 2, { groupId, topics: null }),
    ({ errorCode }) => errorCode,
  );
  expect(answered.errorCode).toBe(0);
  const partitions = answered.topics.flatMap((topic) => topic.partitions);
  return new Map(partitions.map(({ partitionIndex, committedOffset }) => [partitionIndex, committedOffset]));
}

test('a broker killed while it commits and rewrites its log forgets no offset that it acknowledged, and knows none newer than was sent', async () => {
  const data = join(await newDirectory(), 'data');
  const acked: Acked = new Map();
  for (const [round, commits] of [500, 1500, 700, 1100].entries()) {
    const first = round * 1_000_000;
    await live(data, first, commits, acked);
    const broker = await Broker.start(data, { options: { journal: '2MiB' }, deadRecordsMax });
    for (let writer = 0; writer < 8; writer++) {
      const offsets = await found(broker, `writer-${writer}`);
      for (let partition = 0; partition < 4; partition++) {
        const key = `${writer} ${partition}`;
        const last = acked.get(key) ?? -1;
        const known = offsets.get(partition) ?? -1;
        // The next one was under way: it may be there. In a life that had acknowledged nothing of it, it was the life's first.
        expect([last, last < first ? first : last + 1], key).toContain(known);
        acked.set(key, known);
      }
    }
    const quiet = await Promise.all(Array.from({ length: 50 }, (_, index) => found(broker, `quiet-${index}`)));
    expect(quiet.map((offsets) => offsets.get(0))).toEqual(Array.from({ length: 50 }, () => 7));
    expect(broker.problems).toEqual([]);
    await broker.close();
  }
}, 60_000);
