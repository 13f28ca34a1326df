import { expect, test } from 'vitest';
import type { From } from '../../ts/sdk/core/consumer/start.js';
import type { BatchDelivery } from '../../ts/sdk/core/producer/open-batch.js';
import { BatchWriter } from '../../ts/wire/records/batch-writer.js';
import type { CompressionName } from '../../ts/wire/records/header.js';
import { clientOf } from './model-client.js';
import { ModelServer } from './model-server.js';

function batchOf(texts: readonly string[]): BatchWriter {
  const batch = new BatchWriter();
  for (const text of texts) batch.append(1_700_000_000_000, null, new TextEncoder().encode(text));
  return batch;
}

const numbers = (from: number, count: number) => Array.from({ length: count }, (_, index) => String(from + index));

async function setUp(compression: CompressionName = 'none') {
  const server = new ModelServer();
  server.create('t', 2);
  const { client } = await clientOf(server);
  const delivered: BatchDelivery[] = [];
  const producer = client.producer({ compression, lingerMs: 1000, onDelivery: (delivery) => delivered.push(delivery) });
  /** Values of partition 0, read as stored. */
  const read = async (from: From, count: number) => {
    const consumer = client.consumer({ topics: [{ topic: 't', partitions: [0], from }] });
    const values: string[] = [];
    let nextOffset = 0;
    for await (const batch of consumer.storedBatches()) {
      for (let scan = batch.next(); scan !== undefined; scan = batch.next()) {
        values.push(Buffer.from(scan.bytes.subarray(scan.valueFrom, scan.valueEnd)).toString());
      }
      nextOffset = batch.nextOffset;
      if (values.length >= count) break;
    }
    expect(consumer.position('t', 0)?.offset).toBe(nextOffset);
    await consumer.close();
    return values;
  };
  return { server, client, producer, delivered, read };
}

test.each(['none', 'gzip'] as const)(
  'batches of the caller go out in order with single records, compression %s',
  async (name) => {
    const { producer, delivered, read } = await setUp(name);
    expect(await producer.partitionsOf('t')).toBe(2);
    producer.write({ topic: 't', partition: 0, value: '0' });
    producer.writeBatch('t', 0, batchOf(numbers(1, 50)));
    producer.write({ topic: 't', partition: 0, value: '51' });
    producer.writeBatch('t', 0, batchOf(numbers(52, 8)));
    await producer.flush();
    expect(delivered.map(({ baseOffset, count }) => [baseOffset, count])).toEqual([
      [0, 1],
      [1, 50],
      [51, 1],
      [52, 8],
    ]);
    expect(producer.bufferSize).toBe(0);
    expect(await read('beginning', 60)).toEqual(numbers(0, 60));
    // From within a batch: what lies before it is left out.
    expect(await read({ offset: 30 }, 30)).toEqual(numbers(30, 30));
  },
);

test('a full buffer makes the caller wait', async () => {
  const { client } = await setUp();
  const producer = client.producer({ bufferSizeMax: 1000 });
  await producer.partitionsOf('t');
  const room = producer.writeBatch('t', 0, batchOf(numbers(0, 500)));
  expect(room).toBeInstanceOf(Promise);
  await room;
  expect(producer.bufferSize).toBe(0);
});

test('what cannot be sent is refused at once', async () => {
  const { producer } = await setUp();
  expect(() => producer.writeBatch('t', 0, batchOf(['x']))).toThrow('no partition 0');
  await producer.partitionsOf('t');
  expect(() => producer.writeBatch('t', 2, batchOf(['x']))).toThrow('topic t has no partition 2');
  expect(() => producer.writeBatch('t', 0, batchOf(['x'.repeat(20_000_000)]))).toThrow('a record of 20000');
  await producer.close();
  expect(() => producer.writeBatch('t', 0, batchOf(['x']))).toThrow('closed');
});
