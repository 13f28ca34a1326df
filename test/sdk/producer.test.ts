import { expect, test } from 'vitest';
import { json } from '../../ts/sdk/core/serde.js';
import { decodeClientMessage, decodeServerMessage } from '../../ts/wire/proto/messages.js';
import { clientOf, systemPause, until } from './model-client.js';
import { ModelServer } from './model-server.js';

const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index));

test('a record is acknowledged with its place and its guarantee', async () => {
  const { client } = await clientOf(new ModelServer());
  const producer = client.producer();
  const delivery = await producer.send({ topic: 't', partition: 1, key: 'k', value: 'v', timestamp: 5, headers: { a: 'b' } });
  expect(delivery).toEqual({ topic: 't', partition: 1, offset: 0, timestamp: 5, durability: 'fsync', isDuplicate: false });
  const second = await producer.send({ topic: 't', partition: 1, value: null });
  expect(second.offset).toBe(1);
});

test('many records share few requests and keep their order', async () => {
  const server = new ModelServer();
  const { client, observed } = await clientOf(server);
  const producer = client.producer({ lingerMs: 1 });
  const deliveries = await Promise.all(numbers(2000).map((value) => producer.send({ topic: 't', partition: 0, value })));
  expect(server.values('t', 0)).toEqual(numbers(2000));
  expect(deliveries.map(({ offset }) => offset)).toEqual(numbers(2000).map(Number));
  expect(observed.filter(([name]) => name === 'producer.batch').length).toBeLessThan(20);
});

test('a record alone does not wait for company', async () => {
  const { client } = await clientOf(new ModelServer());
  const producer = client.producer({ lingerMs: 60_000 });
  for (const value of numbers(20)) await producer.send({ topic: 't', partition: 0, value });
});

test('keys choose their partition as Kafka does, records without key fill one batch after the other', async () => {
  const server = new ModelServer();
  const { client } = await clientOf(server);
  const producer = client.producer({ batchSizeMax: 1024 });
  for (const value of numbers(1000)) producer.write({ topic: 'sticky', value });
  await producer.flush();
  expect([0, 1, 2].map((partition) => server.values('sticky', partition).length).every((count) => count > 100)).toBe(true);
  const [one, two] = await Promise.all([
    producer.send({ topic: 't', key: 'a' }),
    producer.send({ topic: 't', key: 'a', value: 'x' }),
  ]);
  expect(one.partition).toBe(two.partition);
  const custom = client.producer({ partitioner: (_record, count) => count - 1 });
  expect((await custom.send({ topic: 't', key: 'a' })).partition).toBe(2);
});

for (const compression of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
  test(`${compression} batches are sent in order`, async () => {
    const server = new ModelServer();
    const { client } = await clientOf(server);
    const producer = client.producer({ compression, batchSizeMax: 512 });
    for (const value of numbers(500)) producer.write({ topic: 't', partition: 0, value });
    await producer.flush();
    const consumer = client.consumer({ topics: ['t'], from: 'beginning' });
    const values: string[] = [];
    for await (const { value } of consumer) {
      values.push(new TextDecoder().decode(value ?? undefined));
      if (values.length === 500) break;
    }
    expect(values).toEqual(numbers(500));
  });
}

test('serializers turn values into bytes', async () => {
  const server = new ModelServer();
  const { client } = await clientOf(server);
  const producer = client.producer({ value: json.serialize });
  await producer.send({ topic: 't', partition: 0, value: { a: [1] } });
  expect(server.values('t', 0)).toEqual(['{"a":[1]}']);
});

test('a full buffer makes the writer wait, and bounds what waits', async () => {
  const server = new ModelServer();
  const { client } = await clientOf(server);
  const producer = client.producer({ bufferSizeMax: 4096, batchSizeMax: 512 });
  let most = 0;
  for (const value of numbers(3000)) {
    const room = producer.write({ topic: 't', partition: 0, value });
    most = Math.max(most, producer.bufferSize);
    if (room !== undefined) await room;
  }
  await producer.flush();
  expect(server.values('t', 0)).toEqual(numbers(3000));
  expect(most).toBeLessThan(4096 + 600);
  server.isUp = false;
  server.cutAll();
  const waits = numbers(10_500).map((value) => producer.send({ topic: 't', partition: 0, value }).catch((error) => error.code));
  await expect(Promise.any(waits.slice(-300))).resolves.toBe('buffer-full');
  server.isUp = true;
  await Promise.all(waits);
});

