import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TransportEvents } from '../../ts/sdk/core/connection/transport.js';
import { MillraceError } from '../../ts/sdk/core/errors.js';
import type { ServerMessage, SubscriptionEvent } from '../../ts/wire/proto/generated/messages.js';
import { type Draft, encodeServerMessage } from '../../ts/wire/proto/messages.js';
import { clientOf } from './model-client.js';
import { ModelServer } from './model-server.js';

// A server that has lost its mind: whatever it says, nothing is thrown where nobody can catch it, and what the application is told
// is an error of this package.

const topicIdBytes = fc.constantFrom(
  ...[1, 2].map((last) => Uint8Array.from({ length: 16 }, (_, index) => (index === 15 ? last : 0))),
  new Uint8Array(0),
);
const small = fc.nat(5);
const batches = fc.uint8Array({ maxLength: 200 });
const event: fc.Arbitrary<Draft<SubscriptionEvent>> = fc
  .tuple(small, topicIdBytes, small, fc.nat(5), fc.nat(300), fc.nat(300), topicIdBytes)
  .map(([subscriptionId, topicId, partition, what, wantedOffset, offset, newTopicId]) => {
    const about = { subscriptionId, topicId, partition };
    const whats: readonly Draft<SubscriptionEvent>[] = [
      { ...about, historyLost: { wantedOffset, offset } },
      { ...about, truncated: { wantedOffset, offset } },
      { ...about, recreated: { newTopicId, offset } },
      { ...about, added: { offset } },
      { ...about, failed: { error: { code: offset, retry: partition, text: '' } } },
      about,
    ];
    return whats[what] ?? about;
  });
const push = fc.record({ topicId: topicIdBytes, partition: small, baseOffset: fc.nat(99), nextOffset: fc.nat(99), batches });
const message: fc.Arbitrary<Draft<ServerMessage>> = fc.oneof(
  push.map((one) => ({ push: one })),
  event.map((one) => ({ event: one })),
  fc.nat(60).map((code) => ({ error: { code, retry: code % 5 } })),
  fc.constant({ goodbye: { reason: 'x', reconnectAfterMs: 1 } }),
  fc
    .tuple(small, small)
    .map(([requestId, count]) => ({ requestId, produce: { results: Array.from({ length: count }, () => ({})) } })),
  small.map((requestId) => ({ requestId, subscribe: { subscriptionId: 9, partitions: [{ partition: 77 }] } })),
);
const bytes = fc.oneof(message.map(encodeServerMessage), fc.uint8Array({ maxLength: 60 }));

test('nothing that a server says breaks the client out of its turn', async () => {
  const property = fc.asyncProperty(fc.array(bytes, { maxLength: 12 }), async (messages) => {
    const server = new ModelServer();
    server.create('t', 2);
    const dialed: TransportEvents[] = [];
    const { dial } = server;
    const { client } = await clientOf(
      Object.assign(Object.create(server), {
        dial: (url: string, events: TransportEvents) => {
          dialed.push(events);
          return dial(url, events);
        },
      }) as ModelServer,
    );
    const consumer = client.consumer({ topics: ['t'], from: 'beginning' });
    const reading = (async () => {
      for await (const _record of consumer);
    })().catch((error: unknown) => error);
    const producer = client.producer();
    const sending = producer.send({ topic: 't', value: 'x' }).catch((error: unknown) => error);
    await consumer.ready();
    for (const one of messages) {
      dialed.at(-1)?.onMessage(one);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await consumer.close();
    await client.abandon();
    for (const outcome of [await reading, await sending]) {
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(MillraceError);
    }
  });
  await fc.assert(property, { numRuns: 150 });
});
