import { expect, test } from 'vitest';
import type { ClusterCommands, Failure } from '../../model/ports.js';
import { ok } from '../../model/result.js';
import type { Routing } from '../routing.js';
import { MissingTopics } from './missing-topics.js';

test('what waits for topics is bounded in bytes over all of them, and let go when they are there', async () => {
  const routing = { topic: () => undefined, view: { autoCreateTopics: true } } as unknown as Routing;
  const commands = { createTopic: async () => ok(undefined) } as unknown as ClusterCommands;
  const missing = new MissingTopics(routing, commands, 100);
  const told: [string, Failure | undefined][] = [];
  const ensure = (name: string, size: number) => missing.ensure(name, (failure) => told.push([name, failure]), size);
  expect([ensure('a', 60), ensure('b', 60), ensure('a', 40), ensure('c', 1)]).toEqual([
    undefined,
    { error: 'overloaded' },
    undefined,
    { error: 'overloaded' },
  ]);
  await new Promise(setImmediate);
  expect(told).toEqual([
    ['a', undefined],
    ['a', undefined],
  ]);
  expect(ensure('b', 100)).toBeUndefined();
});
