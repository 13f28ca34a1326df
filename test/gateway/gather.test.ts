import { expect, test } from 'vitest';
import { Deadlines } from '../../ts/gateway/deadlines.js';
import { ShardCalls } from '../../ts/gateway/shard-calls.js';
import { Tails } from '../../ts/gateway/tails.js';
import { Gather, type Gathering } from '../../ts/gateway/verbs/gather.js';
import type { TopicId } from '../../ts/model/ids.js';
import type { Offset } from '../../ts/model/offset.js';
import type { Clock, PartitionRoute, TopicRoute } from '../../ts/model/ports.js';
import { Room } from '../../ts/ring/room.js';
import { MemoryShard } from './memory-shard.js';

const roomSize = 1000;

/** Two partitions of one shard, whose answers come when the test lets them. */
class Rig {
  readonly shard = new MemoryShard();
  readonly tails = new Tails();
  readonly room = new Room(roomSize);
  readonly calls = new ShardCalls(this.shard, { sizeMax: 1 << 20, countMax: 100 });
  readonly told: Gathering[] = [];
  #now = 0;
  readonly deadlines: Deadlines;
  readonly gather: Gather;
  #timers: { readonly at: number; readonly callback: () => void }[] = [];

  constructor() {
    const clock: Clock = {
      monotonicMs: () => this.#now,
      wallMs: () => this.#now,
      after: (ms, callback) => {
        const timer = { at: this.#now + ms, callback };
        this.#timers.push(timer);
        return () => {
          this.#timers = this.#timers.filter((one) => one !== timer);
        };
      },
    };
    this.deadlines = new Deadlines(clock);
    this.gather = new Gather({
      tails: this.tails,
      deadlines: this.deadlines,
      room: this.room,
      sizeMax: 400,
      waitingMax: 10,
      mayLend: false,
    });
  }

  served(handle: number) {
    const topicId = '0'.repeat(32) as TopicId;
    const route: PartitionRoute = { topicId, partition: handle, shard: 0, handle, leaderEpoch: 1 };
    const topic: TopicRoute = {
      topicId,
      name: 't',
      durability: 'fsync',
      batchSizeMax: 1000,
      isLogAppendTime: false,
      partitions: [route],
    };
    return { topic, route, calls: this.calls };
  }

  fetch(sizeMin: number, waitMs = 1000): () => void {
    const entries = [0, 1].map((handle) => ({ served: this.served(handle), offset: 0 as Offset, sizeMax: 200 }));
    return this.gather.begin({ entries, sizeMax: 400, sizeMin, waitMs }, (gathering) => this.told.push(gathering));
  }

  append(handle: number): void {
    const partition = this.shard.partition(handle);
    const base = partition.end;
    partition.batches.push({ base, next: base + 1, leaderEpoch: 1, timestampMs: 0, bytes: new Uint8Array(100) });
    const tail = { logStart: partition.logStart as Offset, highWatermark: partition.end as Offset };
    partition.watcher?.(tail);
  }

  answerOne(): void {
    this.shard.pending.shift()?.run();
  }

  settle(): void {
    for (let turns = 0; this.shard.pending.length > 0 && turns < 1000; turns++) this.answerOne();
  }

  pass(ms: number): void {
    this.#now += ms;
    const due = this.#timers.filter(({ at }) => at <= this.#now);
    this.#timers = this.#timers.filter(({ at }) => at > this.#now);
    for (const { callback } of due) callback();
  }

  /** All of the room can be had at once. */
  get hasWholeRoom(): boolean {
    let isWhole = false;
    const probe = () => {
      isWhole = true;
    };
    // Beside one byte more it would have to wait.
    this.room.reserve(1, () => this.room.reserve(roomSize - 1, probe));
    if (isWhole) this.room.release(roomSize);
    return isWhole;
  }
}

test('a partition that moves between the reads of a pass and their end, while others follow it, is one answer and no lost memory', () => {
  const rig = new Rig();
  // Somebody else follows both already: whoever comes is told at once how far they are.
  for (const handle of [0, 1]) rig.tails.follow(rig.served(handle), { onOpened: () => undefined, onTail: () => undefined });
  rig.settle();
  rig.fetch(250);
  rig.answerOne();
  for (const handle of [0, 1]) rig.append(handle);
  rig.answerOne();
  for (const handle of [0, 1]) rig.append(handle);
  rig.settle();
  expect(rig.told.length).toBe(1);
  for (const gathering of rig.told) gathering.letGo();
  expect(rig.hasWholeRoom).toBe(true);
  rig.pass(5000);
  rig.settle();
  expect(rig.told.length).toBe(1);
});

test('what has no room in the answer is enough, and a wait that is called off holds nothing and ends once', () => {
  const rig = new Rig();
  for (let count = 0; count < 3; count++) for (const handle of [0, 1]) rig.append(handle);
  // 400 of 600 bytes fit, and more are asked for than ever will.
  rig.fetch(100_000);
  rig.settle();
  expect(rig.told.length).toBe(1);
  rig.told.pop()?.letGo();
  const cancel = rig.fetch(100_000, 60_000);
  rig.settle();
  expect(rig.told.length).toBe(1);
  rig.told.pop()?.letGo();
  cancel();
  const empty = new Rig();
  const callOff = empty.fetch(1, 60_000);
  empty.settle();
  expect([empty.told.length, empty.gather.waiting.size, empty.tails.count]).toEqual([0, 1, 2]);
  callOff();
  callOff();
  empty.gather.answerAll();
  empty.pass(100_000);
  empty.settle();
  expect([empty.told.length, empty.gather.waiting.size, empty.deadlines.count]).toEqual([1, 0, 0]);
  for (const gathering of empty.told) gathering.letGo();
  expect([rig.hasWholeRoom, empty.hasWholeRoom]).toEqual([true, true]);
});
