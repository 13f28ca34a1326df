import { expect, test } from 'vitest';
import { Deadlines } from '../../ts/gateway/deadlines.js';
import { Flow, Outflow, type Outlet } from '../../ts/gateway/subscriptions/outflow.js';
import { Turns } from '../../ts/gateway/subscriptions/turns.js';
import { ManualClock } from './memory-cluster.js';

class Pipe implements Outlet {
  buffered = 0;
  isStalled = false;
  writable = 0;
  isTerminated = false;
  readonly flow: Flow;
  readonly #outflow: Outflow;

  constructor(outflow: Outflow) {
    this.#outflow = outflow;
    this.flow = new Flow(this, this);
    outflow.open(this.flow);
  }

  onWritable(): void {
    this.writable += 1;
  }

  send(frame: Uint8Array): void {
    if (this.isStalled) this.buffered += frame.length;
  }

  bufferedSize(): number {
    return this.buffered;
  }

  follow(): void {
    throw new Error('not here');
  }

  unfollow(): void {
    throw new Error('not here');
  }

  terminate(): void {
    this.isTerminated = true;
    this.#outflow.close(this.flow);
  }

  drain(to: number): void {
    this.buffered = to;
    this.#outflow.onDrain(this.flow);
  }
}

function rig(sizeMax = 10_000) {
  const clock = new ManualClock();
  const deadlines = new Deadlines(clock);
  const outflow = new Outflow({ sizeMax, roundSizeMax: 2_000, unreadSizeMax: 5_000, stallMsMin: 1_000 }, clock, deadlines);
  return { clock, deadlines, outflow, pipe: () => new Pipe(outflow) };
}

test('a socket that takes everything is granted on and on, one that does not is not', () => {
  const { outflow, pipe } = rig();
  const [good, bad] = [pipe(), pipe()];
  for (let round = 0; round < 50; round++) expect(outflow.grant(good.flow, 500)).toBe(true);
  expect(outflow.used).toBeLessThanOrEqual(2_500);
  bad.isStalled = true;
  outflow.send(bad.flow, new Uint8Array(700));
  expect([bad.flow.isBlocked, outflow.grant(bad.flow, 1), outflow.stalledCount]).toEqual([true, false, 1]);
  bad.drain(300);
  expect([bad.flow.isBlocked, bad.flow.charged, bad.writable]).toEqual([true, 300, 0]);
  bad.drain(0);
  expect([bad.flow.isBlocked, bad.flow.charged, bad.writable]).toEqual([false, 0, 1]);
  expect(outflow.grant(bad.flow, 1)).toBe(true);
});

test('what is granted and published unseen is found when the buffer is looked at', () => {
  const { outflow, pipe } = rig();
  const one = pipe();
  expect(outflow.grant(one.flow, 1_500)).toBe(true);
  one.buffered = 1_500;
  expect(outflow.grant(one.flow, 1_000)).toBe(false);
  expect([one.flow.isBlocked, outflow.used]).toEqual([true, 1_500]);
});

test('past the budget who has stalled longest is ended, but nobody who has stalled for less than a while', () => {
  const { clock, outflow, pipe } = rig();
  const stalled = [pipe(), pipe(), pipe()];
  for (const each of stalled) {
    each.isStalled = true;
    outflow.send(each.flow, new Uint8Array(3_200));
    clock.advance(100);
  }
  // The first moves a little: the second is now the longest.
  stalled[0]?.drain(3_100);
  const healthy = pipe();
  const turns = new Turns(outflow, 4);
  let read = 0;
  const reader = {
    wants: () => read === 0,
    sizeWanted: () => 4_000,
    read: () => {
      read += 1;
    },
  };
  turns.request(healthy.flow, reader);
  clock.advance(600);
  expect([read, stalled.map(({ isTerminated }) => isTerminated)]).toEqual([0, [false, false, false]]);
  clock.advance(1_000);
  expect([read, stalled.map(({ isTerminated }) => isTerminated)]).toEqual([1, [false, true, false]]);
  expect([outflow.endedCount, healthy.isTerminated]).toEqual([1, false]);
});

