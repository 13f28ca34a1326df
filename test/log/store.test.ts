import { expect, test } from 'vitest';
import { crc32c } from '../../ts/native/codec.js';
import { failureCodes } from '../../ts/native/failure.js';
import { loadAddon } from '../../ts/native/load.js';
import { DataDirectory, LogStore } from '../../ts/native/log.js';
import { refusalCodes, storeCodes } from '../../ts/native/log-events.js';
import { BatchHeader, hasRightCrc } from '../../ts/wire/records/header.js';
import { newDirectory, removeDirectoriesAfterwards } from './directory.js';
import { attachRing, batchOf, clock, Heard, openDirectory, opened, openLog, publish, turnUntil } from './store.js';

removeDirectoriesAfterwards();

test('both languages know the same codes in the same order', () => {
  const native = JSON.parse(loadAddon().describeLogCodes());
  expect(native).toEqual({ refusals: refusalCodes, store: storeCodes, failures: failureCodes });
});

test('a batch in a ring is acknowledged, served from there, and after a restart from its file', async () => {
  const data = await newDirectory();
  const { directory, store, heard, handle } = openLog(data);
  const writer = attachRing(store);
  const batch = batchOf(['a', 'b', 'c']);
  publish(writer, handle, 7, batch);
  turnUntil(store, heard, () => heard.acks.length === 1);
  expect(heard.acks[0]).toMatchObject({ partition: handle, ticket: 7, base: 0, next: 3, isReplicated: false });
  const hot = store.read(handle, 8, 1, 3, 1 << 20);
  if (!hot.ok || typeof hot.value.found === 'string') throw new Error(`not hot: ${JSON.stringify(hot)}`);
  const [slice] = hot.value.found;
  expect(slice).toMatchObject({ ring: 0, position: 0n, size: batch.length, base: 0, next: 3 });
  const stored = writer.data.slice(slice?.offset, (slice?.offset ?? 0) + batch.length);
  // From the attributes on the bytes are the producer's; the leader epoch before them is ours.
  expect(stored.subarray(21)).toEqual(batch.subarray(21));
  expect(store.close(heard)).toBeUndefined();
  directory.close();

  const again = openLog(data);
  expect(again.directory.report).toMatchObject({ isFresh: false, incarnation: 2, entries: 0 });
  expect(again.store.partitions()).toMatchObject([
    { handle: again.handle, logStart: 0, end: 3, stableEnd: 3, durability: 'fsync' },
  ]);
  expect(again.store.read(again.handle, 9, 0, 3, 1 << 20)).toEqual({ ok: true, value: { logStart: 0, found: 'pending' } });
  turnUntil(again.store, again.heard, () => again.heard.reads.length === 1);
  expect(again.heard.reads).toEqual([{ ok: true, value: { size: batch.length, next: 3, roomWanted: 0 } }]);
  expect(again.store.takeRead(again.handle, 9, new Uint8Array(batch.length - 1))).toBe(false);
  const target = new Uint8Array(batch.length);
  expect(again.store.takeRead(again.handle, 9, target)).toBe(true);
  expect(again.store.takeRead(again.handle, 9, target)).toBe(false);
  expect(target).toEqual(stored);
  const header = BatchHeader.parse(target);
  expect(header.ok && hasRightCrc(target, header.value, crc32c)).toBe(true);
  again.store.close(again.heard);
  again.directory.close();
});

test('thousands of events come out in order, in calls that hold some hundreds', async () => {
  const { directory, store, heard, handle } = openLog(await newDirectory());
  const writer = attachRing(store);
  const count = 3000;
  const batch = batchOf(['x']);
  for (let ticket = 0; ticket < count; ticket++) publish(writer, handle, ticket, batch);
  const calls = turnUntil(store, heard, () => heard.acks.length === count);
  expect(heard.acks.map(({ ticket }) => ticket)).toEqual(Array.from({ length: count }, (_, ticket) => ticket));
  expect(heard.acks.map(({ base }) => base)).toEqual(heard.acks.map(({ ticket }) => ticket));
  const { crossings, appendedBatches } = store.counters();
  expect(appendedBatches).toBe(count);
  // Turning and waiting, some for the setting up, and one more for every 512 events: none for a batch.
  expect(crossings).toBeLessThan(calls + 20 + count / 512);
  store.release();
  directory.close();
});