test('what cannot be sent is refused with a reason', async () => {
  const server = new ModelServer();
  server.isAutoCreating = false;
  server.create('t');
  const { client } = await clientOf(server);
  const producer = client.producer({ deliveryTimeoutMs: 300 });
  await expect(producer.send({ topic: 'none', value: 'x' })).rejects.toMatchObject({ code: 'unknown-topic', isRetriable: true });
  await expect(producer.send({ topic: 't', partition: 9, value: 'x' })).rejects.toMatchObject({ code: 'invalid-argument' });
  await expect(producer.send({ topic: 't', value: 5 as never })).rejects.toMatchObject({ code: 'invalid-argument' });
  await expect(producer.send({ topic: 't', value: 'x'.repeat(300_000) })).rejects.toMatchObject({ code: 'batch-too-large' });
  await producer.close();
  await expect(producer.send({ topic: 't', value: 'x' })).rejects.toMatchObject({ code: 'closed' });
  expect(() => client.producer({ lingerMs: -1 })).toThrow('lingerMs is -1');
});

test('a failure for good fails its own batch, and the rest goes on', async () => {
  const server = new ModelServer();
  const { client } = await clientOf(server);
  const failures: unknown[] = [];
  const producer = client.producer({ batchSizeMax: 256, onFailure: ({ error }) => failures.push(error.code) });
  let entries = 0;
  server.fault = () => (++entries === 3 ? { error: 'invalid-timestamp', isStored: false } : undefined);
  for (const value of numbers(400)) producer.write({ topic: 't', partition: 0, value });
  await expect(producer.flush()).rejects.toMatchObject({ code: 'invalid-timestamp' });
  const stored = server.values('t', 0).map(Number);
  expect(failures).toEqual(['invalid-timestamp']);
  expect(stored).toEqual([...stored].sort((a, b) => a - b));
  expect(stored.length).toBeGreaterThan(300);
});

test('a producer outlives restarts, refusals and lost answers: nothing lost, doubled or reordered', async () => {
  const server = new ModelServer();
  const { client } = await clientOf(server);
  let seed = 7;
  const chance = () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return seed / 2 ** 32;
  };
  server.breaksBefore = () => chance() < 0.02;
  server.breaksAfter = () => chance() < 0.02;
  server.fault = () => {
    const roll = chance();
    if (roll < 0.05) return { error: 'overloaded', isStored: false };
    return roll < 0.1 ? { error: 'timed-out', isStored: roll < 0.075 } : undefined;
  };
  const producer = client.producer({ batchSizeMax: 300, lingerMs: 0 });
  const sent = numbers(3000).map(async (value, index) => {
    const delivery = await producer.send({ topic: 't', partition: index % 3, value });
    return [value, delivery.partition, delivery.offset] as const;
  });
  const deliveries = await Promise.all(sent);
  for (const partition of [0, 1, 2]) {
    const stored = server.values('t', partition);
    expect(stored).toEqual(numbers(3000).filter((_, index) => index % 3 === partition));
    for (const [value, where, offset] of deliveries) if (where === partition) expect(stored[offset ?? -1]).toBe(value);
  }
});

test('without a connection records wait, and are given up at their deadline', async () => {
  const server = new ModelServer();
  const { client } = await clientOf(server);
  const producer = client.producer({ deliveryTimeoutMs: 200 });
  await producer.send({ topic: 't', partition: 0, value: '0' });
  server.isUp = false;
  server.cutAll();
  await until(() => !client.isConnected);
  await expect(producer.send({ topic: 't', partition: 0, value: '1' })).rejects.toMatchObject({ code: 'timed-out' });
  server.isUp = true;
  const { offset } = await producer.send({ topic: 't', partition: 0, value: '2' });
  expect([offset, server.values('t', 0)]).toEqual([1, ['0', '2']]);
});

test('an announced restart loses nothing, and the client comes back when it was told to', async () => {
  const server = new ModelServer();
  const { client } = await clientOf(server);
  const producer = client.producer({ isIdempotent: false });
  const sent = numbers(50).map((value) => producer.send({ topic: 't', partition: 0, value }));
  await systemPause(1);
  server.goodbye(5);
  await Promise.all(sent);
  await until(() => !client.isConnected || server.values('t', 0).length === 50);
  await producer.send({ topic: 't', partition: 0, value: 'last' });
  expect(server.values('t', 0)).toEqual([...numbers(50), 'last']);
});

test('acks none promises nothing and asks for no identity', async () => {
  const server = new ModelServer();
  const { client } = await clientOf(server);
  const producer = client.producer({ acks: 'none' });
  const delivery = await producer.send({ topic: 't', partition: 0, value: 'x' });
  expect(delivery.offset).toBeUndefined();
  expect(() => client.producer({ acks: 'none', isIdempotent: true })).toThrow('acks is none');
});

test('what is abandoned fails at once', async () => {
  const server = new ModelServer();
  const { client } = await clientOf(server);
  const producer = client.producer();
  await producer.send({ topic: 't', partition: 0, value: '0' });
  server.isUp = false;
  server.cutAll();
  await until(() => !client.isConnected);
  const waiting = producer.send({ topic: 't', partition: 0, value: '1' }).catch((error) => error.code);
  await client.abandon();
  expect(await waiting).toBe('closed');
});

