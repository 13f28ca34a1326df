import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Deadlines } from '../../ts/gateway/deadlines.js';
import { ShardCalls } from '../../ts/gateway/shard-calls.js';
import { Tails } from '../../ts/gateway/tails.js';
import { Gather } from '../../ts/gateway/verbs/gather.js';
import type { Gathering } from '../../ts/gateway/verbs/gathering.js';
import type { Offset } from '../../ts/model/offset.js';
import type { Clock } from '../../ts/model/ports.js';
import { Room } from '../../ts/ring/room.js';
import { MemoryShard } from './memory-shard.js';
import { servedTopic } from './served-topic.js';

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
    return { ...servedTopic(handle), calls: this.calls };
  }

  fetch(sizeMin: number, waitMs = 1000, offsets: readonly number[] = [0, 0], sizeMax = 200): () => void {
    const entries = offsets.map((offset, handle) => ({ served: this.served(handle), offset: offset as Offset, sizeMax }));
    return this.gather.begin({ entries, sizeMax: 400, sizeMin, waitMs }, (gathering) => this.told.push(gathering));
  }

  /** A batch of 100 bytes, of which whoever watches is told how large it is. */
  grow(handle: number): void {
    this.shard.store(handle, 1, new Uint8Array(100));
  }

  append(handle: number, size = 100): void {
    const partition = this.shard.partition(handle);
    const base = partition.end;
    partition.batches.push({ base, next: base + 1, leaderEpoch: 1, timestampMs: 0, bytes: new Uint8Array(size) });
    const tail = { logStart: partition.logStart as Offset, highWatermark: partition.end as Offset };
    partition.watcher?.(tail);
  }

  answerOne(): void {
    this.shard.pending.shift()?.run();
  }

  /** What the shard is asked, and answers: of each kind how often. */
  answerAll(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { kind, run } of this.shard.pending.splice(0)) {
      counts[kind] = (counts[kind] ?? 0) + 1;
      run();
    }
    return counts;
  }

  /** The end of each entry's batches, as the last answer has it. */
  lastTold(): readonly (number | undefined)[] {
    const told = this.told.pop();
    told?.letGo();
    return told?.results.map((result) => (result.ok ? result.value.batches?.next : -1)) ?? [];
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

test('who comes back for more waits without reading anything, and reads once, where something came', () => {
  const rig = new Rig();
  rig.fetch(1);
  expect(rig.answerAll()).toEqual({ hold: 2 });
  expect(rig.answerAll()).toEqual({ watch: 2 });
  rig.grow(1);
  expect(rig.answerAll()).toEqual({ tail: 1 });
  expect(rig.answerAll()).toEqual({ hold: 1 });
  expect(rig.lastTold()).toEqual([undefined, 1]);
  // From here on the tails know.
  rig.fetch(150, 1000, [0, 1]);
  expect(rig.shard.pending).toEqual([]);
  rig.grow(0);
  expect(rig.answerAll()).toEqual({ tail: 1 });
  expect(rig.shard.pending).toEqual([]);
  rig.grow(1);
  expect(rig.answerAll()).toEqual({ tail: 1 });
  expect(rig.answerAll()).toEqual({ hold: 2 });
  expect(rig.lastTold()).toEqual([1, 2]);
  // Nothing came: what the tails know is the answer.
  rig.fetch(1, 1000, [1, 2]);
  rig.pass(1100);
  expect([rig.shard.pending.length, rig.told[0]?.results]).toEqual([
    0,
    [1, 2].map((highWatermark) => ({ ok: true, value: { logStart: 0, highWatermark, batches: undefined } })),
  ]);
  expect(rig.lastTold()).toEqual([undefined, undefined]);
  // Who does not wait is told what there is.
  rig.fetch(1, 0, [1, 2]);
  expect(rig.answerAll()).toEqual({ hold: 2 });
  rig.lastTold();
  for (const count of [2, 2, 0]) {
    expect(rig.tails.count).toBe(count);
    rig.tails.sweep();
  }
  expect([rig.hasWholeRoom, rig.tails.count]).toEqual([true, 0]);
});

test('what comes between a read and the watch, or while others are read, wakes who waits', () => {
  const late = new Rig();
  late.fetch(1);
  expect(late.answerAll()).toEqual({ hold: 2 });
  late.grow(0);
  expect(late.answerAll()).toEqual({ watch: 2 });
  expect(late.answerAll()).toEqual({ hold: 1 });
  expect(late.lastTold()).toEqual([1, undefined]);
  // Of one partition the tails know, the other one is read: meanwhile the first grows.
  const rig = new Rig();
  rig.tails.follow(rig.served(0), { onOpened: () => undefined, onTail: () => undefined });
  rig.settle();
  rig.fetch(1);
  rig.grow(0);
  rig.shard.runOne(1);
  expect(rig.answerAll()).toEqual({ hold: 1 });
  expect(rig.shard.pending.map(({ kind }) => kind)).toEqual(['watch', 'hold']);
  rig.settle();
  expect(rig.lastTold()).toEqual([1, undefined]);
});

test('a log start that moves alone is told within ten sweeps', () => {
  const rig = new Rig();
  for (const handle of [0, 1]) rig.grow(handle);
  const starts = () => rig.told.pop()?.results.map((result) => result.ok && result.value.logStart);
  const ask = () => {
    rig.fetch(1, 1000, [1, 1]);
    rig.settle();
    rig.pass(1100);
    rig.settle();
  };
  ask();
  expect(starts()).toEqual([0, 0]);
  for (const handle of [0, 1]) rig.shard.partition(handle).logStart = 1;
  ask();
  expect(starts()).toEqual([0, 0]);
  for (let sweeps = 0; sweeps < 10; sweeps++) {
    ask();
    starts();
    rig.tails.sweep();
    rig.settle();
  }
  ask();
  expect(starts()).toEqual([1, 1]);
});

test('what is left of an answer that is nearly full is offered to nobody: the others are looked at, beside each other', () => {
  const rig = new Rig();
  const offsets = Array.from({ length: 12 }, () => 0);
  for (const handle of offsets.keys()) rig.append(handle, 190);
  rig.fetch(100_000, 60_000, offsets);
  expect(rig.answerAll()).toEqual({ hold: 2, describe: 10 });
  expect(rig.shard.pending).toEqual([]);
  const [answer] = rig.told;
  expect(answer?.results.map((result) => result.ok && [result.value.highWatermark, result.value.batches?.size])).toEqual([
    [1, 190],
    [1, 190],
    ...offsets.slice(2).map(() => [1, undefined]),
  ]);
  rig.lastTold();
  // Nothing more is to be had: that is no answer yet for who wants more than there is.
  const empty = new Rig();
  for (const handle of [0, 1]) empty.append(handle, 190);
  empty.fetch(400, 1000, [0, 0, 0]);
  empty.settle();
  expect(empty.told).toEqual([]);
  empty.pass(1100);
  empty.settle();
  expect(empty.lastTold()).toEqual([1, 1, undefined]);
  expect([rig.hasWholeRoom, empty.hasWholeRoom]).toEqual([true, true]);
});

test('of many partitions in which nothing is, none waits for others to be read', () => {
  const rig = new Rig();
  const offsets = Array.from({ length: 600 }, () => 0);
  rig.grow(599);
  rig.fetch(1, 1000, offsets);
  // As many as may bring all that there is room for, and a look at the next ones.
  expect(rig.answerAll()).toEqual({ hold: 2, describe: 256 });
  expect(rig.answerAll()).toEqual({ hold: 2, describe: 256 });
  expect(rig.answerAll()).toEqual({ hold: 2, describe: 82 });
  expect(rig.answerAll()).toEqual({ hold: 1 });
  expect(rig.lastTold()).toEqual([...offsets.slice(1).map(() => undefined), 1]);
  expect(rig.hasWholeRoom).toBe(true);
});

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('grow' as const), handle: fc.nat(2) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('answer' as const), handle: fc.nat(3) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('fetch', 'ask', 'settle', 'pass', 'sweep', 'forget', 'follow', 'jump'),
      handle: fc.nat(2),
    }),
  },
);

