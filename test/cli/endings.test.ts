import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, startNode } from '../node/process.mjs';
import { commandsAt, heard, linesOf, runCommand, startCommand } from './command.js';

removeDirectoriesAfterwards();
afterAll(killAll);

let cli: ReturnType<typeof commandsAt>;
let gateway: string;

beforeAll(async () => {
  const node = await startNode(await newDirectory());
  gateway = node.gateway;
  cli = commandsAt(gateway);
});

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('Ctrl-C on produce: whole lines that were read are sent and counted, half a line is not, 130', async () => {
  const { child, said } = cli.start(['produce', 'interrupted']);
  const reading = cli.start(['consume', 'interrupted', '--from', 'beginning', '--max', '2']);
  child.stdin.write('one\ntwo\nhal');
  // The topic may come after the first look for it.
  let seen = await reading.said;
  while (seen.status === 1) seen = await cli.run(['consume', 'interrupted', '--from', 'beginning', '--max', '2']);
  expect(seen.stdout).toBe('one\ntwo\n');
  child.kill('SIGINT');
  const { status, stderr } = await said;
  expect(status).toBe(130);
  expect(stderr).toMatch(/^millrace: stopped by Ctrl-C; 2 records acknowledged by interrupted/);
  expect(await cli.out(['consume', 'interrupted', '--from', 'beginning', '--idle-exit', '1.5'])).toBe('one\ntwo\n');
});

test('Ctrl-C on produce while the node is away: what was not acknowledged is said, and it ends', async () => {
  const node = await startNode(await newDirectory());
  const own = commandsAt(node.gateway);
  const { child, said } = own.start(['produce', 'left']);
  child.stdin.write('one\n');
  while ((await own.run(['consume', 'left', '--from', 'beginning', '--max', '1'])).status !== 0) await sleep(20);
  const noticed = heard(child.stderr, /is lost/);
  await node.kill('SIGKILL');
  await noticed;
  child.stdin.write('two\n');
  // A later Ctrl-C, when the input has ended already, and an earlier one take the same way.
  child.stdin.end();
  await sleep(100);
  child.kill('SIGINT');
  const { status, stderr } = await said;
  expect(status).toBe(130);
  expect(stderr).toMatch(/closed after 2000 ms without a connection.*; 1 record acknowledged by left.*; 1 failed/);
});

test('Ctrl-C while much is under way: what is reported is what is there', async () => {
  const { child, said } = cli.start(['produce', 'much']);
  const line = `${'y'.repeat(99)}\n`.repeat(1000);
  const feed = () => {
    while (child.stdin.writable && child.stdin.write(line));
  };
  child.stdin.on('drain', feed);
  feed();
  while ((await cli.run(['consume', 'much', '--from', 'beginning', '--max', '1000'])).status !== 0) await sleep(20);
  child.kill('SIGINT');
  const { status, stderr } = await said;
  expect(status).toBe(130);
  const count = Number(/(\d+) records acknowledged/.exec(stderr)?.[1]);
  const { partitions } = JSON.parse(await cli.out(['topic', 'describe', 'much', '--json']));
  expect(partitions[0].highWatermark).toBe(count);
});

test('Ctrl-C on consume: what came is printed, 130', async () => {
  await cli.out(['produce', 'watched'], 'a\nb\n');
  const { child, said } = cli.start(['consume', 'watched', '--from', 'beginning']);
  await heard(child.stdout, /b\n/);
  child.kill('SIGINT');
  expect(await said).toEqual({ status: 130, stdout: 'a\nb\n', stderr: 'millrace: stopped by Ctrl-C; 2 records printed\n' });
});

test('a reader that leaves early ends consume quietly', async () => {
  await cli.out(['produce', 'early'], 'line\n'.repeat(200_000));
  const { child, said } = cli.start(['consume', 'early', '--from', 'beginning']);
  await once(child.stdout, 'data');
  child.stdout.destroy();
  expect(await said).toMatchObject({ status: 0, stderr: '' });
});