test('answers to connections that stop reading, one on each, share the budget of all', () => {
  const { clock, outflow, pipe } = rig();
  const answer = ({ flow }: Pipe) => {
    if (!outflow.hasRoom(flow, 3_000)) return false;
    outflow.send(flow, new Uint8Array(3_000));
    return true;
  };
  const pipes = Array.from({ length: 10 }, pipe);
  for (const each of pipes) each.isStalled = true;
  expect(pipes.filter(answer)).toEqual(pipes.slice(0, 3));
  expect(outflow.used).toBe(9_000);
  clock.advance(900);
  expect(outflow.endedCount).toBe(0);
  // Once somebody has stalled for long, whoever is refused makes room for the next.
  clock.advance(200);
  expect(pipes.slice(8).map(answer)).toEqual([false, false]);
  clock.advance(200);
  expect(pipes.filter(({ isTerminated }) => isTerminated)).toEqual(pipes.slice(0, 1));
  expect(pipes.slice(8).map(answer)).toEqual([true, false]);
});

test('who reads gets little at a time while much lies unread, and none of those that stall is ended for it', () => {
  const { clock, outflow, pipe } = rig(100_000);
  const turns = new Turns(outflow, 4);
  const sizes: number[] = [];
  const readerOf = (each: Pipe) => {
    let left = 20;
    const reader = {
      wants: () => left > 0,
      sizeWanted: () => 60_000,
      read: (size: number) => {
        left = each.isStalled ? 0 : left - 1;
        if (!each.isStalled) sizes.push(size);
        // One batch at least, however little was granted.
        outflow.send(each.flow, new Uint8Array(Math.max(size, 1_500)));
        turns.readEnded(each.flow);
        if (left > 0) turns.request(each.flow, reader);
      },
    };
    turns.request(each.flow, reader);
  };
  for (const each of Array.from({ length: 30 }, pipe)) {
    each.isStalled = true;
    readerOf(each);
  }
  readerOf(pipe());
  clock.advance(5_000);
  expect(sizes).toHaveLength(20);
  expect(Math.min(...sizes)).toBeGreaterThanOrEqual(1_024);
  expect([outflow.endedCount, outflow.used <= 100_000]).toEqual([0, true]);
});

test('who waits for room has it when more connections make every round smaller', () => {
  const { clock, outflow, pipe } = rig();
  const [stalled, healthy] = [pipe(), pipe()];
  stalled.isStalled = true;
  outflow.send(stalled.flow, new Uint8Array(8_900));
  const sizes: number[] = [];
  const reader = { wants: () => sizes.length === 0, sizeWanted: () => 4_000, read: (size: number) => void sizes.push(size) };
  new Turns(outflow, 4).request(healthy.flow, reader);
  clock.advance(100);
  expect(sizes).toEqual([]);
  pipe();
  clock.advance(100);
  expect([sizes, outflow.endedCount]).toEqual([[1_024], 0]);
});

test('connections take turns, and so do the readers of one', () => {
  const { outflow, pipe } = rig(1_000_000);
  const turns = new Turns(outflow, 1);
  const order: string[] = [];
  const flows = { a: pipe().flow, b: pipe().flow };
  const reader = (name: 'a' | 'b', part: number) => {
    let left = 2;
    const self = {
      wants: () => left > 0,
      sizeWanted: () => 10,
      read: () => {
        order.push(`${name}${part}`);
        left -= 1;
      },
    };
    return { self, more: () => left > 0 };
  };
  const readers = [reader('a', 1), reader('a', 2), reader('a', 3), reader('b', 1)];
  const all = new Map(readers.map((each, index) => [index < 3 ? `a${index + 1}` : 'b1', each]));
  for (const [index, { self }] of readers.entries()) turns.request(index < 3 ? flows.a : flows.b, self);
  for (let at = 0; at < order.length; at++) {
    const name = order[at] as string;
    const flow = name.startsWith('a') ? flows.a : flows.b;
    const again = all.get(name);
    turns.readEnded(flow);
    if (again?.more() === true) turns.request(flow, again.self);
  }
  expect(order).toHaveLength(8);
  // Whoever is far behind on many partitions does not keep the other waiting.
  expect(order.indexOf('b1')).toBeLessThanOrEqual(1);
  expect(order.lastIndexOf('b1')).toBeLessThanOrEqual(4);
  expect(order.slice(0, 5).filter((name) => name.startsWith('a'))).toEqual([
    ...new Set(order.slice(0, 5).filter((name) => name.startsWith('a'))),
  ]);
});