/** A reader of three partitions that asks again when it is answered. */
class Reader extends Rig {
  readonly #positions = [0, 0, 0];
  isAsking = false;
  /** For whatever there is. */
  #isEager = false;
  readonly #followed = new Set<number>();

  run({ kind, handle }: { readonly kind: string; readonly handle: number }): void {
    if (kind === 'grow') this.grow(handle);
    else if (kind === 'answer') for (let left = handle; left > 0; left--) this.answerOne();
    // As if it came from another shard.
    else if (kind === 'jump') this.shard.runOne(handle);
    else if (kind === 'fetch') this.#ask(1, 1000);
    else if (kind === 'ask') this.#ask(handle * 120, handle * 500);
    else if (kind === 'settle') this.#settle();
    else if (kind === 'pass') this.pass(600);
    else if (kind === 'sweep') this.tails.sweep();
    else if (kind === 'follow') this.#follow(handle);
    // Its next tails come without their batches.
    else this.shard.partition(handle).remembersTail = !this.shard.partition(handle).remembersTail;
    this.#receive();
  }

  #ask(sizeMin: number, waitMs: number): void {
    if (this.isAsking) return;
    this.isAsking = true;
    this.#isEager = sizeMin <= 1;
    this.fetch(sizeMin, waitMs, [...this.#positions]);
    this.#receive();
  }

  /** Nobody waits for what is there. */
  #settle(): void {
    this.settle();
    this.#receive();
    if (this.isAsking && this.#isEager) expect(this.#positions).toEqual(this.#ends);
  }

  get #ends(): readonly number[] {
    return [0, 1, 2].map((handle) => this.shard.partition(handle).end);
  }

