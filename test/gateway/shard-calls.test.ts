import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ShardCalls } from '../../ts/gateway/shard-calls.js';
import type { Offset } from '../../ts/model/offset.js';
import type { AppendTaken, ShardPort } from '../../ts/model/ports.js';
import { MemoryShard } from './memory-shard.js';
import { batchOf } from './running.js';

function rig(limits = { sizeMax: 1_000, countMax: 5 }) {
  const shard = new MemoryShard();
  const calls = new ShardCalls(shard, limits);
  const answers: string[] = [];
  const append = (name: string) => {
    const batch = batchOf([name]);
    const submitted = calls.append(
      0,
      batch,
      (result) => void answers.push(result.ok ? `${name}@${result.value.base}` : `${name}:${result.error.error}`),
    );
    // The caller's memory is used again at once.
    batch.fill(0xee);
    return submitted;
  };
  return { shard, calls, answers, append };
}

test('what finds the ring full waits, keeps its order, and is a copy', () => {
  const { shard, calls, answers, append } = rig();
  expect(append('a')).toBe('begun');
  shard.isFull = true;
  expect([typeof append('b'), typeof append('c')]).toEqual(['object', 'object']);
  shard.isFull = false;
  // Nobody overtakes, though there is room again.
  expect(typeof append('d')).toBe('object');
  expect(calls.waiting.count).toBe(3);
  shard.free();
  shard.runAll();
  expect(answers).toEqual(['a@0', 'b@1', 'c@2', 'd@3']);
  expect(calls.waiting).toEqual({ count: 0, size: 0 });
});

test('the queue is bounded by bytes and by count', () => {
  const { shard, append } = rig({ sizeMax: batchOf(['x']).length * 2, countMax: 5 });
  shard.isFull = true;
  expect([typeof append('a'), typeof append('b'), append('c')]).toEqual(['object', 'object', 'overloaded']);
  const few = rig({ sizeMax: 1e6, countMax: 1 });
  few.shard.isFull = true;
  expect([typeof few.append('a'), few.append('b')]).toEqual(['object', 'overloaded']);
});

test('what is withdrawn never happens, and only once; what was begun cannot be', () => {
  const { shard, calls, answers, append } = rig();
  shard.isFull = true;
  const [first, second] = [append('a'), append('b')];
  if (typeof first === 'string' || typeof second === 'string') throw new Error('not waiting');
  expect([first.withdraw(), first.withdraw()]).toEqual([true, false]);
  shard.free();
  expect(second.withdraw()).toBe(false);
  shard.runAll();
  expect(answers).toEqual(['b@0']);
  expect(calls.waiting.size).toBe(0);
});

test('a shard that is gone says so, to those that wait too', () => {
  const { shard, calls, answers, append } = rig();
  shard.isFull = true;
  append('a');
  const failures: string[] = [];
  calls.call(
    (port, done) => port.read(0, 0 as Offset, 1, done),
    (result) => void failures.push(result.ok ? 'read' : result.error.error),
  );
  shard.isClosed = true;
  shard.free();
  expect([answers, failures, append('b')]).toEqual([['a:shutting-down'], ['shutting-down'], 'closed']);
});

test('what is withdrawn keeps no memory, though its place in the row stays', () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const shard = new MemoryShard();
  shard.isFull = true;
  const calls = new ShardCalls(shard, { sizeMax: 4 << 20, countMax: 1_000 });
  const batch = new Uint8Array(1 << 20);
  // Buffers are swept in the background: the next collection waits for it.
  const settle = () => {
    for (let count = 0; count < 3; count += 1) gc();
  };
  settle();
  const before = process.memoryUsage().arrayBuffers;
  for (let count = 0; count < 64; count += 1) {
    const submitted = calls.append(0, batch, () => undefined);
    if (typeof submitted === 'string') throw new Error(submitted);
    submitted.withdraw();
  }
  settle();
  expect(calls.waiting.count).toBe(64);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 << 20);
});

/** What happens around a queue: appends of three partitions, and what their shard says. */
const happening = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('append' as const), partition: fc.nat(2), isLarge: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('hold' as const), partition: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('let go' as const), partition: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('room' as const), count: fc.nat(6) }) },
);

/** Takes so many appends as it has room for; a large one of a partition that is held not before it is let go. */
class NarrowShard {
  room = 3;
  readonly held = new Set<number>();
  readonly begun: number[][] = [[], [], []];
  #spaces: (() => void)[] = [];

  append(partition: number, [number = 0, isLarge]: Uint8Array): AppendTaken {
    if (isLarge === 1 && this.held.has(partition)) return 'held';
    if (this.room === 0) return 'full';
    this.room -= 1;
    this.begun[partition]?.push(number);
    return 'taken';
  }

  space(callback: () => void): void {
    this.#spaces.push(callback);
  }

  wake(): void {
    for (const callback of this.#spaces.splice(0)) callback();
  }
}

test('whatever is full or held: every partition keeps its order, and nothing is lost', () => {
  const story = fc.array(happening, { size: 'max', maxLength: 200 });
  fc.assert(
    fc.property(story, (events) => {
      const shard = new NarrowShard();
      const calls = new ShardCalls(shard as unknown as ShardPort, { sizeMax: 1e6, countMax: 1000 });
      const sent = [0, 0, 0];
      for (const event of events) {
        if (event.kind === 'append') {
          const { partition, isLarge } = event;
          calls.append(partition, new Uint8Array([sent[partition] ?? 0, isLarge ? 1 : 0]), () => undefined);
          sent[partition] = (sent[partition] ?? 0) + 1;
        } else if (event.kind === 'hold') shard.held.add(event.partition);
        else {
          if (event.kind === 'room') shard.room += event.count;
          else shard.held.delete(event.partition);
          shard.wake();
        }
      }
      shard.held.clear();
      shard.room = 1000;
      shard.wake();
      expect(shard.begun).toEqual(sent.map((count) => Array.from({ length: count }, (_, number) => number)));
      expect(calls.waiting).toEqual({ count: 0, size: 0 });
    }),
  );
});

test('only its own wait for a partition that is held', () => {
  const shard = new NarrowShard();
  shard.room = 100;
  shard.held.add(0);
  const calls = new ShardCalls(shard as unknown as ShardPort, { sizeMax: 1e6, countMax: 1000 });
  const append = (partition: number, number: number, isLarge: boolean) => {
    const submitted = calls.append(partition, new Uint8Array([number, isLarge ? 1 : 0]), () => undefined);
    return typeof submitted === 'string' ? submitted : 'waits';
  };
  expect([append(0, 0, true), append(0, 1, false), append(1, 0, false), append(2, 0, true)]).toEqual([
    'waits',
    'waits',
    'begun',
    'begun',
  ]);
  shard.held.delete(0);
  shard.wake();
  expect(shard.begun).toEqual([[0, 1], [0], [0]]);
});
