import { request } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Http } from '../../ts/gateway/http/http.js';
import { page, Running } from './running.js';

let server: Running;

beforeAll(async () => {
  server = await new Running({
    bodySizeMax: 20_000,
    bodiesSizeMax: 100_000,
    advertised: ['node.example'],
    origins: ['https://ui.example'],
  }).start();
});

afterAll(() => server.stop());

beforeEach(() => {
  for (const name of [...server.cluster.topics.keys()]) server.cluster.remove(name);
  server.reasons.length = 0;
});

const get = (path: string, options: RequestInit = {}) => fetch(`${server.url}${path}`, options);
const send = (method: string, path: string, body: unknown) =>
  get(path, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

async function json(response: Promise<Response> | Response) {
  return (await (await response).json()) as Record<string, never>;
}

test('health, readiness with reasons, metrics', async () => {
  expect(await (await get('/healthz')).text()).toBe('ok\n');
  expect((await get('/readyz')).status).toBe(200);
  server.reasons.push('the disk is full');
  const unready = await get('/readyz');
  expect([unready.status, await unready.text()]).toEqual([503, 'the disk is full\n']);
  const metrics = await (await get('/metrics')).text();
  expect(metrics).toMatch(/^millrace_gateway_connections 0$/m);
  expect(metrics).toMatch(/^millrace_gateway_http_requests_total\{status="2xx"\} [1-9]/m);
});

test('topics: create, list, describe, alter, grow, delete', async () => {
  const created = await send('POST', '/api/v1/topics', { name: 't', partitions: 2, configs: { 'retention.ms': 5 } });
  expect([created.status, await json(created)]).toMatchObject([201, { name: 't', partitions: 2 }]);
  expect((await send('POST', '/api/v1/topics', { name: 't' })).status).toBe(409);
  expect(await json(send('POST', '/api/v1/topics', { name: 't', partitons: 2 }))).toMatchObject({
    error: { message: 'unknown field partitons' },
  });
  expect(await json(get('/api/v1/topics'))).toMatchObject({ topics: [{ name: 't' }] });
  expect(await json(get('/api/v1/topics/t'))).toMatchObject({
    name: 't',
    partitions: [{ partition: 0, highWatermark: 0 }, {}],
    configs: [{ value: '5' }],
  });
  expect(await json(send('PATCH', '/api/v1/topics/t', { set: { 'retention.ms': '9' }, partitions: 3 }))).toMatchObject({
    partitions: 3,
  });
  expect(await json(get('/api/v1/topics/t'))).toMatchObject({ configs: [{ value: '9' }] });
  expect((await get('/api/v1/topics/t', { method: 'DELETE' })).status).toBe(200);
  expect((await get('/api/v1/topics/t')).status).toBe(404);
  expect((await get('/api/v1/topics/t', { method: 'DELETE' })).status).toBe(404);
});

test('records: JSON and bytes in, decoded records out', async () => {
  server.cluster.add('t', 1);
  const records = [
    { key: 'k', value: 'text', headers: { h: 'x' }, timestamp: 100 },
    { value: { a: 1 }, timestamp: 200 },
    { value: '/w==', encoding: 'base64', timestamp: 300 },
    {},
  ];
  expect(await json(send('POST', '/api/v1/topics/t/records', { records }))).toMatchObject({
    results: [0, 1, 2, 3].map((offset) => ({ partition: 0, offset, durability: 'fsync' })),
  });
  const bytes = await get('/api/v1/topics/t/records?key=k2', {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: 'raw',
  });
  expect(await json(bytes)).toMatchObject({ results: [{ offset: 4 }] });
  const read = await json(get('/api/v1/topics/t/partitions/0/records'));
  expect(read).toMatchObject({ next: 5, logStart: 0, highWatermark: 5 });
  expect(read['records']).toMatchObject([
    { offset: 0, timestamp: 100, key: { text: 'k' }, value: { text: 'text' }, headers: [{ name: 'h', value: { text: 'x' } }] },
    { offset: 1, key: { text: null }, value: { text: '{"a":1}' } },
    { offset: 2, value: { text: '/w==', encoding: 'base64' } },
    { offset: 3, value: { text: null } },
    { offset: 4, key: { text: 'k2' }, value: { text: 'raw' } },
  ]);
  expect(await json(get('/api/v1/topics/t/partitions/0/records?from=1&limit=1'))).toMatchObject({
    next: 2,
    records: [{ offset: 1 }],
  });
  expect(await json(get('/api/v1/topics/t/partitions/0/records?from=@9000000000000'))).toMatchObject({ next: 5, records: [] });
  expect(await json(get('/api/v1/topics/t/partitions/0/records?from=end'))).toMatchObject({ next: 5, records: [] });
  expect((await get('/api/v1/topics/t/partitions/0/records?from=99')).status).toBe(404);
  expect((await get('/api/v1/topics/t/partitions/7/records')).status).toBe(404);
  expect((await get('/api/v1/topics/t/partitions/0/records?from=soon')).status).toBe(400);
});

test('keys go to the partition that Kafka’s clients choose, each record’s place is told in order', async () => {
  server.cluster.add('t', 10);
  const records = [
    { key: '21', value: 'a' },
    { key: 'foobar', value: 'b', partition: 3 },
    { key: '21', value: 'c' },
  ];
  const reply = (await json(send('POST', '/api/v1/topics/t/records', { records }))) as unknown as {
    results: { partition: number; offset: number }[];
  };
  // murmur2('21') is -973932308 in Kafka's own tests.
  const partition = (-973932308 & 0x7fffffff) % 10;
  expect(reply.results.map(({ partition: where, offset }) => [where, offset])).toEqual([
    [partition, 0],
    [3, 0],
    [partition, 1],
  ]);
});

test.each([
  ['a form', { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'a=1' }, 400],
  ['no JSON', { headers: { 'content-type': 'application/json' }, body: '{' }, 400],
  ['an array', { headers: { 'content-type': 'application/json' }, body: '[]' }, 400],
  ['no records', { headers: { 'content-type': 'application/json' }, body: '{"records":[]}' }, 400],
  ['too much', { headers: { 'content-type': 'application/json' }, body: 'x'.repeat(20_001) }, 413],
])('a body that is %s is refused', async (_name, options, status) => {
  server.cluster.add('t', 1);
  expect((await get('/api/v1/topics/t/records', { method: 'POST', ...options })).status).toBe(status);
});

test('a body without an announced size is cut off at the limit too', async () => {
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const sending = request(
      `${server.url}/api/v1/topics`,
      { method: 'POST', headers: { 'transfer-encoding': 'chunked' } },
      (reply) => resolve(reply.statusCode),
    );
    sending.on('error', reject);
    for (let index = 0; index < 5; index++) sending.write('x'.repeat(5_000));
    sending.end();
  });
  expect(status).toBe(413);
});

