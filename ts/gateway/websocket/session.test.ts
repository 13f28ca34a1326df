import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BodyName, type Incoming, Session, type SessionLimits } from './session.js';

const limits: SessionLimits = {
  messageSizeMax: 1000,
  batchSizeMax: 500,
  requestsMax: 3,
  produceSizeInFlightMax: 800,
  subscriptionsMax: 2,
  creditMax: 10_000,
  fetchSizeMax: 1000,
  idleMsMax: 60_000,
  helloMsMax: 5_000,
};

const hello: Incoming = { requestId: 1, body: 'hello', size: 10, version: 1 };
const message = (requestId: number, body: BodyName | undefined, size = 10): Incoming => ({ requestId, body, size });

function opened(): Session {
  const session = new Session(limits, 0);
  expect(session.onMessage(hello, 0)).toEqual({ do: 'welcome' });
  return session;
}

test('hello comes first, once, with a version that is spoken here', () => {
  expect(new Session(limits, 0).onMessage(message(1, 'ping'), 0)).toMatchObject({
    code: 4003,
    failure: { error: 'out-of-order' },
  });
  expect(new Session(limits, 0).onMessage({ ...hello, version: 0 }, 0)).toMatchObject({
    failure: { error: 'unsupported-version' },
  });
  expect(new Session(limits, 0).onMessage({ ...hello, version: 9 }, 0)).toEqual({ do: 'welcome' });
  expect(new Session(limits, 0).onMessage({ ...hello, requestId: 0 }, 0)).toMatchObject({ failure: { error: 'out-of-order' } });
  expect(opened().onMessage(hello, 0)).toMatchObject({ do: 'close', failure: { error: 'out-of-order' } });
});

test('ids: none, one that is under way, one that is free again', () => {
  expect(opened().onMessage(message(0, 'ping'), 0)).toMatchObject({ do: 'close', failure: { error: 'out-of-order' } });
  const session = opened();
  expect(session.onMessage(message(7, 'fetch'), 0)).toEqual({ do: 'begin' });
  session.onAnswered(7);
  expect(session.onMessage(message(7, 'fetch'), 0)).toEqual({ do: 'begin' });
  expect(session.onMessage(message(7, 'fetch'), 0)).toMatchObject({ do: 'close', code: 4003 });
  expect(session.onMessage(message(8, 'fetch'), 0)).toEqual({ do: 'nothing' });
});

test('credit has no id, and no answer', () => {
  expect(opened().onMessage(message(0, 'credit'), 0)).toEqual({ do: 'begin' });
  expect(opened().onMessage(message(5, 'credit'), 0)).toMatchObject({ do: 'close', failure: { error: 'malformed' } });
});

test('what is unknown or too much is refused, and the connection lives on', () => {
  const session = opened();
  expect(session.onMessage(message(1, undefined), 0)).toMatchObject({ do: 'refuse', failure: { error: 'invalid-request' } });
  for (const id of [1, 2, 3]) expect(session.onMessage(message(id, 'fetch'), 0)).toEqual({ do: 'begin' });
  expect(session.onMessage(message(4, 'ping'), 0)).toMatchObject({
    do: 'refuse',
    failure: { error: 'limit-exceeded', retry: 'later' },
  });
  session.onAnswered(2);
  expect(session.onMessage(message(4, 'ping'), 0)).toEqual({ do: 'begin' });
});

test('bytes of produce requests are counted until they are answered', () => {
  const session = opened();
  expect(session.onMessage(message(1, 'produce', 900), 0)).toEqual({ do: 'begin' });
  expect(session.onMessage(message(2, 'produce', 1), 0)).toMatchObject({ do: 'refuse', failure: { error: 'limit-exceeded' } });
  session.onAnswered(1);
  expect(session.onMessage(message(2, 'produce', 400), 0)).toEqual({ do: 'begin' });
  expect(session.onMessage(message(3, 'produce', 400), 0)).toEqual({ do: 'begin' });
  expect(session.produceSize).toBe(800);
});

