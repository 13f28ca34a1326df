import { Agent, request } from 'node:http';
import { createConnection } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { errors } from '../../ts/model/errors.js';
import { errorNamed, retries } from '../../ts/wire/proto/enums.js';
import type { ServerMessage } from '../../ts/wire/proto/generated/messages.js';
import { encodeClientMessage } from '../../ts/wire/proto/messages.js';
import { Client } from './client.js';
import { batchOf, large, Running } from './running.js';

let running: Running[] = [];
let clients: Client[] = [];

afterEach(() => {
  for (const client of clients) client.close();
  clients = [];
  const stopping = running;
  running = [];
  for (const each of stopping) each.stop();
});

async function start(settings: ConstructorParameters<typeof Running>[0] = {}): Promise<Running> {
  const each = await new Running(settings).start();
  running.push(each);
  return each;
}

async function open(server: Running, options: Parameters<typeof Client.open>[1] = {}): Promise<Client> {
  const client = await Client.open(server.port, options);
  clients.push(client);
  return client;
}

const errorOf = (message: ServerMessage) => (message.body === 'error' ? errorNamed(message.error.code) : undefined);

async function subscribe(client: Client, request: object, credit = 1 << 20): Promise<ServerMessage> {
  return client.ask({ subscribe: { subscriptionId: 1, topic: 't', credit, start: { beginning: {} }, ...request } });
}

test('hello is answered with limits; ping with the time', async () => {
  const server = await start();
  const client = await open(server);
  const [welcome] = client.messages;
  expect(welcome).toMatchObject({ body: 'welcome', welcome: { version: 1, clusterId: 'test-cluster', nodeId: 1 } });
  expect(welcome?.body === 'welcome' && welcome.welcome.limits).toMatchObject({ messageSizeMax: 8 << 20, requestsMax: 1024 });
  expect(await client.ask({ ping: {} })).toMatchObject({ body: 'pong' });
});

test('what is produced comes back as stored, from the beginning and live, to several subscribers', async () => {
  const server = await start();
  server.cluster.add('t', 2);
  const producer = await open(server);
  expect(await producer.produce('t', batchOf(['a', 'b']))).toMatchObject({ baseOffset: 0, error: null, durability: 2 });
  const [early, late] = [await open(server), await open(server)];
  expect(await subscribe(early, {})).toMatchObject({
    subscribe: {
      partitions: [
        { partition: 0, offset: 0, highWatermark: 2 },
        { partition: 1, offset: 0 },
      ],
    },
  });
  expect(await subscribe(late, { start: { end: {} } })).toMatchObject({
    subscribe: { partitions: [{ offset: 2 }, { offset: 0 }] },
  });
  expect(await producer.produce('t', batchOf(['c']))).toMatchObject({ baseOffset: 2 });
  expect(await producer.produce('t', batchOf(['x']), 1)).toMatchObject({ baseOffset: 0 });
  await early.until(() => early.records.length === 4);
  await late.until(() => late.records.length === 2);
  expect(early.records.filter(({ partition }) => partition === 0).map(({ value, offset }) => [offset, value])).toEqual([
    [0, 'a'],
    [1, 'b'],
    [2, 'c'],
  ]);
  expect([...late.values].sort()).toEqual(['c', 'x']);
});

test('a topic is created by whoever writes to it, unless that is off', async () => {
  const server = await start();
  const client = await open(server);
  expect(await client.produce('fresh', batchOf(['a']))).toMatchObject({ error: null, baseOffset: 0 });
  server.cluster.autoCreateTopics = false;
  const refused = await client.produce('other', batchOf(['a']));
  expect(refused?.error === null ? undefined : errorNamed(refused?.error?.code ?? 0)).toBe('unknown-topic');
  expect(await client.ask({ metadata: { topics: ['fresh', 'other'], createMissing: true } })).toMatchObject({
    metadata: { topics: [{ name: 'fresh' }] },
  });
});