test('commands outlive a node that comes back, and say what they wait for', async () => {
  const directory = await newDirectory();
  const first = await startNode(directory);
  const own = commandsAt(first.gateway);
  await own.out(['produce', 'outlived'], 'one\n');
  const writing = own.start(['produce', 'outlived']);
  const reading = own.start(['consume', 'outlived', '--from', 'beginning', '--max', '3']);
  writing.child.stdin.write('two\n');
  await heard(reading.child.stdout, /two\n/);
  const noticed = heard(writing.child.stderr, /is lost/);
  await first.kill('SIGKILL');
  await noticed;
  writing.child.stdin.end('three\n');
  await startNode(directory, ['--gateway', first.gateway]);
  const written = await writing.said;
  expect(written.status).toBe(0);
  expect(written.stderr).toMatch(/the connection to \S+ is lost .*\nmillrace: connected again\nmillrace: 2 records acknowledged/);
  expect(await reading.said).toMatchObject({ status: 0, stdout: 'one\ntwo\nthree\n' });
});

test('a topic that is deleted ends its consumer, with a word about it', async () => {
  await cli.out(['produce', 'doomed'], 'x\n');
  const { child, said } = cli.start(['consume', 'doomed', '--from', 'beginning']);
  await heard(child.stdout, /x\n/);
  await cli.out(['topic', 'delete', 'doomed']);
  const { status, stderr } = await said;
  expect(status).toBe(1);
  expect(stderr).toContain('the topic was deleted');
});

test('where nobody listens, the text says how to start a node', async () => {
  const server = createServer();
  const at = await listening(server);
  server.close();
  await once(server, 'close');
  const said = await runCommand(['topic', 'list', '--bootstrap', at]);
  expect({ status: said.status, stdout: said.stdout }).toEqual({ status: 1, stdout: '' });
  expect(said.stderr).toContain(`millrace: nothing listens at ${at}; `);
  expect(said.stderr).toContain('start a node with: millrace start');
});

test('a web server is not taken for a gateway', async () => {
  const server = createHttpServer((_, reply) => reply.writeHead(200).end('<html>hello</html>'));
  const at = await listening(server);
  const said = await runCommand(['produce', 't', '--bootstrap', at], 'x\n');
  server.close();
  expect(said.status).toBe(1);
  expect(said.stderr).toContain(`${at} is a web server, but not the gateway of a node`);
});

/** Answers as Kafka does: whatever is too large ends the connection, a request gets its correlation id back. */
function kafkaLike(): Server {
  return createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (bytes) => {
      if (bytes.readInt32BE(0) > 1 << 20) return socket.destroy();
      const reply = Buffer.alloc(14);
      reply.writeInt32BE(10, 0);
      bytes.copy(reply, 4, 8, 12);
      return socket.write(reply);
    });
  });
}

test('a Kafka port is called by its name, and the gateway of the node whose directory is here is named', async () => {
  const server = kafkaLike();
  const at = await listening(server);
  const directory = await newDirectory();
  mkdirSync(join(directory, 'data'));
  writeFileSync(join(directory, 'data', 'node.json'), JSON.stringify({ gateway: `http://${gateway}` }));
  const { child, said } = startCommand(['topic', 'list', '--bootstrap', at], directory);
  child.stdin.end();
  const { status, stderr } = await said;
  server.close();
  expect(status).toBe(1);
  expect(stderr).toBe(
    `millrace: ${at} is a Kafka port, not the gateway of a node; a gateway answers at ${gateway}: --bootstrap ${gateway}\n`,
  );
});

test('what answers with something else, or hangs up, is no gateway either', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end('220 mail.example ESMTP\r\n');
  });
  const at = await listening(server);
  const said = await runCommand(['cluster', 'status', '--bootstrap', at]);
  server.close();
  expect(said.status).toBe(1);
  expect(said.stderr).toContain(`what answers at ${at} is not the gateway of a node`);
});

test('--bootstrap takes a URL too, and refuses what is no address', async () => {
  expect(linesOf((await runCommand(['topic', 'list', '--bootstrap', `http://${gateway}/`])).stdout).length).toBeGreaterThan(0);
  const said = await runCommand(['topic', 'list', '--bootstrap', 'localhost']);
  expect(said.status).toBe(2);
  expect(said.stderr).toContain('--bootstrap wants HOST:PORT such as 127.0.0.1:9080');
});
