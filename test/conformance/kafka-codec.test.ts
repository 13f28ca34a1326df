import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apis } from '../../ts/wire/kafka/apis.js';
import { Reader } from '../../ts/wire/kafka/reader.js';
import { completed, valueFromJson } from '../kafka/kafka-json.js';
import { encoded, fileNameOf, type Versioned, versionsOf } from '../kafka/messages.js';
import { randomValue } from '../kafka/random-values.js';
import type { Driver } from './driver.js';
import { openJava } from './java.js';

// Our codec and that of Kafka's own clients, on random values of both sides.

const goldenCount = 3;
const liveCount = 20;
// New ones in every run; an error names them.
const seed = Date.now() % 1_000_000;

let kafka: Driver;

/** What KafkaCodec.java tells of a message. */
interface KafkaMessage {
  readonly value: Readonly<Record<string, unknown>>;
  readonly bytes: string;
  readonly header: string;
  /** Bytes that were not read, of an echo. */
  readonly left?: number;
}

beforeAll(async () => {
  kafka = await openJava('KafkaCodec');
});

afterAll(() => kafka?.kill());

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

function make({ api, kind, version }: Versioned, from: number, count: number): Promise<readonly KafkaMessage[]> {
  const seeds = Array.from({ length: count }, (_, index) => from + index);
  return Promise.all(seeds.map((each) => kafka.ask<KafkaMessage>('make', { key: api.key, kind, version, seed: each })));
}

describe.each(apis.map((api) => [api.name, api] as const))('%s', (_, api) => {
  test('is an API of Kafka, in versions that it has', async () => {
    const { name, first, last } = await kafka.ask<{ name: string; first: number; last: number }>('name', { key: api.key });
    expect(name).toBe(api.name);
    expect(api.served[0]).toBe(first);
    expect(api.served[1]).toBeLessThanOrEqual(last);
  });

  test('the frozen bytes are those that Kafka makes', async () => {
    const lines = versionsOf(api).map(async (versioned) => {
      const made = await make(versioned, 1, goldenCount);
      return made.map((message) => `${JSON.stringify({ [versioned.kind]: versioned.version, ...message })}\n`);
    });
    const definitions = (['request', 'response'] as const).map(async (kind) => {
      const fields = await kafka.ask('fields', { key: api.key, kind });
      return `${JSON.stringify({ definition: kind, fields })}\n`;
    });
    const text = (await Promise.all([...definitions, ...lines])).flat().join('');
    await expect(text).toMatchFileSnapshot(`../golden/kafka/${fileNameOf(api)}.jsonl`);
  });

  test.each(versionsOf(api).map((versioned) => [versioned.title, versioned] as const))(
    `%s of Kafka is ours (seed ${seed})`,
    async (_title, versioned) => {
      const { message, version } = versioned;
      for (const { value, bytes } of await make(versioned, seed, liveCount)) {
        const ours = valueFromJson(message.fields, value);
        const reader = new Reader(new Uint8Array(Buffer.from(bytes, 'hex')));
        expect(message.decode(version, reader)).toEqual(completed(message.fields, ours));
        expect(reader.left).toBe(0);
        expect(hexOf(encoded(versioned, ours))).toBe(bytes);
      }
    },
  );

  test.each(versionsOf(api).map((versioned) => [versioned.title, versioned] as const))(
    `%s of ours is Kafka's (seed ${seed})`,
    async (_title, versioned) => {
      const { kind, message, version } = versioned;
      const values = fc.sample(randomValue(message.fields, version), { numRuns: liveCount, seed });
      const echoes = values.map(async (value) => {
        const bytes = hexOf(encoded(versioned, value));
        const echo = await kafka.ask<KafkaMessage>('echo', { key: api.key, kind, version, bytes });
        expect({ bytes: echo.bytes, left: echo.left }).toEqual({ bytes, left: 0 });
        const theirs = valueFromJson(message.fields, echo.value);
        expect(completed(message.fields, theirs)).toEqual(completed(message.fields, value));
      });
      await Promise.all(echoes);
    },
  );
});

test('error codes', async () => {
  const text = `${JSON.stringify(await kafka.ask('errors'), undefined, 1)}\n`;
  await expect(text).toMatchFileSnapshot('../golden/kafka/error-codes.json');
});
