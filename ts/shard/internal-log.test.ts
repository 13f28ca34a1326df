import { expect, test } from 'vitest';
import type { Failure } from '../model/errors.js';
import type { LogRecord } from '../model/group-ports.js';
import type { TopicId } from '../model/ids.js';
import { type Offset, offset } from '../model/offset.js';
import { failed, ok, type Result } from '../model/result.js';
import { BatchHeader } from '../wire/records/header.js';
import type { InternalStore } from './internal-log.js';
import { InternalLogs } from './internal-logs.js';
import { Partition } from './partition.js';
import { Tickets } from './tickets.js';

const handle = 4;
const failure: Failure = { error: 'disk-full' };
const record = (text: string, size = 0): LogRecord => ({
  key: new TextEncoder().encode(text),
  value: new Uint8Array(size),
  timestampMs: 1,
});

/** One partition, whose log answers when the test does. */
class Rig {
  readonly partition = new Partition({
    handle,
    topicId: '1'.repeat(32) as TopicId,
    index: 0,
    leaderEpoch: 1,
    logStart: 0,
    highWatermark: 0,
  });
  readonly appends: { readonly ticket: number; readonly records: number; readonly batch: Uint8Array }[] = [];
  readonly reads: { readonly ticket: number; readonly from: number; readonly limit: number; readonly sizeMax: number }[] = [];
  readonly trims: { readonly ticket: number; readonly to: number }[] = [];
  readonly heard: (readonly [string, Result<Offset, Failure>])[] = [];
  logStart = 0;
  stored = new Uint8Array(0);
  readonly #store: InternalStore = {
    appendInternal: (_handle, ticket, batch) => {
      const header = BatchHeader.parse(batch);
      if (!header.ok) throw new Error(header.error);
      this.appends.push({ ticket, records: header.value.recordsCount, batch });
      return undefined;
    },
    read: (_handle, ticket, from, limit, sizeMax) => {
      this.reads.push({ ticket, from, limit, sizeMax });
      return ok({ logStart: this.logStart, found: 'pending' as const });
    },
    takeRead: (_handle, _ticket, target) => {
      target.set(this.stored);
      return true;
    },
    control: (_handle, ticket, _operation, to = 0) => {
      this.trims.push({ ticket, to });
      return undefined;
    },
    extent: () => ({ logStart: this.logStart, size: 0, segmentsCount: 1 }),
  };
  readonly logs = new InternalLogs(this.#store, new Map([[handle, this.partition]]), new Tickets(), () => undefined);
  readonly log = this.logs.open(handle);

  append(...records: readonly LogRecord[]): void {
    const name = new TextDecoder().decode(records[0]?.key);
    this.log.append(records, (result) => this.heard.push([name, result]));
  }

  ticket(at: number): number {
    return this.appends[at]?.ticket ?? -1;
  }
}

test('what a turn brings together is one batch, and each learns where its own first record lies', () => {
  const rig = new Rig();
  rig.append(record('a'), record('b'));
  rig.append(record('c'));
  rig.append(record('large', 300 << 10));
  rig.append(record('d'));
  rig.logs.flush();
  expect(rig.appends.map(({ records }) => records)).toEqual([3, 1, 1]);
  rig.logs.appended(rig.ticket(0), 10);
  rig.logs.appended(rig.ticket(1), 13);
  rig.logs.appended(rig.ticket(2), 14);
  expect(rig.heard).toEqual([
    ['a', ok(10)],
    ['c', ok(12)],
    ['large', ok(13)],
    ['d', ok(14)],
  ]);
});

