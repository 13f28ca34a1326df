import { expect, test } from 'vitest';
import { type Finished, Pipeline } from './pipeline.js';

function answerOf(byte: number): Finished {
  return { encoded: { bytes: Uint8Array.of(byte), gaps: [], size: 1 }, sent: () => undefined };
}

test('answers leave in the order of their requests, whatever finishes first', () => {
  const pipeline = new Pipeline();
  let told = 0;
  const ready = () => void told++;
  const [first, second, third] = [pipeline.begin(ready), pipeline.begin(ready), pipeline.begin(ready)];
  second(answerOf(2));
  expect([told, pipeline.next()]).toEqual([0, undefined]);
  first({ encoded: undefined, sent: () => undefined });
  expect(told).toBe(1);
  expect(pipeline.next()?.encoded).toBeUndefined();
  expect(pipeline.next()?.encoded?.bytes).toEqual(Uint8Array.of(2));
  expect([pipeline.next(), pipeline.isEmpty]).toEqual([undefined, false]);
  third(answerOf(3));
  expect(told).toBe(2);
  expect(pipeline.next()?.encoded?.bytes).toEqual(Uint8Array.of(3));
  expect(pipeline.isEmpty).toBe(true);
});

test('whoever is gone gets nothing, and what was finished is let go, also behind what is not', () => {
  const pipeline = new Pipeline();
  const sent: number[] = [];
  const ready = () => undefined;
  const [first, second] = [pipeline.begin(ready), pipeline.begin(ready)];
  second({ ...answerOf(2), sent: () => sent.push(2) });
  pipeline.drop();
  expect([sent, pipeline.isEmpty]).toEqual([[2], true]);
  first({ ...answerOf(1), sent: () => sent.push(1) });
  expect(pipeline.next()).toBeUndefined();
});

/** What a task told of itself; `finish` answers it. */
function taskOf(told: string[], name: string, finish?: () => void) {
  return () => {
    told.push(`${name} began`);
    finish?.();
    return () => void told.push(`${name} called off`);
  };
}

test('work that waits for its turn begins when every answer before it has left, those that are done at once too', () => {
  const pipeline = new Pipeline();
  const told: string[] = [];
  const ready = () => undefined;
  const slow = pipeline.begin(ready);
  const fetch = pipeline.begin(ready);
  pipeline.inTurn(taskOf(told, 'first', () => fetch(answerOf(2))));
  const other = pipeline.begin(ready);
  pipeline.inTurn(taskOf(told, 'second'));
  slow(answerOf(1));
  const leaving = pipeline.next();
  expect(told).toEqual([]);
  leaving?.sent();
  expect(told).toEqual(['first began']);
  const next = pipeline.next();
  expect([next?.encoded?.bytes, told]).toEqual([Uint8Array.of(2), ['first began']]);
  next?.sent();
  expect(told).toEqual(['first began', 'second began']);
  other(answerOf(3));
  expect(pipeline.next()?.encoded?.bytes).toEqual(Uint8Array.of(3));
});

test('whoever is gone has what runs called off, and what waits never begins', () => {
  const pipeline = new Pipeline();
  const told: string[] = [];
  const ready = () => undefined;
  pipeline.begin(ready)(answerOf(1));
  const leaving = pipeline.next();
  leaving?.sent();
  pipeline.begin(ready);
  pipeline.inTurn(taskOf(told, 'running'));
  pipeline.begin(ready);
  pipeline.inTurn(taskOf(told, 'waiting'));
  pipeline.drop();
  expect(told).toEqual(['running began', 'running called off']);
});

test('an answer that leaves after its connection is gone begins nothing', () => {
  const pipeline = new Pipeline();
  const told: string[] = [];
  const ready = () => undefined;
  pipeline.begin(ready)(answerOf(1));
  const leaving = pipeline.next();
  pipeline.begin(ready);
  pipeline.inTurn(taskOf(told, 'waiting'));
  pipeline.drop();
  leaving?.sent();
  expect(told).toEqual([]);
});
