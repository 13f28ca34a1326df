import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { ShardCalls } from '../../ts/gateway/shard-calls.js';
import type { Offset } from '../../ts/model/offset.js';
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
