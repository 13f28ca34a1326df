import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { createInterface } from 'node:readline';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, startNode } from './process.mjs';

removeDirectoriesAfterwards();
afterEach(killAll);

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

const portOf = (server: Server) => {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};

/** Takes the port alone, if it is free. */
async function take(port: number): Promise<Server | undefined> {
  const server = createServer();
  const isTaken = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => resolve(true));
  });
  return isTaken ? server : undefined;
}

async function freePort(): Promise<number> {
  const server = await take(0);
  if (server === undefined) throw new Error('no free port');
  const port = portOf(server);
  server.close();
  await once(server, 'close');
  return port;
}

test('a node whose port is wanted by others while it starts has it or ends with all of its threads', async () => {
  const port = await freePort();
  const options = ['--data', await newDirectory(), '--gateway', `127.0.0.1:${port}`, '--kafka', '127.0.0.1:0', '--shards', '2'];
  const child = spawn(process.execPath, [main, 'start', ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  let log = '';
  let isReady = false;
  let taken: Server | undefined;
  // From when it has the port until it serves there: it lets go for a moment, in which another may be first.
  const takeMeanwhile = async () => {
    while (!isReady && taken === undefined && child.exitCode === null) {
      taken = await take(port);
      // That a port is in use is told before the event loop turns: without a turn nothing else would ever be heard.
      await nextTurn();
    }
  };
  let taking: Promise<void> | undefined;
  createInterface({ input: child.stderr }).on('line', (line) => {
    log += line;
    if (line.includes('the data directory is open')) taking ??= takeMeanwhile();
  });
  const ready = once(createInterface({ input: child.stdout }), 'line').then(() => {
    isReady = true;
  });
  try {
    await Promise.race([ready, exited]);
    await taking;
    expect(taken === undefined).toBe(isReady);
    if (isReady) child.kill('SIGTERM');
    expect(await exited).toEqual([isReady ? 0 : 1, null]);
    if (!isReady) expect(log).toContain('is in use');
  } finally {
    child.kill('SIGKILL');
    taken?.close();
  }
});

test('of two nodes that start on one port at once one serves, and the other says that it is in use', async () => {
  const port = await freePort();
  const start = async () => startNode(await newDirectory(), ['--gateway', `127.0.0.1:${port}`, '--shards', '1']);
  const started = await Promise.allSettled([start(), start()]);
  const [served] = started.filter((one) => one.status === 'fulfilled');
  const [refused, ...others] = started.filter((one) => one.status === 'rejected');
  expect(String(refused?.reason)).toContain('is in use');
  expect(others).toEqual([]);
  expect(await served?.value.kill('SIGTERM')).toBe(0);
});