test('batches for one partition keep their order when the ring is full and the topic new', async () => {
  const server = await start();
  const client = await open(server);
  const early = Array.from({ length: 10 }, (_, index) => client.produce('fresh', batchOf([`${index}`])));
  expect((await Promise.all(early)).map((result) => result?.baseOffset)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  server.shard.isFull = true;
  const later = Array.from({ length: 10 }, (_, index) => client.produce('fresh', batchOf([`${10 + index}`])));
  await client.ask({ ping: {} });
  server.shard.free();
  expect((await Promise.all(later)).map((result) => result?.baseOffset)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  await subscribe(client, { topic: 'fresh' });
  await client.until(() => client.records.length === 20);
  expect(client.values).toEqual(Array.from({ length: 20 }, (_, index) => `${index}`));
});

test('without an answer in time nobody knows whether it was stored; what never reached the shard was not', async () => {
  const server = await start();
  server.cluster.add('t', 1);
  const client = await open(server);
  const ask = () => client.ask({ produce: { timeoutMs: 30, entries: [{ topic: 't', partition: 0, batch: batchOf(['a']) }] } });
  server.isAnswering = false;
  const begun = await ask();
  server.shard.isFull = true;
  const waiting = await ask();
  const errors = [begun, waiting].map(
    (reply) => reply.body === 'produce' && errorNamed(reply.produce.results[0]?.error?.code ?? 0),
  );
  expect(errors).toEqual(['timed-out', 'overloaded']);
  server.shard.free();
  server.answerAgain();
  await subscribe(client, {});
  await client.produce('t', batchOf(['b']));
  await client.until(() => client.records.length === 2);
  expect(client.values).toEqual(['a', 'b']);
});

test('acks none is answered at once, and durability that a topic lacks is refused before anything is stored', async () => {
  const server = await start();
  server.cluster.add('t', 1, 'replicated');
  server.shard.partition(0).durability = 'replicated';
  const client = await open(server);
  const none = await client.ask({ produce: { acks: 2, entries: [{ topic: 't', partition: 0, batch: batchOf(['a']) }] } });
  expect(none).toMatchObject({ produce: { results: [{ error: null, durability: 0 }] } });
  const strict = await client.ask({
    produce: { durabilityMin: 2, entries: [{ topic: 't', partition: 0, batch: batchOf(['b']) }] },
  });
  expect(strict.body === 'produce' && errorNamed(strict.produce.results[0]?.error?.code ?? 0)).toBe('durability-unavailable');
  await subscribe(client, {});
  await client.produce('t', batchOf(['c']));
  await client.until(() => client.records.length === 2);
  expect(client.values).toEqual(['a', 'c']);
});

/** Null: it was stored. */
async function refusalOf(client: Client, batch: Uint8Array, acks = 0) {
  const answer = await client.ask({ produce: { acks, entries: [{ topic: 't', partition: 0, batch }] } });
  return answer.body === 'produce' ? answer.produce.results[0]?.error : undefined;
}

test('acks all is refused where fewer replicas are in sync than the topic asks for, and nothing is stored', async () => {
  const server = await start();
  server.cluster.add('t', 1, 'fsync', { 'min.insync.replicas': '2' });
  const client = await open(server);
  const produced = (acks: number, value: string) => refusalOf(client, batchOf([value]), acks);
  const refused = await produced(0, 'a');
  expect(errorNamed(refused?.code ?? 0)).toBe('not-enough-replicas');
  expect(refused?.text).toContain('min.insync.replicas');
  // There is no second replica that could come: who waits, waits in vain.
  expect(refused?.retry).toBe(retries.never);
  expect([await produced(1, 'b'), await produced(2, 'c')]).toEqual([null, null]);
  await subscribe(client, {});
  await client.until(() => client.records.length === 2);
  expect(client.values).toEqual(['b', 'c']);
});

test('timestamps that a topic does not take are refused with the figures', async () => {
  const server = await start();
  server.cluster.add('t', 1, 'fsync', { 'message.timestamp.before.max.ms': '60000' });
  const client = await open(server);
  const produced = (timestamp: number) => refusalOf(client, batchOf(['a'], timestamp));
  const refused = await produced(1_000);
  expect(errorNamed(refused?.code ?? 0)).toBe('invalid-timestamp');
  expect(refused?.text).toContain('behind the clock, and message.timestamp.before.max.ms is 60000');
  expect(await produced(Date.now())).toBe(null);
});

test('a subscriber that stops reading costs bounded bytes, holds nobody up, and gets everything in the end', async () => {
  const server = await start({ unsentSizeMax: 4 << 20 });
  server.cluster.add('t', 1);
  const [slow, quick, producer] = [await open(server), await open(server), await open(server)];
  await subscribe(slow, {}, 1 << 30);
  await subscribe(quick, {}, 1 << 30);
  slow.stall();
  const value = 'v'.repeat(50_000);
  for (let index = 0; index < 600; index++) {
    await producer.produce('t', batchOf([`${index}:${value}`]));
    if (index % 50 === 0) quick.send({ credit: { subscriptionId: 1, size: 1 << 26 } });
  }
  await quick.until(() => quick.records.length === 600);
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const unsent = Number(/^millrace_gateway_unsent_bytes (\d+)$/m.exec(text)?.[1]);
  expect(unsent).toBeLessThanOrEqual(4 << 20);
  expect(text).toMatch(/^millrace_gateway_stalled_connections 1$/m);
  slow.resume();
  await slow.until(() => slow.records.length === 600);
  expect(slow.values.map((each) => Number(each.split(':')[0]))).toEqual(Array.from({ length: 600 }, (_, index) => index));
});

test('credit bounds what is pushed, and more credit goes on without gap or repeat', async () => {
  const server = await start();
  server.cluster.add('t', 1);
  const client = await open(server);
  const size = batchOf(['0']).length;
  for (let index = 0; index < 10; index++) await client.produce('t', batchOf([`${index}`]));
  await subscribe(client, {}, size * 2 + 1);
  await client.until(() => client.records.length === 3);
  await client.ask({ ping: {} });
  await client.ask({ ping: {} });
  expect(client.records).toHaveLength(3);
  for (let count = 4; count <= 10; count++) {
    client.send({ credit: { subscriptionId: 1, size } });
    await client.until(() => client.records.length === count);
  }
  expect(client.values).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
});

test('events: history lost, topic deleted, topic recreated, partition added; behind unsubscribe comes nothing', async () => {
  const server = await start();
  server.cluster.add('t', 1);
  const client = await open(server);
  for (const value of ['a', 'b', 'c']) await client.produce('t', batchOf([value]));
  const log = server.shard.partition(0);
  log.batches = log.batches.slice(1);
  log.logStart = 1;
  await subscribe(client, { start: { offset: 0 }, includeNewPartitions: true });
  await client.until(() => client.records.length === 2);
  expect(client.events()).toEqual(['historyLost']);
  server.cluster.grow('t', 2);
  await client.until(() => client.events().length === 2);
  expect(client.events()[1]).toBe('added');
  await client.produce('t', batchOf(['new']), 1);
  await client.until(() => client.values.includes('new'));
  server.cluster.recreate('t', 1);
  await client.until(() => client.events().includes('recreated'));
  await client.produce('t', batchOf(['again']));
  await client.until(() => client.values.includes('again'));
  server.cluster.remove('t');
  await client.until(() => client.events().includes('deleted'));
  expect(await client.ask({ unsubscribe: { subscriptionId: 1 } })).toMatchObject({ body: 'unsubscribe' });
  server.cluster.add('t', 1);
  const known = client.records.length;
  await client.produce('t', batchOf(['unseen']));
  await client.ask({ ping: {} });
  expect(client.records).toHaveLength(known);
});

test('a position from another topic or a longer log is told so', async () => {
  const server = await start();
  const topic = server.cluster.add('t', 1);
  const client = await open(server);
  for (const value of ['a', 'b']) await client.produce('t', batchOf([value]));
  server.shard.partition(0).leaderEpoch = 5;
  await client.produce('t', batchOf(['c']));
  const id = Buffer.from(topic.topicId, 'hex');
  const resume = (position: object, subscriptionId: number) => subscribe(client, { subscriptionId, start: { position } });
  expect(await resume({ topicId: id, offset: 2, leaderEpoch: 1 }, 1)).toMatchObject({
    subscribe: { partitions: [{ offset: 2 }] },
  });
  await client.ask({ unsubscribe: { subscriptionId: 1 } });
  expect(await resume({ topicId: id, offset: 9, leaderEpoch: 3 }, 2)).toMatchObject({
    subscribe: { partitions: [{ offset: 2 }] },
  });
  await client.ask({ unsubscribe: { subscriptionId: 2 } });
  expect(await resume({ topicId: new Uint8Array(16), offset: 9 }, 3)).toMatchObject({
    subscribe: { partitions: [{ offset: 0 }] },
  });
  await client.until(() => client.events().length === 2);
  expect(client.events()).toEqual(['truncated', 'recreated']);
});

test('fetch: at once, waiting for bytes, and positions that are not in the log', async () => {
  const server = await start();
  const topic = server.cluster.add('t', 1);
  const client = await open(server);
  await client.produce('t', batchOf(['a']));
  const size = batchOf(['a']).length;
  expect(await client.ask({ fetch: { topic: 't', offset: 0 } })).toMatchObject({ fetch: { nextOffset: 1, highWatermark: 1 } });
  const waiting = client.ask({ fetch: { topic: 't', offset: 1, sizeMin: size * 2, waitMs: 50_000 } });
  await client.produce('t', batchOf(['b']));
  await client.ask({ ping: {} });
  await client.produce('t', batchOf(['c']));
  expect(await waiting).toMatchObject({ fetch: { nextOffset: 3 } });
  expect(await client.ask({ fetch: { topic: 't', offset: 3, sizeMin: 1, waitMs: 30 } })).toMatchObject({
    fetch: { nextOffset: 3 },
  });
  expect(errorOf(await client.ask({ fetch: { topic: 't', offset: 9 } }))).toBe('offset-out-of-range');
  expect(await client.ask({ fetch: { topic: 't', offset: 9, topicId: new Uint8Array(16) } })).toMatchObject({
    fetch: { diverged: 'recreated' },
  });
  server.shard.partition(0).leaderEpoch = 4;
  const id = Buffer.from(topic.topicId, 'hex');
  expect(await client.ask({ fetch: { topic: 't', offset: 7, leaderEpoch: 3, topicId: id } })).toMatchObject({
    fetch: { diverged: 'truncated', truncated: { offset: 3 } },
  });
  server.shard.partition(0).logStart = 2;
  expect(await client.ask({ fetch: { topic: 't', offset: 0 } })).toMatchObject({
    fetch: { diverged: 'historyLost', historyLost: { offset: 2 } },
  });
  expect(errorOf(await client.ask({ fetch: { topic: 'none', offset: 0 } }))).toBe('unknown-topic');
  expect(errorOf(await client.ask({ fetch: { topic: 't', partition: 4, offset: 0 } }))).toBe('unknown-partition');
});

test('offsets by time, topics, producers, the node', async () => {
  const server = await start();
  const client = await open(server);
  expect(await client.ask({ createTopic: { name: 't', partitions: 2 } })).toMatchObject({
    createTopic: { topic: { name: 't' } },
  });
  expect(errorOf(await client.ask({ createTopic: { name: 't' } }))).toBe('topic-exists');
  await client.produce('t', batchOf(['a'], 100));
  await client.produce('t', batchOf(['b'], 200));
  const listed = await client.ask({ listOffsets: { topic: 't', at: { timestampMs: 150 } } });
  expect(listed).toMatchObject({
    listOffsets: {
      offsets: [
        { offset: 1, timestampMs: 200 },
        { offset: 0, timestampMs: null },
      ],
    },
  });
  expect(await client.ask({ addPartitions: { name: 't', partitions: 3 } })).toMatchObject({ body: 'addPartitions' });
  expect(await client.ask({ alterTopic: { name: 't', set: { 'retention.ms': '5' } } })).toMatchObject({ body: 'alterTopic' });
  const described = await client.ask({ describeTopic: { name: 't' } });
  expect(described).toMatchObject({
    describeTopic: { usage: [{ highWatermark: 2 }, {}, {}], configs: [{ name: 'retention.ms', value: '5', source: 2 }] },
  });
  expect(await client.ask({ allocateProducer: {} })).toMatchObject({ allocateProducer: { producerId: 1 } });
  expect(await client.ask({ allocateProducer: {} })).toMatchObject({ allocateProducer: { producerId: 2 } });
  expect(await client.ask({ describeNode: {} })).toMatchObject({
    describeNode: { isReady: true, shards: 1, connections: 1, diskFree: 8 },
  });
  expect(await client.ask({ deleteTopic: { name: 't' } })).toMatchObject({ body: 'deleteTopic' });
  expect(errorOf(await client.ask({ deleteTopic: { name: 't' } }))).toBe('unknown-topic');
});

test.each([
  ['text', (client: Client) => client.socket.send('hello'), 4001, 'malformed'],
  ['random bytes', (client: Client) => client.socket.send(Uint8Array.of(255, 255, 255, 1)), 4001, 'malformed'],
  ['nothing', (client: Client) => client.socket.send(new Uint8Array(0)), 4003, 'out-of-order'],
  ['a second hello', (client: Client) => client.send({ requestId: 9, hello: { version: 1 } }), 4003, 'out-of-order'],
  ['a request without an id', (client: Client) => client.send({ ping: {} }), 4003, 'out-of-order'],
  ['a message that is too large', (client: Client) => client.socket.send(new Uint8Array((8 << 20) + 1)), 1009, 'limit-exceeded'],
  [
    'a cut message',
    (client: Client) => client.socket.send(encodeClientMessage({ requestId: 4, metadata: { topics: ['abc'] } }).subarray(0, 6)),
    4001,
    'malformed',
  ],
])('%s: a typed error, then the close; nobody else is hurt', async (_name, send, code, error) => {
  const server = await start();
  server.cluster.add('t', 1);
  const [bad, good] = [await open(server), await open(server)];
  await subscribe(good, {});
  await subscribe(bad, {});
  send(bad);
  await bad.until(() => bad.closed !== undefined);
  expect(bad.closed).toEqual({ code, reason: error });
  expect(errorOf(bad.messages.at(-1) as ServerMessage)).toBe(error);
  await good.produce('t', batchOf(['a']));
  await good.until(() => good.records.length === 1);
  expect(bad.records).toHaveLength(0);
});

test('far too large a message ends its connection', async () => {
  const server = await start();
  const bad = await open(server);
  bad.socket.send(new Uint8Array(20 << 20));
  await bad.until(() => bad.closed !== undefined);
  expect(server.gateway.connections).toBe(0);
});

test('an id that is under way closes; more requests than announced are refused', async () => {
  const limits = (await import('../../ts/gateway/settings.js')).defaultLimits;
  const server = await start({ limits: { ...limits, requestsMax: 2 } });
  server.cluster.add('t', 1);
  const client = await open(server);
  server.isAnswering = false;
  const fetches = [client.ask({ fetch: { topic: 't' } }), client.ask({ fetch: { topic: 't' } })];
  expect(errorOf(await client.ask({ ping: {} }))).toBe('limit-exceeded');
  server.answerAgain();
  await Promise.all(fetches);
  server.isAnswering = false;
  client.send({ requestId: 50, fetch: { topic: 't' } });
  client.send({ requestId: 50, fetch: { topic: 't' } });
  await client.until(() => client.closed !== undefined);
  expect(client.closed?.code).toBe(4003);
});

test('silence is ended, before hello and after', async () => {
  const limits = (await import('../../ts/gateway/settings.js')).defaultLimits;
  const server = await start({ limits: { ...limits, helloMsMax: 10, idleMsMax: 10 } });
  const mute = new Client(server.port);
  clients.push(mute);
  await mute.connected();
  const idle = await open(server);
  await mute.until(() => mute.closed !== undefined);
  await idle.until(() => idle.closed !== undefined);
  expect([mute.closed?.code, idle.closed?.code]).toEqual([4005, 4005]);
});

test('other names, other origins and other subprotocols get no socket', async () => {
  const server = await start({ advertised: ['node.example'], origins: ['https://ui.example'] });
  const attempt = async (headers: Record<string, string>, protocol = 'millrace.v1') => {
    const client = new Client(server.port, { headers, protocol });
    clients.push(client);
    return client.connected().then(
      () => 'open',
      (error: Error) => /\d{3}/.exec(error.message)?.[0],
    );
  };
  const origin = `http://127.0.0.1:${server.port}`;
  expect(await attempt({})).toBe('open');
  expect(await attempt({ Origin: origin })).toBe('open');
  expect(await attempt({ Origin: 'https://ui.example' })).toBe('open');
  expect(await attempt({ Host: 'node.example' })).toBe('open');
  expect(await attempt({ Origin: 'http://evil.example' })).toBe('403');
  expect(await attempt({ Origin: 'null' })).toBe('403');
  expect(await attempt({ Host: 'evil.example' })).toBe('403');
  expect(await attempt({}, 'other')).toBe('400');
});

test('too many connections are turned away', async () => {
  const server = await start({ connectionsMax: 2 });
  await open(server);
  const second = await open(server);
  await expect(open(server)).rejects.toThrow('503');
  second.close();
  await second.until(() => second.closed !== undefined);
  for (let tries = 0; server.gateway.connections > 1 && tries < 1000; tries++)
    await new Promise((resolve) => setImmediate(resolve));
  await open(server);
});

test('drain: no new connections, a goodbye, answers that are owed; then the close', async () => {
  const server = await start();
  server.cluster.add('t', 1);
  const client = await open(server);
  server.isAnswering = false;
  const owed = client.produce('t', batchOf(['a']));
  await new Promise((resolve) => setTimeout(resolve, 20));
  const draining = server.gateway.drain('upgrade', { reconnectAfterMs: 500, waitMs: 10_000 });
  await client.until(() => client.messages.some(({ body }) => body === 'goodbye'));
  expect(client.messages.at(-1)).toMatchObject({ goodbye: { reason: 'upgrade', reconnectAfterMs: 500 } });
  await expect(open(server)).rejects.toThrow();
  // What comes now would hold off the end: it is refused at once, and the connection lives on until the end.
  const refused = { error: { code: errors['shutting-down'].code, retry: retries.reconnect } };
  expect(await client.ask({ fetch: { topic: 't', offset: 1, sizeMin: 1, waitMs: 50_000 } })).toMatchObject(refused);
  expect(await client.ask({ produce: { entries: [{ topic: 't', partition: 0, batch: batchOf(['b']) }] } })).toMatchObject(
    refused,
  );
  client.send({ credit: { subscriptionId: 1, size: 1 } });
  server.answerAgain();
  expect(await owed).toMatchObject({ error: null });
  expect(await draining).toBe(true);
  server.gateway.close();
  await client.until(() => client.closed !== undefined);
  expect(client.closed).toEqual({ code: 4006, reason: 'shutting-down' });
});

test('drain answers fetches that wait, so that nobody waits for them', async () => {
  const server = await start();
  server.cluster.add('t', 1);
  const client = await open(server);
  const waiting = client.ask({ fetch: { topic: 't', sizeMin: 1, waitMs: 50_000 } });
  await client.ask({ ping: {} });
  await client.ask({ listOffsets: { topic: 't' } });
  expect(await server.gateway.drain('stop', { reconnectAfterMs: 0, waitMs: 40_000 })).toBe(true);
  expect(await waiting).toMatchObject({ fetch: { nextOffset: 0, highWatermark: 0 } });
});

/** One request on a connection of an agent: status, headers that matter here, body. */
function ask(agent: Agent, port: number, path: string, body?: string) {
  return new Promise<{ status: number; connection: string; retryAfter: string; body: string }>((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const sent = request({ agent, port, path, method, headers: { 'content-type': 'application/octet-stream' } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      const { connection = '', 'retry-after': retryAfter = '' } = response.headers;
      response.on('end', () => resolve({ status: response.statusCode ?? 0, connection, retryAfter, body: text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

test('drain waits for HTTP requests that are under way, and turns away those that come', async () => {
  const server = await start();
  server.cluster.add('t', 1);
  const agents = [new Agent({ keepAlive: true, maxSockets: 1 }), new Agent({ keepAlive: true, maxSockets: 1 })] as const;
  for (const agent of agents) expect(await ask(agent, server.port, '/healthz')).toMatchObject({ status: 200 });
  server.isAnswering = false;
  const owed = ask(agents[0], server.port, '/api/v1/topics/t/records', 'one');
  while (server.shard.pending.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const draining = server.gateway.drain('upgrade', { reconnectAfterMs: 1500, waitMs: 10_000 });
  const refused = { status: 503, connection: 'close', retryAfter: '2', body: expect.stringContaining('shutting down') };
  expect(await ask(agents[1], server.port, '/healthz')).toMatchObject(refused);
  server.answerAgain();
  expect(await owed).toMatchObject({ status: 200, connection: 'close' });
  expect(await draining).toBe(true);
  server.gateway.close();
  for (const agent of agents) agent.destroy();
});

test('drain waits no longer than it may, and not for those who went away', async () => {
  const server = await start();
  server.cluster.add('t', 1);
  server.isAnswering = false;
  const agent = new Agent();
  const lost = ask(agent, server.port, '/api/v1/topics/t/records', 'one');
  while (server.shard.pending.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(await server.gateway.drain('upgrade', { reconnectAfterMs: 0, waitMs: 20 })).toBe(false);
  agent.destroy();
  await expect(lost).rejects.toThrow();
  expect(await server.gateway.drain('upgrade', { reconnectAfterMs: 0, waitMs: 10_000 })).toBe(true);
  server.gateway.close();
});

test('an answer that its reader takes slowly leaves whole before the end', async () => {
  const server = await start();
  const socket = createConnection(server.port, '127.0.0.1').pause();
  socket.write('GET /large.js HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
  await new Promise((resolve) => setTimeout(resolve, 50));
  const draining = server.gateway.drain('upgrade', { reconnectAfterMs: 0, waitMs: 10_000 }).then((isDone) => {
    server.gateway.close();
    return isDone;
  });
  let size = 0;
  for await (const piece of socket) size += (piece as Buffer).length;
  expect(await draining).toBe(true);
  expect(size).toBeGreaterThan(large.length);
});

test('a port that is taken is no port', async () => {
  const server = await start();
  const second = new Running({ port: server.port });
  expect(await second.gateway.listen()).toBeUndefined();
  second.gateway.close();
});

test('answers of one wake-up come all, in any order of requests, and before the close', async () => {
  const server = await start();
  server.cluster.add('t', 1);
  const client = await open(server);
  server.isAnswering = false;
  const asked = Array.from({ length: 50 }, (_, index) => client.produce('t', batchOf([`${index}`])));
  for (let tries = 0; server.shard.pending.length < 50 && tries < 10_000; tries++)
    await new Promise((resolve) => setImmediate(resolve));
  server.answerAgain();
  expect((await Promise.all(asked)).map((result) => result?.baseOffset)).toEqual(Array.from({ length: 50 }, (_, index) => index));
  // The answer to the ping is still waiting to leave when the next message closes the connection.
  const pong = client.ask({ ping: {} });
  client.socket.send('text');
  expect(await pong).toMatchObject({ body: 'pong' });
  await client.until(() => client.closed !== undefined);
  expect(client.closed?.code).toBe(4001);
});

test('thousands of subscribers get every record once, and are forgotten when they leave', async () => {
  const server = await start();
  server.cluster.add('t', 1);
  const producer = await open(server);
  const subscribers: Client[] = [];
  for (let index = 0; index < 2000; index += 100) {
    const some = await Promise.all(Array.from({ length: 100 }, () => open(server)));
    await Promise.all(some.map((client) => subscribe(client, { start: { end: {} } })));
    subscribers.push(...some);
  }
  for (let index = 0; index < 20; index++) await producer.produce('t', batchOf([`${index}`]));
  await Promise.all(subscribers.map((client) => client.until(() => client.records.length === 20)));
  const expected = Array.from({ length: 20 }, (_, index) => `${index}`).join();
  expect(subscribers.every((client) => client.values.join() === expected)).toBe(true);
  for (const client of subscribers) client.close();
  await producer.until(() => true);
  for (let tries = 0; server.gateway.connections > 1 && tries < 10_000; tries++)
    await new Promise((resolve) => setImmediate(resolve));
  const described = await producer.ask({ describeNode: {} });
  expect(described).toMatchObject({ describeNode: { connections: 1, subscriptions: 0 } });
  await producer.produce('t', batchOf(['last']));
});
