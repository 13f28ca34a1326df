import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../ts/broker/clock.js';
import { DutyCycle } from '../../ts/broker/duty-cycle.js';
import { openGatewayLinks } from '../../ts/broker/gateway-links.js';
import { planMemory } from '../../ts/broker/memory.js';
import { startShard } from '../../ts/broker/shard-island.js';
import { portsOf, wire } from '../../ts/broker/wiring.js';
import { coordinatorDefaults } from '../../ts/coordinator/settings.js';
import { ShardCalls } from '../../ts/gateway/shard-calls.js';
import type { ShardAssignment } from '../../ts/model/assignment.js';
import type { TopicId } from '../../ts/model/ids.js';
import { type Offset, offset } from '../../ts/model/offset.js';
import type {
  Appended,
  AppendTaken,
  Failure,
  KnownProducer,
  PartitionEnds,
  ReadResult,
  ShardPort,
  Tail,
  Taken,
} from '../../ts/model/ports.js';
import type { Result } from '../../ts/model/result.js';
import { copierOf } from '../../ts/native/copy.js';
import { watchDoorbell } from '../../ts/native/wakeup.js';
import { ShardEnd } from '../../ts/ring/link/shard-end.js';
import { crc32c } from '../../ts/wire/records/crc32c.js';
import { layout } from '../../ts/wire/records/layout.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { batchOf, openDirectory, opened } from '../log/store.js';

// One gateway and one shard on one thread, over the real log: what the gateway's port promises (ts/model/ports.ts).

removeDirectoriesAfterwards();

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0).reverse()) close();
});

const settings = {
  durability: 'fsync',
  batchSizeMax: 8 << 20,
  segmentSizeMax: 64 << 20,
  segmentAgeMaxMs: 1e9,
  indexInterval: 4096,
  isLogAppendTime: false,
  retentionMs: -1,
  retentionSize: -1,
} as const;

/** Two of the largest batches here, and a half. */
const largeReadSizeMax = 15 << 20;

async function startLink(memory = 64 << 20) {
  const clock = systemClock();
  const data = await newDirectory();
  const directory = openDirectory(data, { batchSizeMax: 8 << 20 });
  const topic = opened(directory.ensureTopic('t', 2, settings));
  const plan = planMemory(memory, 1, 1);
  const { threads, doorbells } = wire([{ gateways: [0], shards: [0] }], plan);
  const [thread, doorbell] = [threads[0], doorbells[0]];
  if (thread?.shards[0] === undefined || thread.gateways[0] === undefined || doorbell === undefined) throw new Error('no thread');
  const duty = new DutyCycle(clock, () => undefined);
  const copy = copierOf(() => undefined);
  const bell = watchDoorbell(doorbell, () => duty.wake());
  const options = {
    directory: directory.id,
    clock,
    duty,
    doorbell: doorbell.id,
    onFenced: () => undefined,
    onNoSpace: () => undefined,
    coordinators: coordinatorDefaults,
    onGroupsProblem: () => undefined,
    log: { debug: () => undefined, info: () => undefined },
  };
  const island = startShard(thread.shards[0], options);
  const port = openGatewayLinks(thread.gateways[0], {
    duty,
    doorbell: doorbell.id,
    copy,
    largeSizeMax: 16 << 20,
    largeReadSizeMax,
    recalling: () => undefined,
  })[0];
  if (port === undefined) throw new Error('no link');
  closing.push(() => {
    duty.stop();
    bell.close();
    island.close();
    directory.close();
    for (const port of portsOf(thread)) port.close();
  });
  const assignment: ShardAssignment = {
    shard: 0,
    host: [0, 1].map((partition) => ({ topicId: topic.id as TopicId, partition, leaderEpoch: 1, settings })),
    remove: [],
  };
  const handles = await new Promise<readonly number[]>((resolve) => {
    island.shard.control.assign(assignment, (answers) => {
      resolve(answers.map((answer) => ('handle' in answer ? answer.handle : -1)));
    });
    duty.wakeSoon();
  });
  return { port, island, duty, data, handles: handles as [number, number], topicId: topic.id as TopicId };
}

