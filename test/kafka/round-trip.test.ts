import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { apis } from '../../ts/wire/kafka/apis.js';
import { Reader } from '../../ts/wire/kafka/reader.js';
import { completed } from './kafka-json.js';
import { encoded, versionsOf } from './messages.js';
import { randomValue } from './random-values.js';

describe.each(apis.map((api) => [api.name, api] as const))('%s', (_, api) => {
  test.each(versionsOf(api).map((versioned) => [versioned.title, versioned] as const))(
    '%s: what is encoded is decoded again',
    (_title, versioned) => {
      const { message, version } = versioned;
      const property = fc.property(randomValue(message.fields, version), (value) => {
        const reader = new Reader(encoded(versioned, value));
        expect(message.decode(version, reader)).toEqual(completed(message.fields, value));
        expect(reader.left).toBe(0);
      });
      fc.assert(property, { numRuns: 25 });
    },
  );
});
