import { expect, test } from 'vitest';
import { beginning, mayRead, pageMax, type Reading, type ReadingEvent, read, roomOf } from './reading.js';

const after = (...events: readonly ReadingEvent[]): Reading => events.reduce(read, beginning);
const places = [
  { partition: 0, offset: 10, end: 20 },
  { partition: 1, offset: 5, end: 5 },
];
const opened: ReadingEvent = { type: 'opened', places };
const batch = (partition: number, nextOffset: number, shown: number): ReadingEvent => ({
  type: 'batch',
  partition,
  nextOffset,
  shown,
});

test('nothing is read before the places are known', () => {
  expect(mayRead(beginning)).toBe(false);
});

test('with nothing before the end it is live at once', () => {
  expect(after({ type: 'opened', places: [{ partition: 0, offset: 5, end: 5 }] }).phase.name).toBe('live');
});

test('it is live when every partition has reached where it ended at first, however far that has moved', () => {
  const both: ReadingEvent = {
    type: 'opened',
    places: [
      { partition: 0, offset: 0, end: 4 },
      { partition: 1, offset: 0, end: 2 },
    ],
  };
  expect(after(both, batch(0, 9, 9)).phase).toMatchObject({ name: 'catching-up' });
  expect(after(both, batch(0, 9, 9), batch(1, 1, 1)).phase).toMatchObject({ name: 'catching-up' });
  const live = after(both, batch(0, 9, 9), batch(1, 2, 1));
  expect(live.phase.name).toBe('live');
  expect(roomOf(live)).toBeUndefined();
});

test('a full page holds, and goes on for another page when told', () => {
  const held = after(opened, batch(0, 15, pageMax));
  expect(held.phase.name).toBe('held');
  expect(mayRead(held)).toBe(false);
  const on = read(held, { type: 'continue' });
  expect(mayRead(on)).toBe(true);
  expect(roomOf(on)).toBe(pageMax);
  expect(read(on, batch(0, 20, 5)).phase.name).toBe('live');
});

test('a page that is full just where the end is reached needs no more telling', () => {
  expect(after(opened, batch(0, 20, pageMax)).phase.name).toBe('live');
});

test('pausing keeps the place, whatever it is', () => {
  for (const events of [[], [opened], [opened, batch(0, 20, 1)]] as const) {
    const paused = after(...events, { type: 'pause' });
    expect(mayRead(paused)).toBe(false);
    expect(read(paused, { type: 'continue' })).toEqual(after(...events));
  }
});

test('a batch under way when it was paused still counts', () => {
  expect(after(opened, { type: 'pause' }, batch(0, 20, 1), { type: 'continue' }).phase.name).toBe('live');
});

test('the end and a failure are final', () => {
  const failed = after(opened, { type: 'failed', why: 'x' });
  expect(failed.phase).toEqual({ name: 'failed', why: 'x' });
  expect(read(failed, opened).phase.name).toBe('failed');
  expect(mayRead(after(opened, { type: 'ended', why: 'deleted' }, { type: 'continue' }))).toBe(false);
});
