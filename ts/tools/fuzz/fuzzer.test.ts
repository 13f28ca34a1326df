import { expect, test } from 'vitest';
import { apis } from '../../wire/kafka/apis.js';
import { type FuzzTarget, fuzz } from './fuzzer.js';
import { kafkaRequests } from './kafka-requests.js';

const inputsMax = 6000;

test('whatever comes, a request of Kafka is refused with one kind of error, or is one: in every version', () => {
  const target = kafkaRequests();
  const read = new Set<string>();
  const feed = (input: Uint8Array) => {
    const behaviour = target.feed(input);
    const [, request] = /^(\w+ request v\d+): \d+$/.exec(behaviour) ?? [];
    if (request !== undefined) read.add(request);
    return behaviour;
  };
  const { run, behaviours, finding } = fuzz({ ...target, feed }, { seed: 1, inputsMax });
  expect(finding).toBeUndefined();
  expect(run).toBe(inputsMax);
  expect(behaviours).toBeGreaterThan(1000);
  const versions = apis.reduce((sum, { served: [first, last] }) => sum + last - first + 1, 0);
  expect(read.size).toBe(versions);
});

/** Fails where three things come together that no seed has. */
function planted(): FuzzTarget {
  const feed = (input: Uint8Array) => {
    const [first, , third = 0] = input;
    const hints = [input.length > 20, first === 0xff, third >= 0x80];
    if (hints.every((hint) => hint)) throw new Error('found');
    return hints.join();
  };
  return { seeds: [new Uint8Array(8), new Uint8Array([1, 2, 3])], feed };
}

test('what no seed has is found step by step, and again from the same seed', () => {
  const limits = { seed: 7, inputsMax: 50_000 };
  const [one, other] = [fuzz(planted(), limits), fuzz(planted(), limits)];
  expect(one.finding?.reason).toEqual(new Error('found'));
  expect(one.behaviours).toBeGreaterThan(2);
  expect(other).toEqual(one);
});

test('it ends when it is told to', () => {
  let looks = 0;
  const isOver = () => {
    looks += 1;
    return looks > 2;
  };
  const quiet = { seeds: [new Uint8Array(1)], feed: () => 'always' };
  expect(fuzz(quiet, { seed: 1, inputsMax: Number.MAX_SAFE_INTEGER, isOver })).toMatchObject({ run: 512, behaviours: 1 });
});