  /** Somebody else wants to know where it stands, too. */
  #follow(handle: number): void {
    if (this.#followed.has(handle)) return;
    this.#followed.add(handle);
    this.tails.follow(this.served(handle), { onOpened: () => undefined, onTail: () => undefined });
  }

  #receive(): void {
    const told = this.told.pop();
    if (told === undefined) return;
    this.isAsking = false;
    for (const [handle, result] of told.results.entries()) {
      if (!result.ok) throw new Error(result.error.error);
      const { batches, highWatermark, logStart } = result.value;
      const partition = this.shard.partition(handle);
      expect([logStart, highWatermark <= partition.end]).toEqual([0, true]);
      if (batches === undefined) continue;
      expect([batches.base, batches.size]).toEqual([this.#positions[handle], (batches.next - batches.base) * 100]);
      this.#positions[handle] = batches.next;
    }
    told.letGo();
  }

  /** Whatever was under way comes to its end; then everything comes without a wait, and only then is waited. */
  finish(): void {
    this.#settle();
    this.pass(10_000);
    this.settle();
    this.#receive();
    expect(this.isAsking).toBe(false);
    for (let turns = 0; !this.isAsking; turns++) {
      expect(turns).toBeLessThan(500);
      this.#ask(1, 1000);
      this.#settle();
    }
    this.grow(1);
    this.#settle();
    expect([this.isAsking, this.gather.waiting.size, this.deadlines.count]).toEqual([false, 0, 0]);
    expect(this.hasWholeRoom).toBe(true);
  }
}

test('in whatever order things come, a reader gets every batch once, waits for what is not there and is woken by it', () => {
  const property = fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
    const reader = new Reader();
    for (const each of steps) reader.run(each);
    reader.finish();
  });
  fc.assert(property, { numRuns: 300 });
});

