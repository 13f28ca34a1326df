import * as fc from 'fast-check';
import protobuf from 'protobufjs/minimal.js';
import { expect, test } from 'vitest';
import { BrokenInvariant } from '../../model/assert.js';
import {
  decodeClientMessage,
  decodeServerMessage,
  encodeClientMessage,
  encodeServerMessage,
  fetchReplyFrame,
  pushFrame,
} from './messages.js';

const topicId = Uint8Array.from({ length: 16 }, (_, index) => index);
const uint32 = fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 300 }));
const uint64 = fc.oneof(fc.maxSafeNat(), fc.integer({ min: 0, max: 300 }));
const someBytes = fc.uint8Array({ maxLength: 300 });

function client(bytes: Uint8Array) {
  const decoded = decodeClientMessage(bytes);
  if (!decoded.ok) throw new Error(decoded.error);
  return decoded.value;
}

function server(bytes: Uint8Array) {
  const decoded = decodeServerMessage(bytes);
  if (!decoded.ok) throw new Error(decoded.error);
  return decoded.value;
}

test('a produce request comes back as it went, its batches as views', () => {
  const batch = Uint8Array.of(1, 2, 3);
  const bytes = encodeClientMessage({ requestId: 7, produce: { entries: [{ topic: 'täg', partition: 3, batch }] } });
  const message = client(bytes);
  expect([message.requestId, message.body]).toEqual([7, 'produce']);
  if (message.body !== 'produce') throw new Error('body');
  const [entry] = message.produce.entries;
  expect([entry?.topic, entry?.partition, message.produce.timeoutMs, message.produce.acks]).toEqual(['täg', 3, 0, 0]);
  expect(Uint8Array.from(entry?.batch ?? [])).toEqual(batch);
  expect(entry?.batch.buffer).toBe(bytes.buffer);
});

test('what is absent is null where it can be absent, and a default elsewhere', () => {
  const message = client(encodeClientMessage({ requestId: 1, fetch: { topic: 't' } }));
  if (message.body !== 'fetch') throw new Error('body');
  expect([message.fetch.leaderEpoch, message.fetch.offset, message.fetch.topicId.length]).toEqual([null, 0, 0]);
  const zero = client(encodeClientMessage({ requestId: 1, fetch: { topic: 't', leaderEpoch: 0 } }));
  if (zero.body !== 'fetch') throw new Error('body');
  expect(zero.fetch.leaderEpoch).toBe(0);
});

test('a member of a oneof is there with its default too', () => {
  const message = client(encodeClientMessage({ requestId: 1, listOffsets: { at: { offset: 0 } } }));
  if (message.body !== 'listOffsets' || message.listOffsets.at === null) throw new Error('body');
  expect(message.listOffsets.at.where).toBe('offset');
});

test('the last of two bodies counts, and an unknown one is none', () => {
  const two = [encodeClientMessage({ requestId: 1, ping: {} }), encodeClientMessage({ requestId: 2, describeNode: {} })];
  expect(client(Buffer.concat(two)).body).toBe('describeNode');
  const unknown = new protobuf.Writer()
    .uint32(8)
    .uint32(5)
    .uint32((4000 << 3) | 2)
    .string('new')
    .finish();
  expect([client(unknown).requestId, client(unknown).body]).toEqual([5, undefined]);
});

test('64-bit numbers are exact or refused', () => {
  const property = fc.property(uint64, (offset) => {
    const message = client(encodeClientMessage({ requestId: 1, fetch: { offset } }));
    expect(message.body === 'fetch' && message.fetch.offset).toBe(offset);
  });
  fc.assert(property);
  const fetchOf = (offset: bigint) => {
    const inner = [0x18];
    for (let rest = offset; ; rest >>= 7n) {
      inner.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
      if (rest <= 0x7fn) break;
    }
    return Uint8Array.from([0xba, 0x01, inner.length, ...inner]);
  };
  expect(client(fetchOf(2n ** 53n - 1n)).body).toBe('fetch');
  for (const offset of [2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]) {
    expect(decodeClientMessage(fetchOf(offset))).toEqual({ ok: false, error: 'number-too-large' });
  }
  expect(decodeClientMessage(fetchOf(2n ** 70n))).toEqual({ ok: false, error: 'malformed' });
  for (const offset of [2 ** 53, -1, 0.5, Number.NaN]) {
    expect(() => encodeClientMessage({ requestId: 1, fetch: { offset } })).toThrow(BrokenInvariant);
  }
});

