import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { errors } from '../../ts/model/errors.js';
import { closeCodeBase } from '../../ts/sdk/core/connection/transport.js';
import { decodeClientMessage, encodeClientMessage } from '../../ts/wire/proto/messages.js';
import { BatchWriter, stampBatch } from '../../ts/wire/records/batch-writer.js';
import { crc32c } from '../../ts/wire/records/crc32c.js';

const page = readFileSync(new URL('../../docs/PROTOCOL.md', import.meta.url), 'utf8');

function shown(name: string): string {
  return (
    page
      .match(new RegExp(`<!-- ${name} -->\\n\`\`\`\\n([^\`]*)\`\`\``))?.[1]
      ?.replaceAll(/\s+/g, ' ')
      .trim() ?? 'not there'
  );
}

const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');

function batchOfOne(): Uint8Array {
  const writer = new BatchWriter();
  writer.append(1000, null, new TextEncoder().encode('hi'));
  const batch = writer.finish();
  stampBatch(batch, crc32c);
  return batch;
}

test('the bytes that docs/PROTOCOL.md shows are those of the code', () => {
  const batch = batchOfOne();
  expect(shown('hello')).toBe(hex(encodeClientMessage({ requestId: 1, hello: { version: 1, client: 'x' } })));
  expect(shown('batch')).toBe(hex(batch));
  const produce = encodeClientMessage({ requestId: 2, produce: { entries: [{ topic: 't', partition: 0, batch }] } });
  expect(shown('produce')).toBe(hex(produce.subarray(0, produce.length - batch.length)));
  expect(decodeClientMessage(produce).ok).toBe(true);
});

test('its close codes are those of the errors that they name', () => {
  const rows = [...page.matchAll(/^\| (4\d{3}) \| `([A-Z_]+)`/gm)];
  expect(rows.length).toBeGreaterThan(5);
  for (const [, code, name = ''] of rows) {
    const row = Object.entries(errors).find(([error]) => error === name.toLowerCase().replaceAll('_', '-'));
    expect([name, row?.[1].code]).toEqual([name, Number(code) - closeCodeBase]);
  }
});

test('every body of a client has its row', () => {
  const source = readFileSync(new URL('../../proto/millrace/v1/session.proto', import.meta.url), 'utf8');
  const client = source.match(/message ClientMessage \{([\s\S]*?)\n\}/)?.[1] ?? '';
  const bodies = [...client.matchAll(/^ {4}\w+ (\w+) = (\d+);/gm)].filter(([, , number]) => Number(number) < 30);
  expect(bodies.length).toBe(9);
  for (const [, name, number] of bodies) expect(page).toContain(`| \`${name}\` ${number} |`);
});