function asked<T>(begin: (done: (result: Result<T, Failure>) => void) => AppendTaken): Promise<Result<T, Failure>> {
  return new Promise((resolve, reject) => {
    const taken = begin(resolve);
    if (taken !== 'taken') reject(new Error(taken));
  });
}

const append = (port: ShardPort, handle: number, batch: Uint8Array) =>
  asked<Appended>((done) => port.append(handle, batch, done));

/** What was read, copied: the bytes belong to the callback. */
async function read(port: ShardPort, handle: number, from: number, sizeMax = 1 << 20) {
  let bytes = Buffer.alloc(0);
  const result = await asked<ReadResult>((done) =>
    port.read(handle, offset(from), sizeMax, (result) => {
      if (result.ok) bytes = Buffer.concat(result.value.batches?.parts ?? []);
      done(result);
    }),
  );
  return { result, bytes };
}

test('a batch is appended, acknowledged with what was promised, and read back byte for byte', async () => {
  const { port, handles } = await startLink();
  const batch = batchOf(['one', 'two']);
  const appended = await append(port, handles[0], batch);
  expect(appended).toMatchObject({
    ok: true,
    value: { base: 0, next: 2, durability: 'fsync', isDuplicate: false, leaderEpoch: 1 },
  });
  const { result, bytes } = await read(port, handles[0], 0);
  expect(result).toMatchObject({
    ok: true,
    value: { logStart: 0, highWatermark: 2, batches: { base: 0, next: 2, leaderEpoch: 1 } },
  });
  expect(bytes.subarray(21)).toEqual(Buffer.from(batch.subarray(21)));
  expect((await read(port, handles[1], 0)).result).toEqual({ ok: true, value: { logStart: 0, highWatermark: 0 } });
});

test('what left the ring is read from its file, to the last byte', async () => {
  const { port, handles } = await startLink();
  const batch = batchOf(['x'.repeat(100_000)]);
  for (let count = 0; count < 400; count += 1) expect((await append(port, handles[0], batch)).ok).toBe(true);
  let from = 0;
  let size = 0;
  while (from < 400) {
    const { result, bytes } = await read(port, handles[0], from, 500_000);
    if (!result.ok || result.value.batches === undefined) throw new Error(`nothing at ${from}`);
    expect(result.value.batches).toMatchObject({ base: from, size: bytes.length });
    from = result.value.batches.next;
    size += bytes.length;
  }
  expect(size).toBe(400 * batch.length);
});

test('a watcher is told of every batch once and in order, whichever way the bytes come', async () => {
  const { port, handles } = await startLink();
  const tails: Tail[] = [];
  const seen: number[] = [];
  const watched = await asked<PartitionEnds>((done) =>
    port.watch(
      handles[0],
      (tail) => {
        tails.push(tail);
        if (tail.batches) seen.push(tail.batches.base, tail.batches.next);
      },
      done,
    ),
  );
  expect(watched).toEqual({ ok: true, value: { logStart: 0, highWatermark: 0 } });
  await Promise.all(Array.from({ length: 100 }, (_, index) => append(port, handles[0], batchOf([`record ${index}`]))));
  expect(tails.at(-1)?.highWatermark).toBe(100);
  const steps = seen.filter((_, index) => index % 2 === 1);
  expect(seen.filter((_, index) => index % 2 === 0)).toEqual([0, ...steps.slice(0, -1)]);
  port.unwatch(handles[0]);
  const before = tails.length;
  await append(port, handles[0], batchOf(['unseen']));
  await append(port, handles[0], batchOf(['unseen']));
  expect(tails.length).toBe(before);
});

test('a batch larger than a ring takes goes its own way, behind those before it', async () => {
  const { port, handles } = await startLink();
  const large = batchOf(['y'.repeat(7 << 20)]);
  const small = append(port, handles[0], batchOf(['small']));
  // One of this partition is under way: the large one would overtake it.
  expect(port.append(handles[0], large, () => undefined)).toBe('held');
  await small;
  expect(await append(port, handles[0], large)).toMatchObject({ ok: true, value: { base: 1, next: 2 } });
  const { bytes } = await read(port, handles[0], 1);
  expect(bytes.subarray(21).equals(Buffer.from(large.subarray(21)))).toBe(true);
});