test('when one append fails all behind it do, whatever the log says of them, until it is read again', async () => {
  const rig = new Rig();
  for (const name of ['a', 'b', 'c']) {
    rig.append(record(name));
    rig.logs.flush();
  }
  rig.append(record('d'));
  rig.logs.appended(rig.ticket(0), 0);
  rig.logs.appendFailed(rig.ticket(1), failure);
  expect(rig.heard).toEqual([
    ['a', ok(0)],
    ['b', failed(failure)],
    ['c', failed(failure)],
    ['d', failed(failure)],
  ]);
  rig.append(record('e'));
  await undefined;
  expect(rig.heard.at(-1)).toEqual(['e', failed(failure)]);

  const pieces: (readonly LogRecord[])[] = [];
  const ends: Result<Offset, Failure>[] = [];
  rig.log.load(
    (piece) => pieces.push(piece),
    (end) => ends.push(end),
  );
  await undefined;
  // What is still under way may be stored: it is read too.
  expect(rig.reads).toEqual([]);
  rig.stored = Uint8Array.from(rig.appends[2]?.batch ?? []);
  rig.partition.advance(1);
  rig.logs.appended(rig.ticket(2), 0);
  expect(rig.reads).toMatchObject([{ from: 0, limit: 1 }]);
  rig.logs.read(rig.reads[0]?.ticket ?? -1, ok({ size: rig.stored.length, next: 1, roomWanted: 0 }));
  expect(pieces.flat().map(({ key }) => new TextDecoder().decode(key))).toEqual(['c']);
  expect(ends).toEqual([ok(0)]);
  expect(rig.heard.length).toBe(5);
  rig.append(record('f'));
  rig.logs.flush();
  expect(rig.appends.length).toBe(4);
});

test('a load begins at the log start, asks for more room where a batch is larger, and leaves out what lies before', async () => {
  const rig = new Rig();
  rig.append(record('a'), record('b'), record('c'));
  rig.logs.flush();
  rig.logs.appended(rig.ticket(0), 0);
  rig.partition.advance(3);
  rig.logStart = 1;
  rig.stored = Uint8Array.from(rig.appends[0]?.batch ?? []);
  const names: string[] = [];
  const ends: Result<Offset, Failure>[] = [];
  rig.log.load(
    (piece) => names.push(...piece.map(({ key }) => new TextDecoder().decode(key))),
    (end) => ends.push(end),
  );
  await undefined;
  rig.logs.read(rig.reads[0]?.ticket ?? -1, ok({ size: 0, next: 1, roomWanted: 5 << 20 }));
  expect(rig.reads.map(({ from, sizeMax }) => [from, sizeMax])).toEqual([
    [1, 1 << 20],
    [1, 5 << 20],
  ]);
  rig.logs.read(rig.reads[1]?.ticket ?? -1, ok({ size: rig.stored.length, next: 3, roomWanted: 0 }));
  expect([names, ends]).toEqual([['b', 'c'], [ok(1)]]);
});

test('what cannot be read is told, and so is a trim that fails', async () => {
  const rig = new Rig();
  rig.partition.advance(9);
  const ends: unknown[] = [];
  const load = async () => {
    rig.log.load(
      () => undefined,
      (end) => ends.push(end),
    );
    await undefined;
    return rig.reads.at(-1)?.ticket ?? -1;
  };
  rig.logs.read(await load(), failed({ code: 'corrupt', message: 'damaged' }));
  rig.stored = new Uint8Array(70);
  rig.logs.read(await load(), ok({ size: 70, next: 9, roomWanted: 0 }));
  rig.log.trim(offset(5), (end) => ends.push(end));
  expect(rig.trims).toMatchObject([{ to: 5 }]);
  expect(rig.logs.controlEnded(rig.trims[0]?.ticket ?? -1, { error: 'overloaded' })).toBe(true);
  expect(ends).toMatchObject([
    { ok: false, error: { error: 'corrupt-log', message: 'damaged' } },
    { ok: false, error: { error: 'corrupt-log' } },
    { ok: false, error: { error: 'overloaded' } },
  ]);
});

test('answers to others are left to them', () => {
  const { logs } = new Rig();
  expect(logs.controlEnded(127)).toBe(false);
  expect(logs.read(127, failed({ code: 'io', message: '' }))).toBe(false);
});