test('what closes drains first, and its last acks are told', async () => {
  const data = await newDirectory();
  const { directory, store, heard, handle } = openLog(data);
  const writer = attachRing(store);
  for (let ticket = 0; ticket < 600; ticket++) publish(writer, handle, ticket, batchOf(['x']));
  store.turn(heard);
  expect(store.close(heard)).toBeUndefined();
  expect(heard.acks.length).toBe(600);
  directory.close();
});

test('refusals name what is wrong, and write nothing', async () => {
  const { directory, store, heard, handle } = openLog(await newDirectory());
  const good = batchOf(['good']);
  const broken = good.slice();
  broken[good.length - 1] = (broken[good.length - 1] ?? 0) ^ 1;
  store.appendLarge(handle, 1, broken);
  store.appendLarge(handle, 2, batchOf(['x'.repeat(1 << 20)]));
  store.appendLarge(handle, 3, good.subarray(0, 30));
  store.appendLarge(handle + 5, 4, good);
  store.appendLarge(handle, 5, good);
  turnUntil(store, heard, () => heard.acks.length + heard.refusals.length === 5);
  const codes = heard.refusals.map(({ ticket, code }) => [ticket, code]).sort();
  expect(codes).toEqual([
    [1, 'corrupt-batch'],
    [2, 'too-large'],
    [3, 'too-short'],
    [4, 'unknown-partition'],
  ]);
  expect(heard.refusals.find(({ ticket }) => ticket === 2)?.details[1]).toBe(1 << 20);
  expect(heard.acks).toMatchObject([{ ticket: 5, base: 0, next: 1 }]);
  store.release();
  directory.close();
});

test('control operations are done or say why not', async () => {
  const { directory, store, heard, handle } = openLog(await newDirectory());
  for (let index = 0; index < 5; index++) store.appendLarge(handle, index, batchOf(['a', 'b'], 1_000 + index));
  turnUntil(store, heard, () => heard.acks.length === 5);
  const control = (ticket: number, ...rest: [Parameters<LogStore['control']>[2], number?]) => {
    const before = heard.done_.length + heard.failures.length;
    expect(store.control(handle, ticket, ...rest)).toBeUndefined();
    turnUntil(store, heard, () => heard.done_.length + heard.failures.length > before);
  };
  control(10, 'truncate', 6);
  expect(store.partition(handle)).toMatchObject({ logStart: 0, end: 6 });
  control(11, 'log-start', 2);
  expect(store.partition(handle)).toMatchObject({ logStart: 2, end: 6 });
  expect(store.extent(handle)).toMatchObject({ logStart: 2, segmentsCount: 1 });
  control(12, 'truncate', 1);
  expect(heard.failures).toEqual([{ code: 'out-of-range', message: 'the log reaches from 2 to 6' }]);
  control(13, 'replicated');
  expect(store.partition(handle)?.durability).toBe('replicated');
  expect(store.read(handle, 1, 0, 6, 100)).toEqual({
    ok: false,
    error: { code: 'out-of-range', message: 'the log reaches from 2 to 6' },
  });
  expect(store.read(handle, 1, 6, 99, 100)).toEqual({ ok: true, value: { logStart: 2, found: 'empty' } });
  expect(store.find(handle, 1, 1_002)).toBeUndefined();
  expect(store.find(handle, 2, 5_000)).toBeUndefined();
  turnUntil(store, heard, () => heard.finds.length === 2);
  const found = { offset: 4, timestamp: 1_002, leaderEpoch: 1 };
  expect(new Map(heard.finds)).toEqual(
    new Map([
      [1, { ok: true, value: found }],
      [2, { ok: true, value: undefined }],
    ]),
  );
  control(14, 'reset', 100);
  expect(store.partition(handle)).toMatchObject({ logStart: 100, end: 100 });
  control(15, 'delete');
  expect(store.partition(handle)).toBeUndefined();
  expect(store.extent(handle)).toBeUndefined();
  expect(store.read(handle, 1, 0, 6, 100)).toMatchObject({ ok: false, error: { code: 'unknown-partition' } });
  expect(heard.done_.filter((ticket) => ticket >= 10)).toEqual([10, 11, 13, 14, 15]);
  store.release();
  directory.close();
});

