import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import type { Consumer } from '../../ts/sdk/core/consumer/consumer.js';
import type { ConsumerEvent } from '../../ts/sdk/core/consumer/events.js';
import type { ConsumerOptions } from '../../ts/sdk/core/consumer/options.js';
import { json, text } from '../../ts/sdk/core/serde.js';
import { BatchWriter, stampBatch } from '../../ts/wire/records/batch-writer.js';
import { crc32c } from '../../ts/wire/records/crc32c.js';
import { clientOf, systemPause, until } from './model-client.js';
import { ModelServer } from './model-server.js';

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => String(index + from));
const asText = { value: text.deserialize } as const;

type TextOptions = Omit<ConsumerOptions<Uint8Array | null, string | null>, 'value'>;

async function setUp(topics: Readonly<Record<string, number>> = { t: 1 }) {
  const server = new ModelServer();
  for (const [name, partitions] of Object.entries(topics)) server.create(name, partitions);
  const { client, observed, wake } = await clientOf(server);
  const producer = client.producer({ lingerMs: 0, batchSizeMax: 400 });
  const produce = async (values: readonly string[], topic = 't', partition = 0) => {
    for (const value of values) await producer.write({ topic, partition, value });
    await producer.flush();
  };
  const consume = (options: TextOptions) => client.consumer({ ...asText, ...options });
  return { server, client, observed, wake, produce, consume };
}

async function take(consumer: Consumer<unknown, string | null>, count: number): Promise<string[]> {
  const values: string[] = [];
  if (count === 0) return values;
  for await (const { value } of consumer) {
    values.push(value ?? 'null');
    if (values.length === count) break;
  }
  return values;
}

test('from the beginning, from the end, from an offset, from a time', async () => {
  const { client, produce, consume } = await setUp();
  const producer = client.producer();
  for (const [index, value] of numbers(5).entries())
    await producer.send({ topic: 't', partition: 0, value, timestamp: 1000 + index });
  const end = consume({ topics: ['t'] });
  await end.ready();
  await produce(['new']);
  expect(await take(consume({ topics: ['t'], from: 'beginning' }), 6)).toEqual([...numbers(5), 'new']);
  expect(await take(end, 1)).toEqual(['new']);
});

test('from an offset inside a batch, and from a time', async () => {
  const { client, produce } = await setUp();
  await produce(numbers(100));
  const other = client.consumer({ ...asText, topics: [{ topic: 't', partitions: [{ partition: 0, from: { offset: 41 } }] }] });
  expect(await take(other, 3)).toEqual(['41', '42', '43']);
  await other.close();
  const later = client.consumer({ ...asText, topics: ['t'], from: { time: Date.now() + 1e6 } });
  await later.ready();
  await produce(['later']);
  expect(await take(later, 1)).toEqual(['later']);
  expect(() => client.consumer({ topics: ['t'], from: { offset: -1 } })).toThrow('no place to begin');
});

test('records carry everything that was sent', async () => {
  const { client } = await setUp();
  await client.producer().send({ topic: 't', key: 'k', value: '{"a":1}', headers: { h: 'v', none: null }, timestamp: 77 });
  const consumer = client.consumer({ topics: ['t'], from: 'beginning', key: text.deserialize, value: json.deserialize });
  const record = await consumer[Symbol.asyncIterator]().next();
  const headers = [
    { name: 'h', value: new TextEncoder().encode('v') },
    { name: 'none', value: null },
  ];
  expect(record.value).toEqual({ topic: 't', partition: 0, offset: 0, timestamp: 77, key: 'k', value: { a: 1 }, headers });
});

test('batches are handed out whole, the first one without what was not asked for', async () => {
  const { produce, consume } = await setUp();
  await produce(numbers(100));
  const consumer = consume({ topics: [{ topic: 't', from: { offset: 10 } }] });
  const values: (string | null)[] = [];
  for await (const batch of consumer.batches()) {
    values.push(...Array.from(batch.records, ({ value }) => value));
    expect(consumer.position('t', 0)?.offset).toBe(batch.nextOffset);
    if (batch.nextOffset === 100) break;
  }
  expect(values).toEqual(numbers(90, 10));
});

test('credit holds the server back, and gives way as records are read', async () => {
  const { server, produce, consume } = await setUp();
  const many = numbers(40_000);
  await produce(many);
  const consumer = consume({ topics: ['t'], from: 'beginning', bufferSizeMax: 64 * 1024 });
  await consumer.ready();
  const size = () => server.topic('t').partitions[0]?.batches.reduce((sum, { bytes }) => sum + bytes.length, 0) ?? 0;
  expect(size()).toBeGreaterThan(5 * 64 * 1024);
  expect(await take(consumer, 40_000)).toEqual(many);
});

