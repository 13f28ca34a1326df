import { expect, test } from 'vitest';
import type { LogStore, StoreFailure } from '../native/log.js';
import { Operations } from './operations.js';
import { Tickets } from './tickets.js';

/** A log that keeps what it was asked; the test says how each ends. */
function started() {
  const asked: { readonly handle: number; readonly ticket: number; readonly kind: string; readonly to: number }[] = [];
  let nowMs = 0;
  let isClosed = false;
  const store = {
    control: (handle: number, ticket: number, kind: string, to: number) => {
      if (isClosed) return { code: 'closed', message: 'the log is closed' };
      asked.push({ handle, ticket, kind, to });
      return undefined;
    },
  } as unknown as LogStore;
  const clock = { monotonicMs: () => nowMs, wallMs: () => 0, after: () => () => undefined };
  const operations = new Operations(store, new Tickets(), clock);
  const ends: string[] = [];
  const begin = (handle: number, to: number) =>
    operations.begin(handle, 'log-start', to, (failure) => ends.push(`${handle} to ${to}: ${failure?.code ?? 'done'}`));
  const end = (failure?: StoreFailure) => operations.ended(asked.shift()?.ticket ?? -1, failure);
  const pass = (ms: number) => {
    nowMs += ms;
    operations.turn();
  };
  const close = () => {
    isClosed = true;
  };
  return { operations, begin, end, pass, close, ends, wanted: () => asked.map(({ handle, to }) => `${handle} to ${to}`) };
}

const busy: StoreFailure = { code: 'busy', message: '' };

test('a partition’s changes go one by one, in their order, others meanwhile', () => {
  const { operations, begin, end, pass, ends, wanted } = started();
  begin(1, 10);
  begin(1, 11);
  begin(2, 20);
  expect(wanted()).toEqual(['1 to 10', '2 to 20']);
  expect(operations.deadlineMs()).toBe(Number.POSITIVE_INFINITY);
  end();
  // Only in the next turn, which is asked for.
  expect([wanted(), operations.deadlineMs()]).toEqual([['2 to 20'], 0]);
  pass(0);
  expect(wanted()).toEqual(['2 to 20', '1 to 11']);
  end();
  end({ code: 'out-of-range', message: '' });
  expect(ends).toEqual(['1 to 10: done', '2 to 20: done', '1 to 11: out-of-range']);
  begin(1, 12);
  expect(wanted()).toEqual(['1 to 12']);
});

test('one that meets another change tries again, later each time, and keeps its place', () => {
  const { operations, begin, end, pass, ends, wanted } = started();
  begin(1, 10);
  begin(1, 11);
  for (const waitMs of [2, 4, 8, 16, 32, 64, 100, 100]) {
    end(busy);
    pass(waitMs - 1);
    expect(wanted()).toEqual([]);
    expect(operations.deadlineMs()).toBeGreaterThan(0);
    pass(1);
    expect(wanted()).toEqual(['1 to 10']);
  }
  end();
  pass(0);
  end();
  expect(ends).toEqual(['1 to 10: done', '1 to 11: done']);
});

test('a log that is closed refuses each, and tickets of others are none of its business', () => {
  const { operations, begin, pass, close, ends } = started();
  expect(operations.ended(77)).toBe(false);
  close();
  begin(1, 10);
  begin(1, 11);
  pass(0);
  expect(ends).toEqual(['1 to 10: fenced', '1 to 11: fenced']);
});
