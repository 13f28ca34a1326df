import { expect, test } from 'vitest';
import type { ConsumerEvent } from '../../ts/sdk/core/consumer/events.js';
import type { Fetched } from '../../ts/sdk/core/consumer/fetch.js';
import type { Position } from '../../ts/sdk/core/consumer/positions.js';
import { json, text } from '../../ts/sdk/core/serde.js';
import type { CompressionName } from '../../ts/wire/records/header.js';
import { clientOf } from './model-client.js';
import { ModelServer } from './model-server.js';

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => String(index + from));
const asText = { topic: 't', partition: 0, value: text.deserialize } as const;

async function setUp(count: number, compression: CompressionName = 'none') {
  const server = new ModelServer();
  server.create('t', 1);
  const { client } = await clientOf(server);
  const producer = client.producer({ lingerMs: 0, batchSizeMax: 400, compression });
  for (const value of numbers(count)) await producer.write({ topic: 't', partition: 0, value });
  await producer.flush();
  const [partition] = server.topic('t').partitions;
  if (partition === undefined) throw new Error();
  return { server, client, producer, partition };
}

async function all(records: AsyncIterable<{ readonly value: string | null }>): Promise<(string | null)[]> {
  const values: (string | null)[] = [];
  for await (const { value } of records) values.push(value);
  return values;
}

for (const compression of ['none', 'gzip'] as const) {
  test(`a fetch begins where it was asked to, within a batch too, and says where the next one begins: ${compression}`, async () => {
    const { client } = await setUp(100, compression);
    const values: (string | null)[] = [];
    let fetches = 0;
    for (let at: number | Position = 37; ; fetches++) {
      const fetched: Fetched<unknown, string | null> = await client.fetch({ ...asText, at, sizeMax: 500 });
      const got = Array.from(fetched.records, ({ value }) => value);
      expect([...fetched.records].length).toBe(got.length);
      expect(fetched).toMatchObject({ logStartOffset: 0, highWatermark: 100, event: undefined });
      values.push(...got);
      at = fetched.next;
      if (got.length === 0) break;
    }
    expect(values).toEqual(numbers(63, 37));
    expect(fetches).toBeGreaterThan(1);
  });
}

test('what a fetch cannot mean is refused, what the log does not hold is told', async () => {
  const { server, client, partition } = await setUp(50);
  await expect(client.fetch({ ...asText, at: -1 })).rejects.toMatchObject({ code: 'invalid-argument' });
  await expect(client.fetch({ ...asText, at: 0, sizeMax: 0 })).rejects.toMatchObject({ code: 'invalid-argument' });
  await expect(client.fetch({ ...asText, at: 99 })).rejects.toMatchObject({ code: 'offset-out-of-range' });
  await expect(client.fetch({ ...asText, topic: 'no', at: 0 })).rejects.toMatchObject({
    code: 'unknown-topic',
    isRetriable: false,
  });

  const end = (await client.fetch({ ...asText, at: 0 })).next;
  partition.trim(20);
  const lost = await client.fetch({ ...asText, at: 3 });
  expect(lost).toMatchObject({ event: { type: 'history-lost', wantedOffset: 3 }, next: { offset: partition.logStart } });
  partition.truncate(partition.batches.at(-1)?.base ?? 0);
  const cutAt = partition.end;
  expect((await client.fetch({ ...asText, at: end })).event).toMatchObject({
    type: 'truncated',
    wantedOffset: 50,
    offset: cutAt,
  });
  server.replace('t', 1);
  const { topicId } = server.topic('t');
  const recreated = await client.fetch({ ...asText, at: end });
  expect(recreated).toMatchObject({ event: { type: 'topic-recreated', topicId }, next: { topicId, offset: 0 } });
  expect([...recreated.records]).toEqual([]);
});

test('a fetch is asked again over a new connection, and given up when its caller is no longer interested', async () => {
  const { server, client } = await setUp(3);
  let messages = 0;
  server.breaksAfter = () => ++messages === 1;
  expect(Array.from((await client.fetch({ ...asText, at: 0 })).records, ({ value }) => value)).toEqual(numbers(3));
  server.isUp = false;
  server.cutAll();
  const stop = new AbortController();
  const waiting = client.fetch({ ...asText, at: 0, signal: stop.signal });
  stop.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  await expect(client.fetch({ ...asText, at: 0, signal: stop.signal })).rejects.toThrow('enough');
});

test('a damaged batch costs nothing of those before it', async () => {
  const { client, partition, producer } = await setUp(1);
  await producer.send({ topic: 't', partition: 0, value: 'bad' });
  const bytes = partition.batches[1]?.bytes;
  bytes?.set([0x7a], bytes.length - 2);
  const { records, next } = await client.fetch({ ...asText, at: 0 });
  expect([Array.from(records, ({ value }) => value), next.offset]).toEqual([['0'], 1]);
  await expect(client.fetch({ ...asText, at: next })).rejects.toMatchObject({ code: 'corrupt-data' });
});

test('a range is read to the end that it had, to a given offset, from a time', async () => {
  const { server, client, producer, partition } = await setUp(100);
  const values: (string | null)[] = [];
  for await (const { value } of client.read({ ...asText, sizeMax: 500 })) {
    // What comes meanwhile is no part of it.
    if (values.length === 0) await producer.send({ topic: 't', partition: 0, value: 'later' });
    values.push(value);
  }
  expect(values).toEqual(numbers(100));
  expect(await all(client.read({ ...asText, from: { offset: 41 }, until: 44 }))).toEqual(['41', '42', '43']);
  expect(await all(client.read({ ...asText, from: { offset: 99 }, until: 5000 }))).toEqual(['99', 'later']);
  expect(await all(client.read({ ...asText, from: 'end' }))).toEqual([]);
  expect(await all(client.read({ ...asText, from: { offset: 7 }, until: 7 }))).toEqual([]);

  const events: ConsumerEvent[] = [];
  const onEvent = (event: ConsumerEvent) => events.push(event);
  partition.trim(90);
  const kept = await all(client.read({ ...asText, from: { offset: 0 }, until: 95, onEvent }));
  expect(kept).toEqual(numbers(95 - partition.logStart, partition.logStart));
  expect(events).toMatchObject([{ type: 'history-lost', wantedOffset: 0, offset: partition.logStart }]);

  const position = (await client.fetch({ ...asText, at: 95 })).next;
  server.replace('t', 1);
  await expect(all(client.read({ ...asText, from: position, until: 5000 }))).rejects.toMatchObject({ code: 'stale-topic-id' });
});

test('an abort ends a range without an error; a deserializer that refuses is an error', async () => {
  const { client } = await setUp(10);
  const stop = new AbortController();
  const values: (string | null)[] = [];
  for await (const { value } of client.read({ ...asText, signal: stop.signal })) {
    values.push(value);
    if (values.length === 3) stop.abort();
  }
  expect(values).toEqual(numbers(3));
  await client.producer().send({ topic: 't', partition: 0, value: '{' });
  const reading = client.read({ topic: 't', partition: 0, from: { offset: 10 }, value: json.deserialize });
  await expect(reading.next()).rejects.toMatchObject({ code: 'corrupt-data' });
});
