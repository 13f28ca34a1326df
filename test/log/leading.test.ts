import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { crc32c } from '../../ts/native/codec.js';
import { diskSpace } from '../../ts/native/disk-space.js';
import type { Tail } from '../../ts/native/log.js';
import { BatchPlan } from '../../ts/wire/records/build.js';
import { newDirectory, removeDirectoriesAfterwards } from './directory.js';
import { attachRing, batchOf, opened, openLog, publish, turnUntil } from './store.js';

removeDirectoriesAfterwards();

test('an epoch is taken once, stamped, told with each ack, and ends where the next one begins', async () => {
  const { directory, store, heard, handle } = openLog(await newDirectory());
  expect(store.lead(handle, 4)).toBeUndefined();
  expect(store.lead(handle, 4)).toMatchObject({ code: 'leader-epoch-used' });
  expect(store.lead(handle + 1, 9)).toMatchObject({ code: 'unknown-partition' });
  store.appendLarge(handle, 1, batchOf(['a', 'b']));
  turnUntil(store, heard, () => heard.acks.length === 1);
  expect(store.lead(handle, 6)).toBeUndefined();
  store.appendLarge(handle, 2, batchOf(['c']));
  turnUntil(store, heard, () => heard.acks.length === 2);
  expect(heard.acks).toMatchObject([
    { leaderEpoch: 4, base: 0, isDuplicate: false },
    { leaderEpoch: 6, base: 2, isDuplicate: false },
  ]);
  expect([4, 5, 6, 7].map((leaderEpoch) => store.epochEnd(handle, leaderEpoch))).toEqual([
    { leaderEpoch: 4, end: 2 },
    { leaderEpoch: 4, end: 2 },
    { leaderEpoch: 6, end: 3 },
    undefined,
  ]);
  expect(store.partition(handle)).toMatchObject({ leaderEpoch: 6, segmentsCount: 1 });
  expect(store.partition(handle)?.size).toBe(batchOf(['a', 'b']).length + batchOf(['c']).length);
  store.release();
  directory.close();
});

test('after a start a partition waits for the epoch that the metadata gives it, whatever the start count', async () => {
  const data = await newDirectory();
  for (let start = 1; start <= 4; start++) {
    const { directory, store, heard, handle } = openLog(data);
    // The first life makes it under its start count; then epochs are given that lie beside it.
    if (start === 2) expect(store.lead(handle, 40)).toBeUndefined();
    if (start === 4) {
      expect(directory.report.incarnation).toBe(4);
      expect(store.partition(handle)?.leaderEpoch).toBe(40);
      expect(store.epochEnd(handle, 41)).toBeUndefined();
      expect(store.lead(handle, 40)).toMatchObject({ code: 'leader-epoch-used' });
      expect(store.lead(handle, 41)).toBeUndefined();
      expect(store.partition(handle)?.leaderEpoch).toBe(41);
    }
    if (start !== 3) {
      store.appendLarge(handle, start, batchOf(['x']));
      turnUntil(store, heard, () => heard.acks.length === 1);
      expect(heard.acks[0]?.leaderEpoch).toBe([1, 40, 0, 41][start - 1]);
    }
    store.close(heard);
    directory.close();
  }
});

test('a batch sent again is told from a new one', async () => {
  const { directory, store, heard, handle } = openLog(await newDirectory());
  const plan = new BatchPlan([{ timestamp: 1, key: null, value: Buffer.from('a') }]);
  const batch = new Uint8Array(plan.size);
  plan.write(batch, crc32c);
  const view = new DataView(batch.buffer);
  view.setBigInt64(43, 7n);
  view.setInt16(51, 0);
  view.setInt32(53, 0);
  view.setUint32(17, crc32c(batch.subarray(21)));
  store.appendLarge(handle, 1, batch);
  store.appendLarge(handle, 2, batch);
  turnUntil(store, heard, () => heard.acks.length === 2);
  expect(heard.acks).toMatchObject([
    { ticket: 1, base: 0, isDuplicate: false },
    { ticket: 2, base: 0, isDuplicate: true },
  ]);
  store.release();
  directory.close();
});

test('settings hold from the next batch on; what is not named stays', async () => {
  const { directory, store, heard, handle } = openLog(await newDirectory());
  expect(store.configure(handle, { batchSizeMax: 100, durability: 'replicated' })).toBeUndefined();
  expect(store.configure(handle, { isLogAppendTime: true, segmentSizeMax: 120 })).toBeUndefined();
  expect(store.configure(handle + 1, {})).toMatchObject({ code: 'unknown-partition' });
  store.appendLarge(handle, 1, batchOf(['x'.repeat(200)]));
  for (let ticket = 2; ticket < 5; ticket++) store.appendLarge(handle, ticket, batchOf(['a'], 5));
  turnUntil(store, heard, () => heard.acks.length === 3);
  expect(heard.refusals).toMatchObject([{ ticket: 1, code: 'too-large' }]);
  expect(heard.acks[0]?.timestamp).toBeGreaterThan(1_600_000_000_000);
  expect(store.partition(handle)).toMatchObject({ durability: 'fsync', segmentsCount: 3 });
  expect(store.applyRetention()).toBe(0);
  expect(store.configure(handle, { retentionSize: 0 })).toBeUndefined();
  expect(store.applyRetention()).toBe(1);
  turnUntil(store, heard, () => (store.partition(handle)?.logStart ?? 0) > 0);
  store.release();
  directory.close();
});

