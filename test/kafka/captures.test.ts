import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { apiOf } from '../../ts/wire/kafka/apis.js';
import { encodeRequest, readRequestHeader } from '../../ts/wire/kafka/frames.js';
import { Reader } from '../../ts/wire/kafka/reader.js';
import { joined } from './messages.js';

// Requests as real clients sent them: test/conformance/captures.test.ts took them down.

interface Capture {
  readonly client: string;
  readonly api: string;
  readonly version: number;
  readonly frame: string;
}

const path = new URL('../golden/kafka/requests.jsonl', import.meta.url);
const captures = readFileSync(path, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Capture);

const sizeHead = 4;

const clients = ['kcat', 'kafkajs', 'platformatic', 'java'];

test('every client is there', () => {
  expect([...new Set(captures.map(({ client }) => client))]).toEqual(clients);
});

/** Read, and written again. All of these clients write as we do: sizes as short as can be, tags in order, nulls where we have them. */
function again({ frame, api: name, version }: Capture): string {
  const reader = new Reader(new Uint8Array(Buffer.from(frame, 'hex')));
  const header = readRequestHeader(reader);
  const api = apiOf(header.key);
  if (api === undefined) throw new Error(`no API ${header.key}`);
  expect([api.name, header.version]).toEqual([name, version]);
  const value = api.request.decode(header.version, reader);
  expect(reader.left).toBe(0);
  return Buffer.from(joined(encodeRequest(api, header.version, header, value)).subarray(sizeHead)).toString('hex');
}

describe.each(clients)('%s', (client) => {
  const own = captures.filter((capture) => capture.client === client);

  test.each(own.map((capture) => [`${capture.api} ${capture.version}`, capture] as const))(
    '%s is read whole, and written as it was',
    (_, capture) => {
      expect(again(capture)).toBe(capture.frame);
    },
  );
});