test('silence closes: before hello soon, later after a while', () => {
  expect(new Session(limits, 0).onTime(5_001)).toMatchObject({ do: 'close', code: 4005, failure: { error: 'idle' } });
  const session = opened();
  expect(session.onTime(59_000)).toEqual({ do: 'nothing' });
  session.onMessage(message(1, 'ping'), 59_000);
  expect(session.onTime(100_000)).toEqual({ do: 'nothing' });
  expect(session.onTime(119_001)).toMatchObject({ do: 'close' });
  expect(session.onTime(500_000)).toEqual({ do: 'nothing' });
});

test('behind a goodbye nothing begins but credit, and what is under way can still be answered', () => {
  const session = opened();
  expect(session.onMessage(message(1, 'fetch'), 0)).toEqual({ do: 'begin' });
  session.onGoodbye();
  for (const body of ['produce', 'ping', undefined] as const) {
    expect(session.onMessage(message(2, body), 0)).toMatchObject({ do: 'refuse', failure: { error: 'shutting-down' } });
  }
  expect(session.onMessage(message(0, 'credit'), 0)).toEqual({ do: 'begin' });
  expect(session.requestsCount).toBe(1);
  session.onAnswered(1);
  expect(session.requestsCount).toBe(0);
  expect(session.onMessage(message(0, 'ping'), 0)).toMatchObject({ do: 'close', failure: { error: 'out-of-order' } });
});

test('one that has not said hello when the node goes down is closed', () => {
  const session = new Session(limits, 0);
  session.onGoodbye();
  expect(session.onMessage(hello, 0)).toMatchObject({ do: 'close', code: 4006, failure: { error: 'shutting-down' } });
});

const bodies: readonly (BodyName | undefined)[] = ['hello', 'ping', 'produce', 'credit', 'fetch', 'subscribe', undefined];
const event = fc.oneof(
  fc.record({ requestId: fc.nat(6), body: fc.constantFrom(...bodies), size: fc.nat(1000), version: fc.nat(2) }),
  fc.nat(6),
  fc.constantFrom('text', 'large', 'malformed', 'time', 'unread', 'goodbye' as const),
);

test('whatever comes, in whatever order: one close, nothing behind it, and what is owed is bounded', () => {
  const property = fc.property(fc.array(event, { maxLength: 60, size: 'max' }), (events) => {
    const session = new Session(limits, 0);
    const underWay = new Map<number, number>();
    let closes = 0;
    for (const [at, each] of events.entries()) {
      const verdict = feed(session, each, at * 3_000);
      if (typeof each === 'number') underWay.delete(each);
      if (verdict === undefined) continue;
      if (closes > 0) expect(verdict).toEqual({ do: 'nothing' });
      if (verdict.do === 'close') closes += 1;
      if (verdict.do === 'begin' && typeof each === 'object' && each.body !== 'credit') {
        expect(underWay.has(each.requestId)).toBe(false);
        underWay.set(each.requestId, each.body === 'produce' ? each.size : 0);
      }
      expect(session.requestsCount).toBe(underWay.size);
      expect(session.requestsCount).toBeLessThanOrEqual(limits.requestsMax);
      expect(session.produceSize).toBe([...underWay.values()].reduce((sum, size) => sum + size, 0));
    }
    expect(closes).toBeLessThanOrEqual(1);
    expect(session.isClosing).toBe(closes === 1);
  });
  fc.assert(property, { numRuns: 2000 });
});

function feed(session: Session, each: Incoming | number | string, nowMs: number) {
  if (typeof each === 'object') return session.onMessage(each, nowMs);
  if (typeof each === 'number') return void session.onAnswered(each);
  if (each === 'goodbye') return void session.onGoodbye();
  if (each === 'text') return session.onText();
  if (each === 'large') return session.onTooLarge(5000);
  if (each === 'unread') return session.onUnread();
  return each === 'time' ? session.onTime(nowMs) : session.onMalformed('x');
}
