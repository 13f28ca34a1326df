import { describe, expect, test } from 'vitest';
import { apis } from '../../ts/wire/kafka/apis.js';
import { kafkaErrors } from '../../ts/wire/kafka/error-codes.js';
import { encodeRequest, encodeResponse } from '../../ts/wire/kafka/frames.js';
import { Reader } from '../../ts/wire/kafka/reader.js';
import { completed, valueFromJson } from './kafka-json.js';
import { encoded, goldenErrors, goldenLines, joined, versionsOf } from './messages.js';

// Messages that Kafka's own classes made of random values, see test/golden/kafka/README.md.

interface GoldenLine {
  readonly request?: number;
  readonly response?: number;
  readonly header: string;
  readonly value: Readonly<Record<string, unknown>>;
  readonly bytes: string;
}

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const asked = { correlationId: 0x01020304, clientId: 'größe' };

describe.each(apis.map((api) => [api.name, api] as const))('%s', (_, api) => {
  const lines = goldenLines<GoldenLine>(api);

  test.each(versionsOf(api).map((versioned) => [versioned.title, versioned] as const))(
    '%s is read and written as Kafka does',
    (_title, versioned) => {
      const { message, kind, version } = versioned;
      const own = lines.filter((line) => line[kind] === version);
      expect(own.length).toBeGreaterThan(2);
      for (const { value, bytes, header } of own) {
        const ours = valueFromJson(message.fields, value);
        const reader = new Reader(new Uint8Array(Buffer.from(bytes, 'hex')));
        expect(message.decode(version, reader)).toEqual(completed(message.fields, ours));
        expect(reader.left).toBe(0);
        expect(hexOf(encoded(versioned, ours))).toBe(bytes);
        const frame =
          kind === 'request'
            ? encodeRequest(versioned.api, version, asked, ours)
            : encodeResponse(versioned.api, version, asked.correlationId, ours);
        const size = ((header.length + bytes.length) / 2).toString(16).padStart(8, '0');
        expect(hexOf(joined(frame))).toBe(`${size}${header}${bytes}`);
      }
    },
  );
});

test('error codes are those of Kafka', () => {
  const ours = Object.entries(kafkaErrors).map(([name, { code, isRetriable }]) => ({ code, name, isRetriable }));
  expect(ours).toEqual(goldenErrors());
});