test('after each loss of the connection reading goes on with the very next record', async () => {
  const { server, produce, consume } = await setUp({ t: 3 });
  const consumer = consume({ topics: ['t'], from: 'beginning' });
  const byPartition: string[][] = [[], [], []];
  let count = 0;
  const reading = (async () => {
    for await (const { value, partition } of consumer) {
      byPartition[partition]?.push(value ?? '');
      if (++count % 100 === 0) server.cutAll();
      if (count === 1500) break;
    }
  })();
  await Promise.all([0, 1, 2].map((partition) => produce(numbers(500), 't', partition)));
  await reading;
  for (const values of byPartition) expect(values).toEqual(numbers(500));
});

test('a consumer at the end misses nothing while it is away', async () => {
  const { server, produce, consume } = await setUp();
  await produce(['old']);
  const consumer = consume({ topics: ['t'] });
  await consumer.ready();
  server.isUp = false;
  server.cutAll();
  server.isUp = true;
  await produce(['while away']);
  expect(await take(consumer, 1)).toEqual(['while away']);
});

test('a token goes on behind the last record that was handed out, in a consumer of its own', async () => {
  const { client, produce, consume } = await setUp({ t: 2, u: 1 });
  await produce(numbers(50), 't', 0);
  await produce(numbers(50), 'u', 0);
  const first = consume({ topics: ['t', 'u'], from: 'beginning' });
  const seen = await take(first, 33);
  const token = first.token();
  await first.close();
  const second = client.consumer({ ...asText, topics: ['t', 'u'], token });
  const rest = await take(second, 67);
  expect([...seen, ...rest].sort()).toEqual([...numbers(50), ...numbers(50)].sort());
  expect(() => consume({ topics: ['t'], token: 'x' })).toThrow('no resume token');
});

test('seek drops what waits, and goes on there', async () => {
  const { produce, consume } = await setUp();
  await produce(numbers(100));
  const consumer = consume({ topics: ['t'], from: 'beginning' });
  expect(await take(consumer, 5)).toEqual(numbers(5));
  consumer.seek('t', 0, { offset: 90 });
  expect(await take(consumer, 2)).toEqual(['90', '91']);
  consumer.seek('t', 0, 'beginning');
  expect(await take(consumer, 2)).toEqual(['0', '1']);
  expect(() => consumer.seek('other', 0, 'end')).toThrow('does not read topic other');
});

test('a paused partition waits, the others go on', async () => {
  const { produce, consume } = await setUp({ t: 2 });
  const consumer = consume({ topics: ['t'], from: 'beginning' });
  await consumer.ready();
  consumer.pause('t', [0]);
  await systemPause(20);
  await produce(['paused'], 't', 0);
  await produce(['other'], 't', 1);
  expect(await take(consumer, 1)).toEqual(['other']);
  consumer.resume('t');
  expect(await take(consumer, 1)).toEqual(['paused']);
});

test('an assignment replaces what is read', async () => {
  const { produce, consume } = await setUp({ t: 1, u: 1 });
  await produce(numbers(10), 't');
  await produce(['u'], 'u');
  const consumer = consume({ topics: ['t'], from: 'beginning' });
  expect(await take(consumer, 3)).toEqual(numbers(3));
  consumer.assign(['u'], { from: 'beginning' });
  expect(await take(consumer, 1)).toEqual(['u']);
});

