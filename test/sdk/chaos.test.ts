import { expect, test } from 'vitest';
import { text } from '../../ts/sdk/core/serde.js';
import { clientOf } from './model-client.js';
import { ModelServer, type ProduceFault } from './model-server.js';

// Producers and consumers at once over connections that break at any message, before or after it was understood. The count of
// worlds and the first seed may come from outside, for a longer search.
const seeds = Number(process.env['CHAOS_SEEDS'] ?? 6);
const firstSeed = Number(process.env['CHAOS_SEED'] ?? 1);
const recordsCount = 600;
const partitionsCount = 2;

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function faults(chance: () => number): () => ProduceFault | undefined {
  return () => {
    const roll = chance();
    if (roll < 0.06) return { error: 'overloaded', isStored: false };
    if (roll < 0.09) return { error: 'timed-out', isStored: true };
    return roll < 0.12 ? { error: 'timed-out', isStored: false } : undefined;
  };
}

for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
  test(`seed ${seed}: every record once and in order, for who wrote it and for who reads it`, async () => {
    const chance = random(seed);
    const server = new ModelServer();
    server.create('t', partitionsCount);
    const { client } = await clientOf(server);
    server.breaksBefore = () => chance() < 0.03;
    server.breaksAfter = () => chance() < 0.03;
    server.fault = faults(chance);

    const consumer = client.consumer({ topics: ['t'], from: 'beginning', value: text.deserialize, bufferSizeMax: 64 * 1024 });
    const read: string[][] = Array.from({ length: partitionsCount }, () => []);
    const reading = (async () => {
      let count = 0;
      for await (const { partition, offset, value } of consumer) {
        // The offset says where it belongs: a record twice, or out of its order, shows at once.
        expect(offset).toBe(read[partition]?.length);
        read[partition]?.push(value ?? '');
        if (++count === recordsCount) return;
      }
    })();

    const compression = seed % 3 === 0 ? 'lz4' : 'none';
    const producer = client.producer({ lingerMs: 0, compression, batchSizeMax: 256 + Math.floor(chance() * 1000) });
    const sent: string[][] = Array.from({ length: partitionsCount }, () => []);
    for (let index = 0; index < recordsCount; index++) {
      const partition = Math.floor(chance() * partitionsCount);
      sent[partition]?.push(String(index));
      await producer.write({ topic: 't', partition, value: String(index) });
      if (chance() < 0.01) server.goodbye(1);
      if (chance() < 0.05) await new Promise((resolve) => setImmediate(resolve));
    }
    await producer.flush();
    const batches = server.topic('t').partitions.flatMap((partition) => partition.batches);
    expect(batches.reduce((sum, { base, next }) => sum + next - base, 0)).toBe(recordsCount);
    await reading;
    expect(read).toEqual(sent);
  });
}