test('a map takes any names, and harms no prototype', () => {
  const configs = JSON.parse('{"__proto__": "a", "constructor": "b", "retention.ms": "5"}') as Record<string, string>;
  const message = client(encodeClientMessage({ requestId: 1, createTopic: { name: 't', configs } }));
  if (message.body !== 'createTopic') throw new Error('body');
  expect(Object.entries(message.createTopic.configs).sort()).toEqual(Object.entries(configs).sort());
  expect(Object.getPrototypeOf({})).toBe(Object.prototype);
});

test('text that is not UTF-8 is malformed', () => {
  const bytes = encodeClientMessage({ requestId: 1, deleteTopic: { name: 'ab' } });
  bytes[bytes.length - 1] = 0xff;
  expect(decodeClientMessage(bytes)).toEqual({ ok: false, error: 'malformed' });
});

test('a frame of a push and the batches behind it are one message', () => {
  const property = fc.property(
    uint32,
    uint64,
    uint64,
    uint32,
    uint64,
    someBytes,
    (partition, baseOffset, nextOffset, ...rest) => {
      const [leaderEpoch, highWatermark, batches] = rest;
      const push = { topicId, partition, baseOffset, nextOffset, leaderEpoch, highWatermark };
      const bytes = Uint8Array.from([...pushFrame(push, batches.length), ...batches]);
      expect(bytes).toEqual(Uint8Array.from(encodeServerMessage({ push: { ...push, batches } })));
      const message = server(bytes);
      expect(message.requestId).toBe(0);
      if (message.body !== 'push') throw new Error('body');
      expect([message.push.baseOffset, message.push.nextOffset, message.push.highWatermark]).toEqual([
        baseOffset,
        nextOffset,
        highWatermark,
      ]);
      expect(Uint8Array.from(message.push.batches)).toEqual(batches);
    },
  );
  fc.assert(property);
});

test('a frame of a fetch reply and the batches behind it are one message', () => {
  const property = fc.property(uint32, uint64, someBytes, (requestId, nextOffset, batches) => {
    const reply = { topicId, nextOffset, leaderEpoch: 3 };
    const bytes = Uint8Array.from([...fetchReplyFrame(requestId, reply, batches.length), ...batches]);
    const message = server(bytes);
    expect(message.requestId).toBe(requestId);
    if (message.body !== 'fetch') throw new Error('body');
    expect([message.fetch.nextOffset, message.fetch.leaderEpoch]).toEqual([nextOffset, 3]);
    expect(Uint8Array.from(message.fetch.batches)).toEqual(batches);
  });
  fc.assert(property);
  const diverged = server(fetchReplyFrame(9, { historyLost: { wantedOffset: 1, offset: 5 } }, 0));
  expect(diverged.body === 'fetch' && diverged.fetch.diverged).toBe('historyLost');
});

const samples = [
  encodeClientMessage({ requestId: 1, hello: { version: 1, client: 'x', features: ['a', 'b'] } }),
  encodeClientMessage({ requestId: 2, produce: { entries: [{ topic: 't', batch: new Uint8Array(40) }, { partition: 9 }] } }),
  encodeClientMessage({ requestId: 3, subscribe: { topic: 't', start: { position: { topicId, offset: 5, leaderEpoch: 2 } } } }),
  encodeClientMessage({ requestId: 4, createTopic: { name: 't', configs: { a: 'b' } } }),
  encodeServerMessage({ requestId: 1, welcome: { version: 1, limits: { messageSizeMax: 5 }, nowMs: 2 ** 50 } }),
  encodeServerMessage({ push: { topicId, baseOffset: 5, batches: new Uint8Array(30) } }),
  encodeServerMessage({ requestId: 8, metadata: { topics: [{ name: 't', partitions: [{ replicas: [1, 2, 300] }] }] } }),
];

test('arbitrary and damaged bytes give a message or a problem, and never throw', () => {
  const damaged = fc
    .tuple(
      fc.constantFrom(...samples),
      fc.array(fc.tuple(fc.nat(80), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
      fc.nat(80),
    )
    .map(([sample, changes, cut]) => {
      const bytes = Uint8Array.from(sample);
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      return cut < 40 ? bytes.subarray(0, cut) : bytes;
    });
  const property = fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 60 })), (bytes) => {
    for (const decoded of [decodeClientMessage(bytes), decodeServerMessage(bytes)]) {
      if (!decoded.ok) expect(['malformed', 'number-too-large']).toContain(decoded.error);
      else if (decoded.value.body !== undefined) expect(Object.keys(decoded.value)).toContain(decoded.value.body);
    }
  });
  fc.assert(property, { numRuns: 3000 });
});

test('what was decoded, encoded again, decodes to the same', () => {
  const property = fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
    const first = decodeServerMessage(bytes);
    if (first.ok) expect(server(encodeServerMessage(first.value))).toEqual(first.value);
  });
  fc.assert(property, { numRuns: 1000 });
});