test('the lock ends with the last holder, and what is closed says so', async () => {
  const data = await newDirectory();
  const { directory, store, heard, handle } = openLog(data);
  const second = () => DataDirectory.open({ data, shards: 1, journalSize: 8 << 20, batchSizeMax: 1 << 20, clock });
  expect(second()).toMatchObject({ ok: false, error: { code: 'in-use' } });
  expect(LogStore.open(directory.id, 0, clock)).toMatchObject({ ok: false, error: { code: 'busy' } });
  expect(LogStore.open(directory.id, 1, clock)).toMatchObject({ ok: false, error: { code: 'wrong-setting' } });
  directory.close();
  directory.close();
  expect(directory.ensureTopic('x', 1, {})).toMatchObject({ ok: false, error: { code: 'closed' } });
  expect(second()).toMatchObject({ ok: false, error: { code: 'in-use' } });
  store.appendLarge(handle, 1, batchOf(['x']));
  turnUntil(store, heard, () => heard.acks.length === 1);
  store.release();
  store.release();
  expect(store.appendLarge(handle, 2, batchOf(['x']))).toMatchObject({ code: 'closed' });
  expect(store.turn(heard)).toBe(false);
  expect(store.partitions()).toEqual([]);
  expect(LogStore.open(directory.id, 0, clock)).toMatchObject({ ok: false, error: { code: 'closed' } });
  const third = openDirectory(data);
  expect(third.report.entries).toBe(1);
  third.close();
});

test.each([
  [{ io: 'magic' as 'auto' }, 'wrong-setting'],
  [{ sync: 'never' as 'linked' }, 'wrong-setting'],
  [{ shards: 0 }, 'wrong-setting'],
])('%j is refused', async (options, code) => {
  const data = await newDirectory();
  const complete = { data, shards: 1, journalSize: 8 << 20, batchSizeMax: 1 << 20, clock, ...options };
  expect(DataDirectory.open(complete)).toMatchObject({ ok: false, error: { code } });
});

test('topics keep what is not named anew', async () => {
  const data = await newDirectory();
  const directory = openDirectory(data);
  const asked = { durability: 'replicated', batchSizeMax: 12345, segmentSizeMax: 54321, retentionMs: -1 } as const;
  const made = opened(directory.ensureTopic('t', 2, asked));
  const named = { durability: 'replicated', batchSizeMax: 12345, segmentSizeMax: 54321, retentionMs: -1 };
  expect(made).toMatchObject({ name: 't', partitions: 2, settings: { ...named, isLogAppendTime: false } });
  expect(opened(directory.ensureTopic('t', 1, {}))).toEqual(made);
  const changed = { ...made, partitions: 5, settings: { ...made.settings, durability: 'fsync' } };
  expect(opened(directory.ensureTopic('t', 5, { durability: 'fsync' }))).toEqual(changed);
  directory.close();
  const again = openDirectory(data);
  expect(again.topics()).toEqual([changed]);
  again.close();
});

test('a listener may append, but not turn', async () => {
  const { directory, store, handle } = openLog(await newDirectory());
  class Curious extends Heard {
    problem = '';

    override appended(...args: Parameters<Heard['appended']>) {
      super.appended(...args);
      try {
        store.turn(this);
      } catch (error) {
        this.problem = String(error);
      }
      if (this.acks.length === 1) store.appendLarge(handle, 2, batchOf(['second']));
    }
  }
  const curious = new Curious();
  store.appendLarge(handle, 1, batchOf(['first']));
  turnUntil(store, curious, () => curious.acks.length === 2);
  expect(curious.problem).toContain('a listener of a turn begins another one');
  store.release();
  directory.close();
});
