import { connect, type Socket } from 'node:net';
import type { Api } from '../../ts/wire/kafka/api.js';
import type { Decoded, Encodable, Fields } from '../../ts/wire/kafka/field.js';
import { encodeRequest, Reader, responseHeaderVersion } from '../product.js';

const answerSecondsMax = 60;

/** One connection to any broker that speaks Kafka's protocol; each request waits for its answer. */
export class KafkaConnection {
  readonly #socket: Socket;
  #rest = Buffer.alloc(0);
  #answered: (frame: Uint8Array) => void = () => undefined;
  #correlationId = 0;

  private constructor(socket: Socket) {
    this.#socket = socket.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  static async open(address: string): Promise<KafkaConnection> {
    const [host = '', port] = address.split(':');
    const socket = connect({ host, port: Number(port), noDelay: true });
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    // Its end tells of what happens to it from here on.
    socket.on('error', () => undefined);
    socket.setTimeout(answerSecondsMax * 1000, () => socket.destroy());
    return new KafkaConnection(socket);
  }

  async ask<Request extends Fields, Response extends Fields>(
    api: Api<number, Request, Response>,
    version: number,
    value: Encodable<Request>,
  ): Promise<Decoded<Response>> {
    this.#correlationId += 1;
    const request = encodeRequest(api, version, { correlationId: this.#correlationId, clientId: 'bench' }, value);
    const frame = await new Promise<Uint8Array>((resolve, reject) => {
      const fail = () => reject(new Error(`no answer to ${api.name}: the connection has ended`));
      this.#socket.once('close', fail);
      this.#answered = (answer) => {
        this.#socket.off('close', fail);
        resolve(answer);
      };
      this.#socket.write(request.bytes);
    });
    const reader = new Reader(frame);
    reader.int32();
    if (responseHeaderVersion(api.key, version) === 1) reader.varint();
    return api.response.decode(version, reader);
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    if (this.#rest.length < 4) return;
    const end = 4 + this.#rest.readInt32BE(0);
    if (this.#rest.length < end) return;
    const frame = new Uint8Array(this.#rest.subarray(4, end));
    this.#rest = this.#rest.subarray(end);
    this.#answered(frame);
  }
}
