import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';

removeDirectoriesAfterwards();

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

async function listening(port: number) {
  const server = createServer().listen({ host: '127.0.0.1', port, exclusive: true });
  await once(server, 'listening');
  const address = server.address();
  return { server, port: typeof address === 'object' && address !== null ? address.port : 0 };
}

test('a node whose port was taken while it recovered ends, with all of its threads', async () => {
  const { server, port } = await listening(0);
  server.close();
  await once(server, 'close');
  const options = ['--data', await newDirectory(), '--gateway', `127.0.0.1:${port}`, '--kafka', '127.0.0.1:0', '--shards', '2'];
  const child = spawn(process.execPath, [main, 'start', ...options], { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  let log = '';
  let taken: ReturnType<typeof listening> | undefined;
  createInterface({ input: child.stderr }).on('line', (line) => {
    log += line;
    // Said after the port was looked at, and before threads listen on it.
    if (line.includes('the data directory is open')) taken ??= listening(port);
  });
  try {
    expect(await exited).toEqual([1, null]);
    expect(log).toContain('is in use');
  } finally {
    child.kill('SIGKILL');
    (await taken)?.server.close();
  }
});
