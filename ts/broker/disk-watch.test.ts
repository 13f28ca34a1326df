import { expect, test } from 'vitest';
import type { Failure } from '../model/ports.js';
import { DiskWatch } from './disk-watch.js';

/** A disk of a hundred MiB, looked at when the test says so. */
function watched(fullPercent: number) {
  const told: (Failure | undefined)[] = [];
  let free = 50;
  let look: () => void = () => undefined;
  const clock = {
    monotonicMs: () => 0,
    wallMs: () => 0,
    after: (_ms: number, callback: () => void) => {
      look = callback;
      return () => undefined;
    },
  };
  const space = () => ({ ok: true, value: { freeSize: free * 2 ** 20, totalSize: 100 * 2 ** 20 } }) as const;
  const watch = new DiskWatch(clock, space, fullPercent, { onSpace: () => undefined, onFull: (refusal) => told.push(refusal) });
  watch.start();
  const at = (percent: number) => {
    free = 100 - percent;
    look();
  };
  return { watch, at, told: () => told.splice(0) };
}

test('at the mark it is full, and not again before it is clearly below', () => {
  const { at, told } = watched(90);
  at(89);
  expect(told()).toEqual([]);
  at(90);
  const message = 'the disk is 90.0 % full (10 MiB left), the mark is 90 %: free space or shorten retention';
  expect(told()).toEqual([{ error: 'disk-full', message }]);
  at(95);
  at(89);
  expect(told()).toEqual([]);
  at(87);
  expect(told()).toEqual([undefined]);
});

test('a file that finds no room below the mark is as good as the mark', () => {
  const { watch, at, told } = watched(100);
  at(99);
  watch.noSpace();
  watch.noSpace();
  const message = 'the log found no room on the disk (1 MiB left): free space or shorten retention';
  expect(told()).toEqual([{ error: 'disk-full', message }]);
  at(99);
  expect(told()).toEqual([]);
  at(97);
  expect(told()).toEqual([undefined]);
  watch.noSpace();
  expect(told()).toMatchObject([{ error: 'disk-full' }]);
});
