import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../ts/native/load.js';
import { Net } from '../../ts/native/net.js';
import { closeCodes, refuseCodes } from '../../ts/native/net-words.js';
import { Client, Door, framed, pattern, until } from './door.js';

it('names ends as the native side does', () => {
  expect(JSON.parse(loadAddon().describeNetCodes())).toEqual({ close: closeCodes, refuse: refuseCodes });
});

describe.each(['epoll', 'uring'] as const)('sockets of the Kafka door by %s', (sockets) => {
  it('hands out pipelined frames that come in pieces, and sends their answers in order', async () => {
    const door = new Door({ sockets });
    expect(door.net.sockets).toBe(sockets);
    const client = await Client.connect(door.port);
    const sent = Buffer.concat(Array.from({ length: 60 }, (_, index) => framed(pattern((index * index * 29) % 70_000, index))));
    for (let at = 0; at < sent.length; at += 33_333) {
      client.socket.write(sent.subarray(at, at + 33_333));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => client.size === sent.length);
    expect(client.received.equals(sent)).toBe(true);
    const counters = door.net.counters();
    expect(counters.frames).toBe(60);
    expect(counters.receivedSize).toBe(sent.length);
    expect(door.net.peer(door.accepted[0] ?? 0)).toBe(`127.0.0.1:${client.socket.localPort}`);
    client.socket.end();
    await until(() => door.closed.size === 1);
    expect([...door.closed.values()]).toEqual([{ code: 'peer-closed', first: undefined }]);
    expect(door.net.counters().poolUsed).toBe(0);
    await until(() => client.hasEnded);
  });

  it('receives a frame that is larger than the pool into a room of its own', async () => {
    const door = new Door({ sockets });
    const client = await Client.connect(door.port);
    const body = pattern(6 << 20, 1);
    const sent = framed(body);
    door.onFrame = ({ connection, place, bytes }) => {
      expect(bytes.equals(body)).toBe(true);
      expect(door.roomsSize).toBe(sent.length);
      door.net.send(connection, framed(Buffer.from('taken')));
      door.net.release(place);
      door.net.answered(connection);
    };
    client.socket.write(sent);
    await until(() => client.size > 0);
    await until(() => door.roomsSize === 0);
    // Received in place, all but what came before the size was known.
    expect(door.net.counters().movedSize).toBeLessThanOrEqual(16 << 10);
    door.onRoomWanted = () => undefined;
    client.socket.write(sent.subarray(0, 1 << 20));
    await until(() => door.closed.size === 1);
    expect([...door.closed.values()]).toMatchObject([{ code: 'room-refused', partial: { size: sent.length } }]);
  });

  it('goes on with what a slow reader had no room for, with the same bytes', async () => {
    const door = new Door({ sockets });
    const spans = Array.from({ length: 400 }, (_, index) => pattern(50_000 + index, index));
    let next = 0;
    let offset = 0;
    const push = (connection: number) => {
      for (let index = next; index < spans.length; index++) {
        // Looked up again, from where the last flush ended; and lent: nobody may read it behind the flush.
        const copy = Buffer.from(spans[index]?.subarray(index === next ? offset : 0) ?? []);
        door.net.sendSpan(connection, copy);
        lent.push(copy);
      }
      const known = door.unfinished.length;
      door.flush();
      for (const copy of lent.splice(0)) copy.fill(0);
      const told = door.unfinished[known];
      if (told === undefined) {
        next = spans.length;
        return;
      }
      offset = told.partSizeTaken + (told.partsTaken === 0 ? offset : 0);
      next += told.partsTaken;
    };
    const lent: Buffer[] = [];
    door.onFrame = ({ connection, place }) => {
      push(connection);
      door.net.release(place);
      door.net.answered(connection);
    };
    door.onWritable = push;
    const client = await Client.connect(door.port);
    client.socket.pause();
    client.socket.write(framed(Buffer.from('all of it')));
    await until(() => door.unfinished.length > 0);
    expect(next).toBeLessThan(spans.length);
    // Of the span that was cut the rest is kept, and nothing else.
    expect(door.net.keptSize).toBeGreaterThan(0);
    expect(door.net.keptSize).toBeLessThanOrEqual(56 << 10);
    client.socket.resume();
    const expected = Buffer.concat(spans);
    await until(() => client.size === expected.length);
    expect(client.received.equals(expected)).toBe(true);
    expect(door.writable.length).toBeGreaterThan(0);
    await until(() => door.net.keptSize === 0);
  });

  it('tells how much of a frame had come when its connection was reset', async () => {
    const door = new Door({ sockets });
    const sent = framed(pattern(1000, 1));
    for (const [index, size] of [2, 300].entries()) {
      const client = await Client.connect(door.port);
      const received = door.net.counters().receivedSize;
      client.socket.on('error', () => undefined).write(sent.subarray(0, size));
      await until(() => door.net.counters().receivedSize === received + size);
      client.socket.resetAndDestroy();
      await until(() => door.closed.size === index + 1);
    }
    expect([...door.closed.values()]).toEqual([
      { code: 'peer-reset', first: undefined, partial: { receivedSize: 2, size: undefined } },
      { code: 'peer-reset', first: undefined, partial: { receivedSize: 300, size: 1004 } },
    ]);
  });

  it('recognises what is not Kafka, and serves the others', async () => {
    const door = new Door({ sockets });
    const good = await Client.connect(door.port);
    await until(() => door.accepted.length === 1);
    const browser = await Client.connect(door.port);
    browser.socket.write('GET /metrics HTTP/1.1\r\n\r\n');
    await until(() => door.closed.size === 1);
    expect([...door.closed.values()]).toEqual([{ code: 'http', first: String.raw`GET /metrics HTTP/1.1\r\n\r\n` }]);
    const tls = await Client.connect(door.port);
    tls.socket.write(Buffer.from([0x16, 3, 1, 2, 0, 1, 0]));
    await until(() => door.closed.size === 2);
    expect([...door.closed.values()][1]?.code).toBe('tls');
    await until(() => browser.hasEnded && tls.hasEnded);
    const sent = framed(Buffer.from('still served'));
    good.socket.write(sent);
    await until(() => good.size === sent.length);
  });

  it('keeps nothing of connections that came and went', async () => {
    const door = new Door({ sockets });
    const round = async (count: number) => {
      const sent = framed(pattern(100, 1));
      const clients = await Promise.all(Array.from({ length: count }, () => Client.connect(door.port)));
      for (const client of clients) client.socket.write(sent);
      await until(() => clients.every((client) => client.size === sent.length));
      for (const client of clients) client.socket.destroy();
      await until(() => door.net.connectionsCount === 0);
    };
    for (let index = 0; index < 5; index++) await round(100);
    const before = process.memoryUsage().rss;
    for (let index = 0; index < 20; index++) await round(100);
    expect(door.net.counters()).toMatchObject({ accepted: 2500, closed: 2500, poolUsed: 0, waiting: 0 });
    expect(new Set(door.accepted).size).toBe(2500);
    // 2,000 connections, each of which would have left its chunk, would be 32 MiB.
    expect(process.memoryUsage().rss - before).toBeLessThan(24 << 20);
  });

  it('sleeps while nothing happens, and closes who is idle', async () => {
    const door = new Door({ sockets, idleMs: 60_000 });
    const client = await Client.connect(door.port);
    await until(() => door.accepted.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const { turns } = door.net.counters();
    for (let index = 0; index < 1000; index++) await new Promise((resolve) => setImmediate(resolve));
    expect(door.net.counters().turns).toBe(turns);
    door.laterMs = 61_000;
    door.turn();
    await until(() => client.hasEnded);
    expect([...door.closed.values()]).toEqual([{ code: 'idle', first: undefined }]);
  });

  it('drains: what is under way is answered, nothing else is begun', async () => {
    const door = new Door({ sockets });
    const held: (() => void)[] = [];
    door.onFrame = (frame) => void held.push(() => door.echo(frame));
    const [busy, idle] = [await Client.connect(door.port), await Client.connect(door.port)];
    const sent = framed(Buffer.from('under way'));
    busy.socket.write(sent);
    await until(() => held.length === 1);
    door.net.drain();
    door.turn();
    await until(() => idle.hasEnded);
    expect(busy.hasEnded).toBe(false);
    idle.socket.end();
    held[0]?.();
    door.flush();
    door.turn();
    await until(() => busy.hasEnded);
    busy.socket.end();
    expect(busy.received.equals(sent)).toBe(true);
    await until(() => door.net.connectionsCount === 0);
    expect([...door.closed.values()].map(({ code }) => code)).toEqual(['drained', 'drained']);
    const late = await Client.connect(door.port).then(
      () => 'connected',
      () => 'refused',
    );
    expect(late).toBe('refused');
  });

  it('says which address is in use', () => {
    const door = new Door({ sockets });
    const other = Net.open({ pool: new Uint8Array(1 << 20), sockets });
    if (!other.ok) expect.fail(other.error.message);
    const refused = other.value.listen('127.0.0.1', door.port);
    expect(refused).toEqual({
      ok: false,
      error: { code: 'in-use', message: `127.0.0.1:${door.port} is in use by another listener` },
    });
    expect(other.value.listen('localhost', 0)).toMatchObject({ ok: false, error: { code: 'wrong-setting' } });
    other.value.shut();
  });
});

it('refuses settings that cannot hold', () => {
  const pool = new Uint8Array(1 << 20);
  expect(Net.open({ pool, frameSizeMax: 1 << 30 })).toMatchObject({ ok: false, error: { code: 'wrong-setting' } });
  expect(Net.open({ pool, chunkSize: 1 << 18 })).toMatchObject({ ok: false, error: { code: 'wrong-setting' } });
  expect(Net.open({ pool, inFlightMax: 0 })).toMatchObject({ ok: false, error: { code: 'wrong-setting' } });
});
