import { afterEach } from 'vitest';
import { Client, type ConnectOptions, type Runtime } from '../../ts/sdk/core/client.js';
import { systemClock } from '../../ts/sdk/core/clock.js';
import { codecLoaders } from '../../ts/sdk/core/compression/loaders.js';
import type { Observed } from '../../ts/sdk/core/observer.js';
import type { ModelServer } from './model-server.js';

const clients: Client[] = [];

afterEach(async () => {
  // What a test left unsettled is of no interest to the next one.
  await Promise.all(clients.splice(0).map((client) => Promise.race([client.close().catch(() => undefined), systemPause(500)])));
});

export function systemPause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

export interface ModelClient {
  readonly client: Client;
  readonly observed: (readonly [keyof Observed, unknown])[];
  wake(): void;
}

/** The shipped SDK over a model server: only the socket is not real. */
export async function clientOf(server: ModelServer, options: ConnectOptions = {}): Promise<ModelClient> {
  const observed: [keyof Observed, unknown][] = [];
  let wake: () => void = () => undefined;
  const runtime: Runtime = {
    name: 'test',
    dial: server.dial,
    clock: systemClock,
    chance: Math.random,
    codecs: codecLoaders,
    observe: (name, detail) => observed.push([name, detail]),
    onWake: (callback) => {
      wake = callback;
      return () => undefined;
    },
  };
  const client = new Client('model:1', { reconnectMs: { first: 2, most: 10 }, ...options }, runtime);
  clients.push(client);
  await client.opened(5000);
  return { client, observed, wake: () => wake() };
}

/** Until it holds; a test that waits for ever is ended by its runner. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await systemPause(1);
}