test('static files, with type, ETag and policy; wrong methods and paths', async () => {
  const first = await get('/');
  expect([first.status, first.headers.get('content-type'), first.headers.get('etag')]).toEqual([
    200,
    'text/html; charset=utf-8',
    '"1"',
  ]);
  expect(new Uint8Array(await first.arrayBuffer())).toEqual(page);
  expect(first.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  expect(first.headers.get('x-content-type-options')).toBe('nosniff');
  expect((await get('/', { headers: { 'if-none-match': '"0", "1"' } })).status).toBe(304);
  const head = await get('/', { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length')]).toEqual([200, String(page.length)]);
  expect((await get('/%2e%2e/secret')).status).toBe(404);
  expect((await get('/nothing.js')).status).toBe(404);
  const wrong = await get('/api/v1/topics', { method: 'PUT' });
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, POST']);
});

test('the level of logging is read and changed, by whoever may change anything else', async () => {
  const path = '/api/v1/node/log-level';
  const put = (body: string, headers: Record<string, string> = {}) =>
    get(path, { method: 'PUT', body, headers: { 'content-type': 'application/json', ...headers } });
  const fromElsewhere = () =>
    new Promise((resolve) => {
      const headers = { 'content-type': 'application/json', origin: 'http://evil.example' };
      request(`${server.url}${path}`, { method: 'PUT', headers }, (reply) => resolve(reply.statusCode)).end('{"level":"info"}');
    });
  expect(await json(get(path))).toEqual({ level: 'info' });
  expect(await json(put('{"level":"debug"}'))).toEqual({ level: 'debug' });
  expect(await json(get('/api/v1/node'))).toMatchObject({ logLevel: 'debug' });
  for (const [body, why] of [
    ['{"level":"debgu"}', 'did you mean debug?'],
    ['{"level":7}', 'level is one of fatal, error, warn, info, debug, trace'],
    ['{"level":"info","for":1}', 'unknown field for'],
    ['debug', 'no JSON'],
  ] as const) {
    const refused = await put(body);
    expect([refused.status, JSON.stringify(await refused.json())]).toEqual([400, expect.stringContaining(why)]);
  }
  // What a form of another site can send.
  expect((await put('{"level":"info"}', { 'content-type': 'text/plain' })).status).toBe(400);
  expect(await fromElsewhere()).toBe(403);
  expect(await json(get(path))).toEqual({ level: 'debug' });
});

test('another Host or Origin is refused, and no other page may read an answer', async () => {
  const status = (headers: Record<string, string>) =>
    new Promise((resolve) => request(`${server.url}/api/v1/topics`, { headers }, (reply) => resolve(reply.statusCode)).end());
  expect(await status({ host: 'evil.example' })).toBe(403);
  expect(await status({ host: 'node.example' })).toBe(200);
  expect(await status({ origin: 'http://evil.example' })).toBe(403);
  expect((await get('/api/v1/topics')).headers.get('access-control-allow-origin')).toBeNull();
  expect((await get('/api/v1/topics', { method: 'OPTIONS' })).status).toBe(405);
});

test('pages of an allowed origin may ask and read', async () => {
  const headers = (method: string) =>
    new Promise<Record<string, unknown>>((resolve) =>
      request(`${server.url}/api/v1/topics`, { method, headers: { origin: 'https://ui.example' } }, (reply) =>
        resolve({ ...reply.headers, status: reply.statusCode }),
      ).end(),
    );
  expect(await headers('GET')).toMatchObject({
    status: 200,
    'access-control-allow-origin': 'https://ui.example',
    vary: 'origin',
  });
  expect(await headers('OPTIONS')).toMatchObject({ status: 204, 'access-control-allow-headers': 'content-type' });
});

test('every route is in the description, and the description names nothing else', async () => {
  const document = (await json(get('/openapi.json'))) as unknown as {
    openapi: string;
    paths: Record<string, Record<string, { operationId: string; parameters: { name: string; in: string }[] }>>;
  };
  expect(document.openapi).toBe('3.1.0');
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const options = {
    verbs: {},
    settings: {},
    ports: { node: {} },
    beforeMetrics: () => undefined,
  } as unknown as ConstructorParameters<typeof Http>[0];
  const routed = new Http(options).routes.map(({ method, path }) => `${method} ${path}`);
  expect(described.sort()).toEqual([...routed].sort());
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
  for (const [path, methods] of Object.entries(document.paths)) {
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    for (const { parameters } of Object.values(methods))
      expect(parameters.filter((each) => each.in === 'path').map(({ name }) => name)).toEqual(named);
  }
});

test('the node tells of itself', async () => {
  expect(await json(get('/api/v1/node'))).toMatchObject({
    nodeId: 1,
    clusterId: 'test-cluster',
    isReady: true,
    shards: 1,
    diskFree: 8,
  });
});
