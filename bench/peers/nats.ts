import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Server, startServer } from '../child-server.js';
import type { Peer } from './outcome.js';
import { runTool } from './tool.js';

export interface NatsServer extends Server {
  readonly port: number;
}

/** Where a JetStream consumer delivers what is published to the stream's subject. */
export const stream = { name: 'bench', subject: 'stream.bench', delivered: 'delivered.bench' } as const;

const buildSecondsMax = 600;
const replySecondsMax = 10;

// The module is pinned by bench/peers/nats/go.mod and go.sum. Compiled, this file lies in dist/bench/peers.
const module = fileURLToPath(new URL('../../../bench/peers/nats', import.meta.url));
const version = 'v2.15.2';

/** Built once, into the cache. By default it syncs now and then; `isSynced`: before it acknowledges. */
export async function startNats(cache: string, directory: string, isSynced = false): Promise<Peer<NatsServer>> {
  const program = join(cache, `nats-server-${version}`);
  if (!existsSync(program)) {
    mkdirSync(cache, { recursive: true });
    const args = ['build', '-mod=readonly', '-o', program, 'github.com/nats-io/nats-server/v2'];
    const complaint = runTool('go', args, { cwd: module, secondsMax: buildSecondsMax });
    if (complaint !== undefined) return { lacks: `no NATS server: ${complaint}` };
  }
  const listening = /Listening for client connections on 127\.0\.0\.1:(\d+)/;
  mkdirSync(directory, { recursive: true });
  const settings = join(directory, 'nats.conf');
  writeFileSync(settings, `jetstream { store_dir: "${directory}"${isSynced ? ', sync_interval: always' : ''} }\n`);
  const args = ['--config', settings, '--addr', '127.0.0.1', '--port', '-1'];
  let port = 0;
  const server = await startServer({
    file: program,
    args,
    isReady(line) {
      port = Number(listening.exec(line)?.[1] ?? port);
      return line.includes('Server is ready');
    },
  });
  await createStream(port);
  return { value: { ...server, port } };
}

/** A stream on files, and a consumer that pushes without acknowledgements: as near to a subscription of ours as it has. */
async function createStream(port: number): Promise<void> {
  const { name, subject, delivered } = stream;
  const config = { name, subjects: [subject], storage: 'file', num_replicas: 1, retention: 'limits' };
  const consumer = { durable_name: 'reader', deliver_subject: delivered, ack_policy: 'none', deliver_policy: 'all' };
  const requests = [
    { to: `$JS.API.STREAM.CREATE.${name}`, body: config },
    { to: `$JS.API.CONSUMER.DURABLE.CREATE.${name}.reader`, body: { stream_name: name, config: consumer } },
  ];
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(replySecondsMax * 1000, () => socket.destroy(new Error('NATS does not answer')));
  socket.write('CONNECT {"verbose":false,"pedantic":false,"headers":false,"lang":"bench","version":"1"}\r\nSUB made 1\r\n');
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  for (const { to, body } of requests) {
    const payload = JSON.stringify(body);
    socket.write(`PUB ${to} made ${payload.length}\r\n${payload}\r\n`);
    await reply(lines);
  }
  socket.destroy();
}

/** The line behind the one that announces a message. */
async function reply(lines: AsyncIterator<string>): Promise<void> {
  for (let isPayload = false; ; ) {
    const { value: line, done } = await lines.next();
    if (done === true) throw new Error('NATS closed the connection');
    if (isPayload) {
      if (line.includes('"error"')) throw new Error(`NATS refuses: ${line}`);
      return;
    }
    isPayload = line.startsWith('MSG made');
  }
}