test('a large batch that is under way holds back its own partition, in its order, and no other', async () => {
  const { port, handles } = await startLink();
  const calls = new ShardCalls(port, { sizeMax: 32 << 20, countMax: 100 });
  const answered: string[] = [];
  const all = [
    ['large', handles[0], 'y'.repeat(7 << 20)],
    ['behind', handles[0], 'z'],
    ['other', handles[1], 'z'],
    ['last', handles[0], 'z'.repeat(7 << 20)],
    ['other again', handles[1], 'z'],
  ] as const;
  const submitted: unknown[] = [];
  await new Promise<void>((resolve) => {
    for (const [name, handle, value] of all) {
      const told = (result: Result<Appended, Failure>) => {
        answered.push(result.ok ? `${name} ${result.value.base}` : `${name}: ${result.error.error}`);
        if (answered.length === all.length) resolve();
      };
      const one = calls.append(handle, batchOf([value]), told);
      submitted.push(typeof one === 'string' ? one : 'waits');
    }
  });
  expect(submitted).toEqual(['begun', 'waits', 'begun', 'waits', 'begun']);
  expect(answered.filter((text) => text.startsWith('other'))).toEqual(['other 0', 'other again 1']);
  expect(answered.filter((text) => !text.startsWith('other'))).toEqual(['large 0', 'behind 1', 'last 2']);
});

test('many that read large batches wait for one another, and get them all, whole', async () => {
  const { port, handles } = await startLink();
  const large = batchOf(['y'.repeat(7 << 20)]);
  for (let count = 0; count < 4; count += 1) expect((await append(port, handles[0], large)).ok).toBe(true);
  const reading = Array.from({ length: 12 }, (_, index) => read(port, handles[0], index % 4, 1000));
  for (const { bytes } of await Promise.all(reading))
    expect(bytes.subarray(21).equals(Buffer.from(large.subarray(21)))).toBe(true);
});

test('a large read that finds another log gives its room back before it asks for more', async () => {
  const { port, handles } = await startLink();
  const large = batchOf(['y'.repeat(largeReadSizeMax / 2)]);
  await append(port, handles[0], large);
  // As if the log had been cut and written anew between the two. There is no room for both.
  vi.spyOn(ShardEnd.prototype, 'bytes').mockImplementationOnce(function (this: ShardEnd, handle, ticket) {
    this.roomWanted(handle, ticket, large.length);
  });
  onTestFinished(() => void vi.restoreAllMocks());
  const { bytes } = await read(port, handles[0], 0, 1000);
  expect(bytes.subarray(21).equals(Buffer.from(large.subarray(21)))).toBe(true);
  expect((await read(port, handles[0], 0, 1000)).bytes.length).toBe(large.length);
});

test('a log start moves up only, up to the high watermark, and what lies below it is gone', async () => {
  const { port, handles } = await startLink();
  const raise = (to?: number, handle = handles[0]) =>
    asked<Offset>((done) => port.raiseLogStart(handle, to === undefined ? undefined : offset(to), done));
  for (let count = 0; count < 5; count += 1) await append(port, handles[0], batchOf(['a']));
  expect(await raise(3)).toEqual({ ok: true, value: 3 });
  expect((await read(port, handles[0], 2)).result).toMatchObject({ ok: false, error: { error: 'offset-out-of-range' } });
  expect((await read(port, handles[0], 3)).result).toMatchObject({ ok: true, value: { logStart: 3, batches: { base: 3 } } });
  expect(await raise(1)).toEqual({ ok: true, value: 3 });
  expect(await raise(6)).toMatchObject({ ok: false, error: { error: 'offset-out-of-range' } });
  expect(await raise()).toEqual({ ok: true, value: 5 });
  expect(await raise(0, 77)).toMatchObject({ ok: false, error: { error: 'unknown-partition' } });
  expect(await append(port, handles[0], batchOf(['b']))).toMatchObject({ ok: true, value: { base: 5, logStart: 5 } });
});

