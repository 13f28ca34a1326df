import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Api } from '../../ts/wire/kafka/api.js';
import type { Decoded, Encodable, Fields } from '../../ts/wire/kafka/field.js';
import { encodeRequest, readRequestHeader, responseHeaderVersion } from '../../ts/wire/kafka/frames.js';
import { Reader } from '../../ts/wire/kafka/reader.js';
import { produce } from '../../ts/wire/kafka/schema/00-produce.js';
import { batchesIn } from './kafka-clients.js';

// Kafka's protocol with our own codec: it shows the bytes, which the clients of others hide.

/** One connection; each request waits for its answer. */
export class RawKafka {
  readonly #socket: Socket;
  readonly #frames = new Frames();
  #answered: (frame: Uint8Array) => void = () => undefined;
  #correlationId = 0;

  private constructor(socket: Socket) {
    this.#socket = socket.on('data', (chunk) => {
      for (const frame of this.#frames.push(chunk)) this.#answered(frame);
    });
  }

  static async open(kafka: string): Promise<RawKafka> {
    return new RawKafka(await connected(kafka));
  }

  async ask<Request extends Fields, Response extends Fields>(
    api: Api<number, Request, Response>,
    version: number,
    value: Encodable<Request>,
  ): Promise<Decoded<Response>> {
    this.#correlationId += 1;
    const request = encodeRequest(api, version, { correlationId: this.#correlationId, clientId: 'raw' }, value);
    const frame = await new Promise<Uint8Array>((resolve, reject) => {
      this.#answered = resolve;
      this.#socket.once('close', () => reject(new Error('the connection was closed')));
      this.#socket.write(request.bytes);
    });
    const reader = new Reader(frame);
    const correlationId = reader.int32();
    if (correlationId !== this.#correlationId) throw new Error(`an answer to request ${correlationId}`);
    if (responseHeaderVersion(api.key, version) === 1) reader.varint();
    return api.response.decode(version, reader);
  }

  close(): void {
    this.#socket.destroy();
  }
}

export async function connected(kafka: string): Promise<Socket> {
  const [host = '', port] = kafka.split(':');
  const socket = connect(Number(port), host);
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  // Whatever happens to it now is told by its end.
  socket.on('error', () => undefined);
  return socket;
}

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
    const node = await connected(this.target);
    const frames = new Frames();
    client.on('error', () => node.destroy());
    client.on('data', (chunk) => {
      this.requests.push(...frames.push(chunk));
    });
    client.pipe(node).pipe(client);
    client.resume();
  }

  /** Those of one API. */
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

/** Whole frames of a stream, without their sizes. */
class Frames {
  #rest = Buffer.alloc(0);

  push(chunk: Buffer | string): readonly Uint8Array[] {
    this.#rest = Buffer.concat([this.#rest, Buffer.from(chunk)]);
    const frames: Uint8Array[] = [];
    while (this.#rest.length >= 4 && this.#rest.length >= 4 + this.#rest.readInt32BE(0)) {
      const end = 4 + this.#rest.readInt32BE(0);
      frames.push(new Uint8Array(this.#rest.subarray(4, end)));
      this.#rest = this.#rest.subarray(end);
    }
    return frames;
  }
}