test('a batch larger than was asked for comes alone, once its memory is there', () => {
  const rig = new Rig();
  for (const handle of [0, 1]) rig.append(handle, 300);
  // Others have nearly everything: what was asked for would have room beside it, what is there would not.
  rig.room.reserve(800, () => undefined);
  rig.fetch(1, 1000, [0, 0], 20);
  rig.settle();
  expect(rig.told.length).toBe(0);
  rig.room.release(800);
  rig.settle();
  expect(rig.told.length).toBe(1);
  const [first, second] = rig.told[0]?.results ?? [];
  expect(first).toMatchObject({ ok: true, value: { highWatermark: 1, batches: { size: 300 } } });
  expect(second).toMatchObject({ ok: true, value: { highWatermark: 1, batches: undefined } });
  for (const gathering of rig.told) gathering.letGo();
  expect(rig.hasWholeRoom).toBe(true);
});

test('where nothing fits into the answer the first that is there comes at once, without a look for a smaller one', () => {
  const rig = new Rig();
  const offsets = Array.from({ length: 12 }, () => 0);
  for (const handle of offsets.keys()) rig.append(handle, 450);
  rig.fetch(1, 1000, offsets, 450);
  expect(rig.answerAll()).toEqual({ hold: 1, describe: 11 });
  expect(rig.answerAll()).toEqual({ hold: 1 });
  expect(rig.lastTold()).toEqual([1, ...offsets.slice(1).map(() => undefined)]);
  expect([rig.shard.pending, rig.hasWholeRoom]).toEqual([[], true]);
  // Nor while the many behind them are looked at, which takes more than one round.
  const crowd = new Rig();
  const many = Array.from({ length: 300 }, () => 0);
  for (const handle of many.keys()) crowd.append(handle, 450);
  crowd.fetch(1, 1000, many, 450);
  expect(crowd.answerAll()).toEqual({ hold: 1, describe: 256 });
  expect(crowd.answerAll()).toEqual({ describe: 43 });
  expect(crowd.answerAll()).toEqual({ hold: 1 });
  expect(crowd.lastTold().filter((next) => next !== undefined)).toEqual([1]);
});

test('larger batches come together as far as the memory of their request reaches', () => {
  const rig = new Rig();
  rig.append(0, 50);
  rig.append(1, 250);
  rig.fetch(1, 1000, [0, 0], 150);
  rig.settle();
  expect(rig.told[0]?.results).toMatchObject([{ value: { batches: { size: 50 } } }, { value: { batches: { size: 250 } } }]);
  for (const gathering of rig.told) gathering.letGo();
  expect(rig.hasWholeRoom).toBe(true);
});

test('who waits for one partition is answered with what its tail brought; what is too much, or gone, is read', () => {
  const rig = new Rig();
  rig.grow(0);
  rig.fetch(1, 1000, [0]);
  expect(rig.answerAll()).toEqual({ hold: 1 });
  expect(rig.lastTold()).toEqual([1]);
  rig.fetch(1, 1000, [1]);
  rig.settle();
  rig.grow(0);
  expect(rig.answerAll()).toEqual({ tail: 1 });
  expect([rig.shard.pending, rig.lastTold()]).toEqual([[], [2]]);
  // More than it asked for at once.
  rig.fetch(1, 1000, [2], 50);
  rig.settle();
  rig.grow(0);
  expect(rig.answerAll()).toEqual({ tail: 1 });
  expect(rig.answerAll()).toEqual({ hold: 1 });
  rig.settle();
  expect(rig.lastTold()).toEqual([3]);
  // Less than it waits for.
  rig.fetch(150, 1000, [3]);
  rig.settle();
  rig.grow(0);
  expect(rig.answerAll()).toEqual({ tail: 1 });
  expect(rig.told).toEqual([]);
  rig.grow(0);
  expect(rig.answerAll()).toEqual({ tail: 1 });
  expect(rig.answerAll()).toEqual({ hold: 1 });
  expect(rig.lastTold()).toEqual([5]);
  // A tail that left memory.
  rig.fetch(1, 1000, [5]);
  rig.settle();
  rig.shard.partition(0).remembersTail = false;
  rig.grow(0);
  expect(rig.answerAll()).toEqual({ tail: 1 });
  expect(rig.answerAll()).toEqual({ hold: 1 });
  expect(rig.lastTold()).toEqual([6]);
  expect(rig.hasWholeRoom).toBe(true);
});
