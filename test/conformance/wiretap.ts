import { createServer, type Server, type Socket } from 'node:net';
import { readRequestHeader } from '../../ts/wire/kafka/frames.js';
import { Reader } from '../../ts/wire/kafka/reader.js';
import { produce } from '../../ts/wire/kafka/schema/00-produce.js';
import { FrameStream } from '../kafka/frame-stream.js';
import { connected } from '../kafka/socket.js';
import { batchesIn } from './kafka-clients.js';

/** Between clients and a node that advertises this port: keeps the batches that go by, and which APIs were asked. */
export class Wiretap {
  readonly batches: Uint8Array[] = [];
  readonly asked = new Set<number>();
  readonly address: string;
  target = '';
  readonly #server: Server;

  private constructor(server: Server) {
    const address = server.address();
    this.address = `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
    this.#server = server.on('connection', (client) => void this.#join(client));
  }

  static async open(): Promise<Wiretap> {
    const server = createServer({ pauseOnConnect: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Wiretap(server);
  }

  async #join(client: Socket): Promise<void> {
    const node = await connected(this.target).catch(() => undefined);
    if (node === undefined) {
      client.destroy();
      return;
    }
    const frames = new FrameStream();
    // A killed node resets its connections: so does this.
    node.on('close', () => client.destroy());
    client.on('error', () => node.destroy());
    client.on('data', (chunk) => {
      for (const frame of frames.push(chunk)) this.#keep(frame);
    });
    client.pipe(node).pipe(client);
    client.resume();
  }

  #keep(frame: Uint8Array): void {
    const reader = new Reader(frame);
    const { key, version } = readRequestHeader(reader);
    this.asked.add(key);
    if (key !== produce.key) return;
    for (const { partitionData } of produce.request.decode(version, reader).topicData) {
      for (const { records } of partitionData) this.batches.push(...batchesIn(records ?? new Uint8Array(0)));
    }
  }

  close(): void {
    this.#server.close();
  }
}
