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