test('closing without a connection waits a moment for one, then what is left fails', async () => {
  const server = new ModelServer();
  const { client } = await clientOf(server, { closeWaitMs: 20 });
  const producer = client.producer();
  await producer.send({ topic: 't', value: 'there' });
  server.isUp = false;
  server.cutAll();
  await until(() => !client.isConnected);
  const left = producer.send({ topic: 't', value: 'left' }).catch((error: unknown) => error);
  await expect(client.close()).rejects.toMatchObject({ code: 'connection-failed', advice: expect.stringContaining('anew') });
  expect(await left).toMatchObject({ code: 'connection-failed' });
});

test('closing while the connection is away for a moment sends what is left', async () => {
  const server = new ModelServer();
  const { client } = await clientOf(server);
  const producer = client.producer();
  await producer.send({ topic: 't', partition: 0, value: 'there' });
  server.isUp = false;
  server.cutAll();
  await until(() => !client.isConnected);
  producer.write({ topic: 't', partition: 0, value: 'left' });
  const closing = client.close();
  server.isUp = true;
  await closing;
  expect(server.values('t', 0)).toEqual(['there', 'left']);
});

test('times that no timer can keep are refused', async () => {
  const { client } = await clientOf(new ModelServer());
  for (const options of [{ deliveryTimeoutMs: 2 ** 31 }, { requestTimeoutMs: 2 ** 30 + 1 }, { lingerMs: -1 }]) {
    expect(() => client.producer(options)).toThrow('it lies between');
  }
  await expect(clientOf(new ModelServer(), { requestTimeoutMs: 2 ** 31 })).rejects.toThrow('it lies between');
});

test('partitions that were added since are found when they are asked for', async () => {
  const server = new ModelServer();
  const { client } = await clientOf(server);
  const producer = client.producer();
  await producer.send({ topic: 't', partition: 0, value: 'x' });
  server.grow('t', 7);
  expect((await producer.send({ topic: 't', partition: 6, value: 'y' })).partition).toBe(6);
});

test('many partitions take turns', async () => {
  const server = new ModelServer();
  server.create('many', 500);
  const { client } = await clientOf(server);
  const producer = client.producer({ batchSizeMax: 256 });
  for (let round = 0; round < 20; round++) {
    for (let partition = 0; partition < 500; partition++) await producer.write({ topic: 'many', partition, value: `${round}` });
  }
  await producer.flush();
  for (const partition of [0, 250, 499]) expect(server.values('many', partition)).toEqual(numbers(20));
});

test('requests stay within what the server takes in one message', async () => {
  const server = new ModelServer();
  server.create('t', 8);
  const { client } = await clientOf(server);
  let largest = 0;
  server.onMessage = (size) => {
    largest = Math.max(largest, size);
  };
  const producer = client.producer({ batchSizeMax: 200 * 1024 });
  const value = 'x'.repeat(150_000);
  await Promise.all(numbers(64).map((number) => producer.send({ topic: 't', partition: Number(number) % 8, value })));
  expect(largest).toBeGreaterThan(300_000);
  expect(largest).toBeLessThanOrEqual(1 << 20);
});

test('what is under way stays below what the server takes', async () => {
  const server = new ModelServer();
  server.partitionsDefault = 40;
  const underWay = new Map<number, number>();
  let most = 0;
  const watched = Object.assign(Object.create(server) as ModelServer, {
    dial: (...[url, events]: Parameters<ModelServer['dial']>) => {
      const onMessage = (bytes: Uint8Array) => {
        const decoded = decodeServerMessage(bytes);
        if (decoded.ok) underWay.delete(decoded.value.requestId);
        events.onMessage(bytes);
      };
      const transport = server.dial(url, Object.assign(Object.create(events) as typeof events, { onMessage }));
      const send = (bytes: Uint8Array) => {
        const decoded = decodeClientMessage(bytes);
        if (decoded.ok && decoded.value.body === 'produce') underWay.set(decoded.value.requestId, bytes.length);
        most = Math.max(
          most,
          [...underWay.values()].reduce((sum, size) => sum + size, 0),
        );
        return transport.send(bytes);
      };
      return Object.assign(Object.create(transport) as typeof transport, { send });
    },
  });
  const { client } = await clientOf(watched);
  const producer = client.producer();
  const value = 'x'.repeat(250_000);
  await Promise.all(Array.from({ length: 80 }, (_, index) => producer.send({ topic: 't', partition: index % 40, value })));
  expect(most).toBeGreaterThan(2 << 20);
  expect(most).toBeLessThanOrEqual(4 << 20);
});