test('an abort ends the loop without an error, and close too', async () => {
  const { produce, consume } = await setUp();
  await produce(numbers(3));
  const stop = new AbortController();
  const values: (string | null)[] = [];
  for await (const { value } of consume({ topics: ['t'], from: 'beginning', signal: stop.signal })) {
    values.push(value);
    if (values.length === 3) setTimeout(() => stop.abort(), 1);
  }
  expect(values).toEqual(numbers(3));
  expect(await take(consume({ topics: ['t'], signal: AbortSignal.abort() }), 1)).toEqual([]);
  // A signal may outlive many consumers.
  const { signal } = new AbortController();
  await consume({ topics: ['t'], signal }).close();
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('lost history, a cut log and a new topic are told in their place', async () => {
  const { server, produce } = await setUp();
  const { client } = await clientOf(server);
  await produce(numbers(300));
  const partition = server.topic('t').partitions[0];
  if (partition === undefined) throw new Error();
  const told: (ConsumerEvent | string)[] = [];
  const consumer = client.consumer({ ...asText, topics: ['t'], from: 'beginning', onEvent: (event) => told.push(event) });
  await take(consumer, 300);

  server.isUp = false;
  server.cutAll();
  partition.truncate(partition.batches[1]?.next ?? 0);
  const cutAt = partition.end;
  server.isUp = true;
  await produce(['after the cut']);
  expect(await take(consumer, 1)).toEqual(['after the cut']);
  expect(told).toEqual([{ type: 'truncated', topic: 't', partition: 0, wantedOffset: 300, offset: cutAt }]);

  server.isUp = false;
  server.cutAll();
  produceDirectly(server);
  partition.trim(partition.end - 1);
  server.isUp = true;
  expect(await take(consumer, 1)).toEqual(['direct 9']);
  expect(told.at(-1)).toMatchObject({ type: 'history-lost', wantedOffset: cutAt + 1 });

  server.replace('t', 1);
  await produce(['of the new one']);
  expect(await take(consumer, 1)).toEqual(['of the new one']);
  expect(told.at(-1)).toMatchObject({ type: 'topic-recreated', offset: 0, topicId: server.topic('t').topicId });

  server.replace('t');
  expect(await take(consumer, 1)).toEqual([]);
  expect(told.at(-1)).toMatchObject({ type: 'topic-deleted' });
});

/** Ten batches of one record each, past the client under test. */
function produceDirectly(server: ModelServer): void {
  for (let index = 0; index < 10; index++) {
    const writer = new BatchWriter();
    writer.append(1, null, new TextEncoder().encode(`direct ${index}`));
    const batch = writer.finish();
    stampBatch(batch, crc32c);
    server.topic('t').partitions[0]?.append(batch);
  }
}

test('partitions that a topic gets later are read from their beginning, also when they came while away', async () => {
  const { server, produce, consume } = await setUp();
  const consumer = consume({ topics: ['t'] });
  await consumer.ready();
  server.grow('t', 2);
  await produce(['second'], 't', 1);
  expect(await take(consumer, 1)).toEqual(['second']);
  server.isUp = false;
  server.cutAll();
  server.grow('t', 3);
  server.isUp = true;
  await produce(['third'], 't', 2);
  expect(await take(consumer, 1)).toEqual(['third']);
});

test('a damaged batch is an error, and what follows can still be read', async () => {
  const { server, produce, consume } = await setUp();
  await produce(['good']);
  await produce(['bad']);
  await produce(['good again']);
  const bytes = server.topic('t').partitions[0]?.batches[1]?.bytes;
  bytes?.set([0x7a], bytes.length - 2);
  const consumer = consume({ topics: ['t'], from: 'beginning' });
  await expect(take(consumer, 2)).rejects.toMatchObject({
    code: 'corrupt-data',
    message: expect.stringContaining('t-0 at offset 1'),
  });
  expect(await take(consumer, 1)).toEqual(['good again']);
});

test('a value that its deserializer refuses is an error of that kind', async () => {
  const { client, produce } = await setUp();
  await produce(['not json']);
  const consumer = client.consumer({ topics: ['t'], from: 'beginning', value: json.deserialize });
  await expect(consumer[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'corrupt-data' });
});

test('only the record that a deserializer refuses is lost to it', async () => {
  const { client, produce } = await setUp();
  await produce(['1', 'x', '3']);
  const consumer = client.consumer({ topics: ['t'], from: 'beginning', value: json.deserialize });
  const records = consumer[Symbol.asyncIterator]();
  expect((await records.next()).value).toMatchObject({ value: 1 });
  await expect(records.next()).rejects.toMatchObject({ code: 'corrupt-data' });
  expect((await records.next()).value).toMatchObject({ value: 3, offset: 2 });
});

test('a loop over batches goes on where a loop over records stopped', async () => {
  const { client, produce } = await setUp();
  await produce(numbers(100));
  const consumer = client.consumer({ ...asText, topics: ['t'], from: 'beginning' });
  expect(await take(consumer, 7)).toEqual(numbers(7));
  const values: (string | null)[] = [];
  for await (const { records } of consumer.batches()) {
    values.push(...Array.from(records, ({ value }) => value));
    if (values.length === 93) break;
  }
  expect(values).toEqual(numbers(93, 7));
});

test('a batch with a malformed record is left behind by every kind of loop', async () => {
  const { server, client } = await setUp();
  server.topic('t').partitions[0]?.append(malformedBehind(['0', '1', '2'], 2));
  await client.producer().send({ topic: 't', partition: 0, value: 'next' });
  const consumer = client.consumer({ ...asText, topics: ['t'], from: 'beginning' });
  expect(await take(consumer, 2)).toEqual(['0', '1']);
  const batches = consumer.batches();
  await expect(batches.next()).rejects.toMatchObject({ code: 'corrupt-data' });
  for await (const { records } of batches) {
    expect(Array.from(records, ({ value }) => value)).toEqual(['next']);
    break;
  }
});

/** A batch whose checksum is right, although the size of one record is not. */
function malformedBehind(values: readonly string[], index: number): Uint8Array {
  const writer = new BatchWriter();
  for (const value of values) writer.append(1, null, new TextEncoder().encode(value));
  const batch = writer.finish();
  // Equal records: each of them has so many bytes.
  const recordSize = (batch.length - 61) / values.length;
  batch[61 + index * recordSize] = 0x7e;
  stampBatch(batch, crc32c);
  return batch;
}

test('a topic that comes late is waited for, two consumers share a connection', async () => {
  const { server, produce, consume } = await setUp();
  const consumer = consume({ topics: ['late'], from: 'beginning' });
  const other = consume({ topics: ['t'], from: 'beginning' });
  await systemPause(5);
  server.create('late', 1);
  await produce(['x'], 'late');
  await produce(['y'], 't');
  expect([await take(consumer, 1), await take(other, 1)]).toEqual([['x'], ['y']]);
});

test('consumers of one client may read the same topic, each at its own pace', async () => {
  const { server, client, produce, consume } = await setUp({ t: 1, u: 1 });
  await produce(numbers(100));
  await produce(numbers(10), 'u');
  const first = consume({ topics: ['t'], from: 'beginning' });
  const second = consume({ topics: ['t', 'u'], from: 'beginning' });
  const third = consume({ topics: ['u'], from: 'beginning' });
  expect(await take(first, 30)).toEqual(numbers(30));
  expect((await take(second, 110)).sort()).toEqual([...numbers(100), ...numbers(10)].sort());
  expect(await take(third, 10)).toEqual(numbers(10));
  expect(server.connectionsCount).toBe(2);
  server.cutAll();
  await produce(['after']);
  expect(await take(first, 71)).toEqual([...numbers(70, 30), 'after']);
  expect(await take(second, 1)).toEqual(['after']);
  await second.close();
  await until(() => server.connectionsCount === 1);
  expect(await take(consume({ topics: [{ topic: 't', from: { offset: 99 } }] }), 1)).toEqual(['99']);
  await client.close();
  await until(() => server.connectionsCount === 0);
});

test('an assignment goes where its topics are not read by others, and back', async () => {
  const { server, produce, consume } = await setUp({ t: 1, u: 1 });
  await produce(numbers(3), 't');
  await produce(numbers(3), 'u');
  const other = consume({ topics: ['u'], from: 'beginning' });
  const moving = consume({ topics: ['t'], from: 'beginning' });
  expect(await take(moving, 1)).toEqual(['0']);
  moving.assign(['u'], { from: 'beginning' });
  expect(await take(moving, 3)).toEqual(numbers(3));
  expect(await take(other, 3)).toEqual(numbers(3));
  expect(server.connectionsCount).toBe(2);
  moving.assign(['t'], { from: 'beginning' });
  expect(await take(moving, 3)).toEqual(numbers(3));
  await until(() => server.connectionsCount === 1);
  // Its own topics are no obstacle.
  moving.assign(['t'], { from: 'beginning' });
  expect(await take(moving, 3)).toEqual(numbers(3));
  expect(server.connectionsCount).toBe(1);
});

test('more consumers of one topic than a client has connections for are refused with what to do', async () => {
  const { consume } = await setUp();
  const consumers = Array.from({ length: 64 }, () => consume({ topics: ['t'] }));
  expect(() => consume({ topics: ['t'] })).toThrow('close consumers that are not needed');
  await Promise.all(consumers.map((consumer) => consumer.close()));
  expect(() => consume({ topics: ['t'] })).not.toThrow();
});

test('another cluster at the same address ends everything', async () => {
  const { server, client, consume } = await setUp();
  const consumer = consume({ topics: ['t'] });
  await consumer.ready();
  const reading = take(consumer, 1);
  server.clusterId = 'another';
  server.cutAll();
  await expect(reading).rejects.toMatchObject({ code: 'cluster-changed' });
  await expect(client.admin.ping()).rejects.toMatchObject({ code: 'cluster-changed' });
});

test('a network that is back is tried at once', async () => {
  const { server, client, wake } = await setUp();
  server.isUp = false;
  server.cutAll();
  await until(() => !client.isConnected);
  server.isUp = true;
  wake();
  await until(() => client.isConnected);
});
