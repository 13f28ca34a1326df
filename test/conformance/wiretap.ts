import { createServer, type Server, type Socket } from 'node:net';
import type { Api } from '../../ts/wire/kafka/api.js';
import type { Decoded, Fields } from '../../ts/wire/kafka/field.js';
import { readRequestHeader } from '../../ts/wire/kafka/frames.js';
import { Reader } from '../../ts/wire/kafka/reader.js';
import { produce } from '../../ts/wire/kafka/schema/00-produce.js';
import { FrameStream } from '../kafka/frame-stream.js';
import { connected } from '../kafka/socket.js';
import { batchesIn } from './kafka-clients.js';

/** Between clients and a node that advertises this port: keeps the requests that go by. */
export class Wiretap {
  /** Frames, without their sizes. */
  readonly requests: Uint8Array[] = [];
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
      this.requests.push(...frames.push(chunk));
    });
    client.pipe(node).pipe(client);
    client.resume();
  }

  /** The APIs that were asked. */
  get asked(): ReadonlySet<number> {
    return new Set(this.requests.map((frame) => readRequestHeader(new Reader(frame)).key));
  }

  /** The requests of one API. */
  of<Request extends Fields>(api: Api<number, Request>): readonly Decoded<Request>[] {
    return this.requests.flatMap((frame) => {
      const reader = new Reader(frame);
      const { key, version } = readRequestHeader(reader);
      return key === api.key ? [api.request.decode(version, reader)] : [];
    });
  }

  /** What was produced. */
  get batches(): readonly Uint8Array[] {
    const produced = this.of(produce).flatMap(({ topicData }) => topicData.flatMap(({ partitionData }) => partitionData));
    return produced.flatMap(({ records }) => batchesIn(records ?? new Uint8Array(0)));
  }

  close(): void {
    this.#server.close();
  }
}