test('those who write with a producer id are known, whoever wrote last first', async () => {
  const { port, handles } = await startLink();
  const known = () => asked<readonly KnownProducer[]>((done) => port.producers(handles[0], done));
  expect(await known()).toEqual({ ok: true, value: [] });
  for (const producerId of [5, 3]) await append(port, handles[0], numberedBatch(producerId));
  const facts = { producerEpoch: 0, lastSequence: 1, timestampMs: 1000 };
  expect(await known()).toEqual({ ok: true, value: [3, 5].map((producerId) => ({ producerId, ...facts })) });
});

function numberedBatch(producerId: number): Uint8Array {
  const batch = batchOf(['a', 'b']);
  const view = new DataView(batch.buffer);
  view.setBigInt64(layout.producerId, BigInt(producerId));
  view.setInt16(layout.producerEpoch, 0);
  view.setInt32(layout.baseSequence, 0);
  view.setUint32(layout.crc, crc32c(batch.subarray(layout.attributes)));
  return batch;
}

test('refusals, unknown partitions and offsets beyond the log are typed failures', async () => {
  const { port, handles } = await startLink();
  const damaged = batchOf(['one']).slice();
  damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
  expect(await append(port, handles[0], damaged)).toMatchObject({ ok: false, error: { error: 'corrupt-batch' } });
  expect(await append(port, 4711, batchOf(['one']))).toMatchObject({ ok: false, error: { error: 'unknown-partition' } });
  expect((await read(port, handles[0], 5)).result).toMatchObject({ ok: false, error: { error: 'offset-out-of-range' } });
  expect((await read(port, 4711, 0)).result).toMatchObject({ ok: false, error: { error: 'unknown-partition' } });
});

test('searches by time and by epoch, and a description', async () => {
  const { port, handles } = await startLink();
  await append(port, handles[0], batchOf(['one'], 1000));
  await append(port, handles[0], batchOf(['two'], 2000));
  expect(await asked((done) => port.find(handles[0], 1500, done))).toMatchObject({
    ok: true,
    value: { offset: 1, timestampMs: 2000 },
  });
  expect(await asked((done) => port.find(handles[0], 3000, done))).toEqual({ ok: true, value: undefined });
  expect(await asked((done) => port.epochEnd(handles[0], 7, done))).toEqual({ ok: true, value: { leaderEpoch: 1, end: 2 } });
  const description = await asked((done) => port.describe(handles[0], done));
  expect(description).toMatchObject({ ok: true, value: { logStart: 0, highWatermark: 2, leaderEpoch: 1, segmentsCount: 1 } });
});

test('a flood is bounded: what finds no room is told so, and told again when there is some', async () => {
  const { port, handles } = await startLink();
  const batch = batchOf(['z'.repeat(10_000)]);
  let answered = 0;
  let sent = 0;
  await new Promise<void>((resolve) => {
    const send = () => {
      while (sent < 20_000) {
        const taken = port.append(handles[0], batch, () => {
          answered += 1;
          if (answered === 20_000) resolve();
        });
        if (taken === 'full') return port.space(send);
        sent += 1;
      }
    };
    send();
  });
  expect((await read(port, handles[0], 19_999)).result).toMatchObject({ ok: true, value: { highWatermark: 20_000 } });
});

test('when the log fails, appends that it had not taken are refused with the reason, and so are those that come later', async () => {
  const { port, data, topicId, handles } = await startLink();
  await append(port, handles[0], batchOf(['kept']));
  // The first segment of the other partition has no directory to be made in.
  await rm(join(data, 'topics', `${topicId}-1`), { recursive: true });
  const lost = Array.from({ length: 20 }, () => append(port, handles[1], batchOf(['lost'])));
  const failure = {
    ok: false,
    error: { error: 'storage-failed', message: expect.stringMatching(/^the segment failed: ENOENT/) },
  };
  for (const result of await Promise.all(lost)) expect(result).toEqual(failure);
  expect(await append(port, handles[0], batchOf(['later']))).toEqual(failure);
  expect((await read(port, handles[0], 0)).result).toMatchObject({ ok: true, value: { batches: { base: 0, next: 1 } } });
});