test('the tails of many partitions come in one crossing, as they lie in ring memory', async () => {
  const { directory, store, heard, topic, handle } = openLog(await newDirectory());
  const config = topic.settings;
  const added = Array.from({ length: 600 }, (_, index) => ({ topic: topic.id, index: index + 1, leaderEpoch: 1, config }));
  const handles = [handle, ...opened(store.createPartitions(9, added))];
  turnUntil(store, heard, () => heard.done_.length === 601);
  const writer = attachRing(store);
  const batch = batchOf(['tail']);
  handles.forEach((one, ticket) => void publish(writer, one, ticket, batch));
  handles.slice(0, 3).forEach((one, ticket) => void publish(writer, one, 700 + ticket, batch));
  turnUntil(store, heard, () => heard.acks.length === 604);

  const told: (Tail | undefined)[] = [];
  const before = store.counters().crossings;
  const few = [0, 1, 2, 3].map((at) => ({ handle: handles[at] ?? -1, from: at === 1 ? 1 : 0, sizeMax: at === 2 ? 1 : 1 << 20 }));
  store.readTails([...few, { handle: 9999, from: 0, sizeMax: 1 }], (_wanted, tail) => void told.push(tail));
  // One for them, one for the counters.
  expect(store.counters().crossings - before).toBe(2);
  expect(told.map((tail) => tail?.slices.map(({ base, next }) => [base, next]))).toEqual([
    [
      [0, 1],
      [1, 2],
    ],
    [[1, 2]],
    [[0, 1]],
    [[0, 1]],
    undefined,
  ]);
  expect(told[0]).toMatchObject({ logStart: 0, stableEnd: 2 });
  const slice = told[0]?.slices[0];
  const stored = writer.data.slice(slice?.offset, (slice?.offset ?? 0) + batch.length);
  expect(stored.subarray(21)).toEqual(batch.subarray(21));

  told.length = 0;
  const all = handles.map((one) => ({ handle: one, from: 0, sizeMax: 1 << 20 }));
  const start = store.counters().crossings;
  store.readTails(all, (wanted, tail) => {
    expect(wanted).toBe(all[told.length]);
    told.push(tail);
  });
  expect(store.counters().crossings - start).toBe(4);
  expect(told.filter((tail) => tail?.slices[0]?.base === 0).length).toBe(601);
  store.release();
  directory.close();
});

test('a tail with more batches than a call has room for is cut, and goes on from there', async () => {
  const { directory, store, heard, handle } = openLog(await newDirectory());
  const writer = attachRing(store);
  const count = 3000;
  for (let ticket = 0; ticket < count; ticket++) publish(writer, handle, ticket, batchOf(['x']));
  turnUntil(store, heard, () => heard.acks.length === count);
  let from = 0;
  let calls = 0;
  while (from < count) {
    store.readTails([{ handle, from, sizeMax: 1 << 30 }], (_wanted, tail) => {
      expect(tail?.slices[0]?.base).toBe(from);
      from = tail?.slices.at(-1)?.next ?? count;
    });
    calls += 1;
  }
  expect(calls).toBeLessThan(5);
  store.release();
  directory.close();
});

test('a fenced store refuses appends and goes on to serve what it has', async () => {
  const data = await newDirectory();
  const { directory, store, heard, topic, handle } = openLog(data);
  const { id } = topic;
  const other = opened(store.createPartitions(9, [{ topic: id, index: 1, leaderEpoch: 1, config: topic.settings }]))[0] ?? -1;
  const writer = attachRing(store);
  store.appendLarge(other, 1, batchOf(['from its file']));
  publish(writer, handle, 2, batchOf(['from the ring']));
  turnUntil(store, heard, () => heard.acks.length === 2 && store.isIdle());
  // The next segment has no directory to be made in.
  await rm(join(data, 'topics', `${id}-0`), { recursive: true });
  store.configure(handle, { segmentSizeMax: 1 });
  publish(writer, handle, 3, batchOf(['lost']));
  turnUntil(store, heard, () => heard.fences.length === 1);
  store.appendLarge(other, 4, batchOf(['refused']));
  expect(store.control(other, 5, 'truncate', 0)).toBeUndefined();
  turnUntil(store, heard, () => heard.refusals.length === 2 && heard.failures.length === 1);
  expect(heard.fences[0]).toContain('segment');
  expect(heard.refusals).toMatchObject([{ code: 'fenced' }, { code: 'fenced' }]);
  expect(heard.failures).toMatchObject([{ code: 'fenced' }]);
  expect(store.lead(other, 99)).toMatchObject({ code: 'fenced' });

  expect(store.read(handle, 6, 0, 1, 1000)).toMatchObject({ ok: true, value: { found: [{ base: 0, next: 1 }] } });
  store.readTails([{ handle, from: 0, sizeMax: 1000 }], (_wanted, tail) => expect(tail?.slices.length).toBe(1));
  expect(store.read(other, 7, 0, 1, 1000)).toMatchObject({ ok: true, value: { found: 'pending' } });
  turnUntil(store, heard, () => heard.reads.length === 1);
  expect(heard.reads).toMatchObject([{ ok: true, value: { next: 1 } }]);
  expect(store.find(other, 8, 0)).toBeUndefined();
  turnUntil(store, heard, () => heard.finds.length === 1);
  expect(heard.finds).toMatchObject([[8, { ok: true, value: { offset: 0 } }]]);
  store.release();
  directory.close();
});

test('the space of a file system is told, and a path that is not there is not', async () => {
  const space = opened(diskSpace(await newDirectory()));
  expect(space.totalSize).toBeGreaterThan(space.freeSize);
  expect(space.freeSize).toBeGreaterThan(0);
  expect(diskSpace('/nowhere/at/all')).toMatchObject({ ok: false, error: { code: 'io' } });
});
