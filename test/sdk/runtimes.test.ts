import { channel } from 'node:diagnostics_channel';
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import * as node from '../../ts/sdk/node/index.js';
import { listenAs } from './model-listener.js';
import { ModelServer } from './model-server.js';

const bundleFolder = new URL('../../dist/sdk/browser/', import.meta.url);
const server = new ModelServer();
let listener: Awaited<ReturnType<typeof listenAs>>;

beforeAll(async () => {
  listener = await listenAs(server);
});
afterAll(() => listener.close());

type Sdk = Pick<typeof node, 'connect' | 'text'>;

async function roundTrip({ connect, text }: Sdk, topic: string, compression: node.CompressionName): Promise<void> {
  const client = await connect(listener.url);
  const producer = client.producer({ compression });
  const consumer = client.consumer({ topics: [topic], from: 'beginning', value: text.deserialize });
  const sent = Array.from({ length: 300 }, (_, index) => producer.send({ topic, partition: 0, value: `line ${index}` }));
  await Promise.all(sent);
  server.cutAll();
  const values: (string | null)[] = [];
  for await (const { value } of consumer) if (values.push(value) === 300) break;
  expect(values).toEqual(Array.from({ length: 300 }, (_, index) => `line ${index}`));
  await client.close();
}

for (const compression of ['none', 'gzip', 'zstd'] as const) {
  test(`Node: over a real WebSocket, ${compression}`, () => roundTrip(node, `node-${compression}`, compression));
}

test('Node: diagnostics channels tell what happens', async () => {
  const told: unknown[] = [];
  const onBatch = (detail: unknown) => told.push(detail);
  channel('millrace:producer.batch').subscribe(onBatch);
  await roundTrip(node, 'told', 'none');
  channel('millrace:producer.batch').unsubscribe(onBatch);
  expect(told).toContainEqual(expect.objectContaining({ topic: 'told', partition: 0, records: expect.any(Number) }));
});

test('Node: where nothing listens the error says so', async () => {
  await expect(node.connect('127.0.0.1:1', { connectTimeoutMs: 50 })).rejects.toMatchObject({
    code: 'connection-failed',
    message: expect.stringContaining('ECONNREFUSED'),
  });
});

test('browser: the bundle is small, whole, and names nothing of Node', () => {
  const source = readFileSync(new URL('sdk.js', bundleFolder));
  expect(gzipSync(source, { level: 9 }).length).toBeLessThanOrEqual(45_000);
  for (const file of readdirSync(bundleFolder).filter((name) => /^sdk.*\.js$/.test(name))) {
    const text = readFileSync(new URL(file, bundleFolder), 'utf8');
    expect(text.match(/(?:from|import\()\s*["'](?!\.\/sdk-)[^"']*["']/g) ?? []).toEqual([]);
    expect(text).not.toMatch(/["']node:/);
  }
});

test('browser: the bundle speaks the protocol, its codecs load from beside it', async () => {
  const before = Reflect.get(globalThis, 'WebSocket');
  Reflect.set(globalThis, 'WebSocket', WebSocket);
  const listeners = new Map<string, () => void>();
  Reflect.set(globalThis, 'addEventListener', (name: string, callback: () => void) => listeners.set(name, callback));
  Reflect.set(globalThis, 'removeEventListener', (name: string) => listeners.delete(name));
  try {
    const sdk = (await import(/* @vite-ignore */ new URL('sdk.js', bundleFolder).href)) as Sdk;
    for (const compression of ['none', 'gzip', 'snappy', 'lz4'] as const) {
      await roundTrip(sdk, `browser-${compression}`, compression);
    }
    const client = await sdk.connect(listener.url);
    expect([...listeners.keys()]).toEqual(['online']);
    listeners.get('online')?.();
    await client.close();
    expect(listeners.size).toBe(0);
  } finally {
    Reflect.set(globalThis, 'WebSocket', before);
    Reflect.deleteProperty(globalThis, 'addEventListener');
    Reflect.deleteProperty(globalThis, 'removeEventListener');
  }
});