test('a request that fails is not taken for an append that is under way', async () => {
  const { port, handles } = await startLink();
  const appended = append(port, handles[0], batchOf(['one']));
  // In the same turn, before the append is durable: more requests than there are gateways in a ticket.
  const asking = Array.from({ length: 200 }, () => asked((done) => port.describe(4711, done)));
  for (const result of await Promise.all(asking)) {
    expect(result).toMatchObject({ ok: false, error: { error: 'unknown-partition' } });
  }
  expect(await appended).toMatchObject({ ok: true, value: { base: 0, next: 1 } });
});

test('a watch that failed leaves nothing behind: the partition can be watched again', async () => {
  const { port } = await startLink();
  const watch = () => asked<PartitionEnds>((done) => port.watch(4711, () => undefined, done));
  expect(await watch()).toMatchObject({ ok: false, error: { error: 'unknown-partition' } });
  expect(await watch()).toMatchObject({ ok: false, error: { error: 'unknown-partition' } });
});

test('a watch that comes back before its end found room in the ring goes on', async () => {
  const { port, handles } = await startLink(256 << 20);
  const watch = (tail: (tail: Tail) => void) => asked<PartitionEnds>((done) => port.watch(handles[0], tail, done));
  await watch(() => undefined);
  const tails: Tail[] = [];
  const again = await new Promise<Result<PartitionEnds, Failure>>((resolve) => {
    const watchAgain = () => expect(port.watch(handles[0], (tail) => tails.push(tail), resolve)).toBe('taken');
    port.epochEnd(handles[0], 1, watchAgain);
    // As much as the ring takes: nobody serves it before this function returns.
    while (port.epochEnd(handles[0], 1, () => undefined) === 'taken');
    while (port.describe(handles[0], () => undefined) === 'taken');
    port.unwatch(handles[0]);
  });
  expect(again.ok).toBe(true);
  await append(port, handles[0], batchOf(['one']));
  expect(tails.map(({ highWatermark }) => highWatermark)).toEqual([1]);
});

test('room in the reply ring is given again when its replies are freed, not when they are told', async () => {
  const { port, handles } = await startLink(1);
  let underWay = 0;
  let takenWithin: Taken | undefined;
  await new Promise<void>((resolve) => {
    const done = () => {
      takenWithin ??= port.describe(handles[0], () => undefined);
      underWay -= 1;
      if (underWay === 0) resolve();
    };
    while (port.describe(handles[0], done) === 'taken') underWay += 1;
  });
  expect(takenWithin).toBe('full');
  expect((await asked((done) => port.describe(handles[0], done))).ok).toBe(true);
});

test('readers that ask for little get whole batches, however many they are', async () => {
  const { port, handles } = await startLink(1);
  const batch = batchOf(['x'.repeat(60_000)]);
  for (let count = 0; count < 100; count += 1) await append(port, handles[0], batch);
  const reading = Array.from({ length: 300 }, (_, index) => read(port, handles[0], index % 50, 1));
  for (const { result, bytes } of await Promise.all(reading)) {
    expect(result.ok).toBe(true);
    expect(bytes.length).toBe(batch.length);
  }
});

test('a deletion that comes while its partition is busy is tried again until the files are gone', async () => {
  const { island, duty, data, topicId } = await startLink();
  const name = { topicId, partition: 7 };
  const directory = join(data, 'topics', `${topicId}-7`);
  const assigned = (change: Pick<ShardAssignment, 'host' | 'remove'>) => {
    return new Promise((resolve) => island.shard.control.assign({ shard: 0, ...change }, resolve));
  };
  // In one turn: its directory is still being made when it is to go.
  const made = assigned({ host: [{ ...name, leaderEpoch: 1, settings }], remove: [] });
  const removed = assigned({ host: [], remove: [name] });
  duty.wakeSoon();
  await made;
  expect(await removed).toEqual([]);
  expect(existsSync(directory)).toBe(false);
});
