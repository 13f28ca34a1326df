import { expect, test } from 'vitest';
import { systemClock } from '../../ts/sdk/core/clock.js';
import { Connection } from '../../ts/sdk/core/connection/connection.js';
import type { Transport, TransportEvents } from '../../ts/sdk/core/connection/transport.js';
import type { ServerMessage } from '../../ts/wire/proto/generated/messages.js';
import { type Draft, decodeClientMessage, encodeServerMessage } from '../../ts/wire/proto/messages.js';
import { until } from './model-client.js';
import { wireError } from './model-session.js';

const settings = {
  url: 'ws://x/v1',
  client: 'test',
  requestTimeoutMs: 500,
  backoff: { firstMs: 1, mostMs: 2 },
  connectTimeoutMs: 500,
  silenceMsMax: 500,
};
const welcome = { version: 1, clusterId: 'c', limits: {} };

/** A server that answers as each test says. */
function scripted(answer: (body: string | undefined, requestId: number) => readonly Draft<ServerMessage>[] | 'close' | 'noise') {
  const dialed: TransportEvents[] = [];
  const heard: (string | undefined)[] = [];
  const dial = (_url: string, events: TransportEvents): Transport => {
    dialed.push(events);
    setImmediate(() => events.onOpen());
    return {
      send: (bytes) => {
        const message = decodeClientMessage(bytes);
        if (!message.ok) throw new Error(message.error);
        heard.push(message.value.body);
        const { body, requestId } = message.value;
        const answers = body === 'hello' ? [{ requestId, welcome }] : answer(body, requestId);
        setImmediate(() => {
          if (answers === 'close') events.onClose({ code: 1006, reason: '' });
          else if (answers === 'noise') events.onMessage(Uint8Array.of(255, 255, 255));
          else for (const one of answers) events.onMessage(encodeServerMessage(one));
        });
      },
      close: () => undefined,
    };
  };
  const connection = new Connection(settings, { dial, clock: systemClock, chance: Math.random, observe: () => undefined });
  return { connection, dialed, heard };
}

test('answers find their requests, in whatever order they come', async () => {
  const held: Draft<ServerMessage>[] = [];
  const { connection } = scripted((_body, requestId) => {
    held.push({ requestId, pong: { nowMs: requestId } });
    return held.length === 3 ? [...held].reverse() : [];
  });
  await connection.opened(1000);
  const answers = await Promise.all([1, 2, 3].map(() => connection.ask({ ping: {} }, 'pong')));
  expect(answers.map(({ nowMs }) => nowMs)).toEqual([...answers.map(({ nowMs }) => nowMs)].sort());
  connection.close();
});

test('an error is thrown as what it is, and so is an answer to another question', async () => {
  const { connection } = scripted((body, requestId) =>
    body === 'ping' ? [{ requestId, error: wireError('overloaded') }] : [{ requestId, pong: {} }],
  );
  await connection.opened(1000);
  await expect(connection.ask({ ping: {} }, 'pong')).rejects.toMatchObject({ name: 'LimitError', code: 'overloaded' });
  await expect(connection.ask({ metadata: {} }, 'metadata')).rejects.toMatchObject({ code: 'unexpected-reply' });
  connection.close();
});

test('a request without an answer times out, and its late answer disturbs nobody', async () => {
  const late: number[] = [];
  const { connection, dialed } = scripted((_body, requestId) => {
    late.push(requestId);
    return [];
  });
  await connection.opened(1000);
  await expect(connection.ask({ ping: {} }, 'pong', 5)).rejects.toMatchObject({ name: 'TimeoutError', code: 'timed-out' });
  expect(connection.requestsCount).toBe(1);
  dialed[0]?.onMessage(encodeServerMessage({ requestId: late[0] ?? 0, pong: {} }));
  expect([connection.requestsCount, dialed.length]).toEqual([0, 1]);
  connection.close();
});

for (const [what, reply] of [
  ['noise', 'noise'],
  ['an answer to nothing', [{ requestId: 4711, pong: {} }]],
] as const) {
  test(`${what} from the server is no reason to trust what comes next: the session begins anew`, async () => {
    let count = 0;
    const { connection, dialed } = scripted((_body, requestId) => (count++ === 0 ? reply : [{ requestId, pong: {} }]));
    await connection.opened(1000);
    await expect(connection.ask({ ping: {} }, 'pong')).rejects.toMatchObject({ code: 'connection-lost', isRetriable: true });
    await connection.call({ ping: {} }, 'pong');
    expect([dialed.length, connection.session]).toEqual([2, 2]);
    connection.close();
  });
}

test('what fails for good ends it: every call says so', async () => {
  const { connection, dialed } = scripted(() => [{ error: wireError('malformed') }]);
  const ends: unknown[] = [];
  connection.listen({ onEnd: (error) => ends.push(error) });
  await connection.opened(1000);
  await expect(connection.ask({ ping: {} }, 'pong')).rejects.toMatchObject({ code: 'malformed' });
  await expect(connection.opened(10)).rejects.toMatchObject({ code: 'malformed' });
  expect([ends.length, dialed.length]).toEqual([1, 1]);
});

test('an error about the connection that is not for good is followed by another attempt', async () => {
  let count = 0;
  const { connection, dialed } = scripted((_body, requestId) =>
    count++ === 0 ? [{ error: wireError('idle') }] : [{ requestId, pong: {} }],
  );
  await connection.opened(1000);
  const first = connection.ask({ ping: {} }, 'pong').catch((error) => error.code);
  await until(() => connection.lastFailure.includes('nothing came'));
  dialed[0]?.onClose({ code: 4005, reason: '' });
  expect(await first).toBe('connection-lost');
  await connection.call({ ping: {} }, 'pong');
  connection.close();
});

test('bodies of a newer server are let pass', async () => {
  const { connection, dialed } = scripted((_body, requestId) => [{ requestId, pong: {} }]);
  await connection.opened(1000);
  dialed[0]?.onMessage(Uint8Array.of(0xfa, 0x3f, 0));
  await connection.ask({ ping: {} }, 'pong');
  expect(dialed.length).toBe(1);
  connection.close();
});

test('a server that falls silent is given up', async () => {
  const { connection, dialed, heard } = scripted(() => []);
  await connection.opened(1000);
  connection.wake();
  await until(() => dialed.length > 1);
  expect(heard).toContain('ping');
  connection.close();
});
