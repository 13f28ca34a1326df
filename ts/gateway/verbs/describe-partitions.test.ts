import { expect, test } from 'vitest';
import type { Failure, PartitionDescription } from '../../model/ports.js';
import { ok, type Result } from '../../model/result.js';
import type { Served } from '../routing.js';
import { describePartitions } from './describe-partitions.js';

type Done = (result: Result<PartitionDescription, Failure>) => void;

test('few are asked at a time, and all are told in their order', () => {
  const waiting: { readonly handle: number; readonly done: Done }[] = [];
  const calls = { call: (begin: (port: unknown, done: Done) => void, done: Done) => begin(port, done) };
  const port = { describe: (handle: number, done: Done) => void waiting.push({ handle, done }) };
  const wanted = Array.from({ length: 200 }, (_, handle) => ({ calls, route: { handle } }) as unknown as Served);
  let told: readonly Result<PartitionDescription, Failure>[] = [];
  describePartitions(wanted, (results) => {
    told = results;
  });
  let most = 0;
  while (waiting.length > 0) {
    most = Math.max(most, waiting.length);
    const { handle, done } = waiting.pop() ?? waiting[0] ?? { handle: 0, done: () => undefined };
    done(ok({ size: handle } as PartitionDescription));
  }
  expect(most).toBeLessThanOrEqual(64);
  expect(told.map((result) => result.ok && result.value.size)).toEqual(wanted.map((_, index) => index));
});

test('none are told at once', () => {
  let told = 0;
  describePartitions([], (results) => {
    told += 1;
    expect(results).toEqual([]);
  });
  expect(told).toBe(1);
});
