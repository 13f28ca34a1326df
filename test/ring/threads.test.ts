import { once } from 'node:events';
import { MessageChannel, type Transferable, Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { declareProducerDead, NativeRingReader } from '../../ts/native/ring.js';
import { createDoorbell } from '../../ts/native/wakeup.js';
import { ringBytes } from '../../ts/ring/memory.js';
import { capacity, newRing, pattern } from './rings.js';

const dist = new URL('../../dist/', import.meta.url).href;
const producer = new URL('./workers/producer.worker.mjs', import.meta.url);
const consumer = new URL('./workers/consumer.worker.mjs', import.meta.url);
const reader = new URL('./workers/reader.worker.mjs', import.meta.url);
const dying = new URL('./workers/dying.worker.mjs', import.meta.url);

/** A ring, its doorbells, and workers that know both. */
function stage(leaseCount: number) {
  const memory = newRing({ leaseCount });
  const bells = { producer: createDoorbell(), consumer: createDoorbell() };
  const start = (file: URL, data: Record<string, unknown> = {}, transferList: Transferable[] = []) => {
    const shared = { dist, memory, producerBell: bells.producer.id, consumerBell: bells.consumer.id };
    return new Worker(file, { workerData: { ...shared, ...data }, transferList });
  };
  return { memory, bells, start };
}

it('every byte arrives between real threads, and no lease is overrun', async () => {
  const count = 40_000;
  const { start } = stage(1);
  const { port1: announce, port2: announced } = new MessageChannel();
  const workers = [
    start(reader, { announced }, [announced]),
    start(consumer, { announce }, [announce]),
    start(producer, { count }),
  ] as const;
  const [[read], [consumed]] = await Promise.all([once(workers[0], 'message'), once(workers[1], 'message')]);
  expect(consumed.count).toBe(count - Math.ceil(count / 17));
  expect(read.granted + read.refused).toBe(Math.floor(consumed.count / 8));
  expect(read.granted).toBeGreaterThan(0);
});

it('a worker that is ended in mid-claim leaves a readable ring', async () => {
  const { memory, start } = stage(0);
  const worker = start(dying);
  await once(worker, 'message');
  await worker.terminate();
  const ring = new NativeRingReader(ringBytes(memory));
  for (const ticket of [0, 1, 2]) {
    const slot = ring.next();
    expect(slot?.ticket).toBe(BigInt(ticket));
    expect(Buffer.compare(slot?.payload ?? new Uint8Array(), pattern(100, ticket))).toBe(0);
  }
  expect([ring.next(), ring.isDrained()]).toEqual([null, false]);
  declareProducerDead(ringBytes(memory));
  expect([ring.next(), ring.isDrained()]).toEqual([null, true]);
  expect(ring.readPosition() < BigInt(capacity)).toBe(true);
});
