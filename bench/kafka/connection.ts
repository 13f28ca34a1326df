import { connect, type Socket } from 'node:net';
import type { Api } from '../../ts/wire/kafka/api.js';
import type { Decoded, Encodable, Fields } from '../../ts/wire/kafka/field.js';
import { encodeRequest, Reader, responseHeaderVersion } from '../product.js';

const answerSecondsMax = 60;
const prefixSize = 4;

interface Waiting {
  readonly take: (frame: Uint8Array) => void;
  readonly fail: () => void;
}

/** One connection to any broker that speaks Kafka's protocol; answers come in the order of the requests. */
export class KafkaConnection {
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];
  #chunks: Buffer[] = [];
  #size = 0;
  #correlationId = 0;

  private constructor(socket: Socket) {
    this.#socket = socket.on('data', (chunk: Buffer) => this.#onChunk(chunk));
    socket.on('close', () => {
      for (const { fail } of this.#waiting.splice(0)) fail();
    });
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
    const frame = await new Promise<Uint8Array>((take, reject) => {
      this.#waiting.push({ take, fail: () => reject(new Error(`no answer to ${api.name}: the connection has ended`)) });
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

  #onChunk(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    for (let size = this.#nextSize(); size !== undefined && this.#size >= prefixSize + size; size = this.#nextSize())
      this.#waiting.shift()?.take(this.#take(prefixSize + size).subarray(prefixSize));
  }

  #nextSize(): number | undefined {
    if (this.#size < prefixSize) return undefined;
    // Nearly always the first has it.
    if ((this.#chunks[0] as Buffer).length < prefixSize) this.#chunks = [Buffer.concat(this.#chunks)];
    return (this.#chunks[0] as Buffer).readInt32BE(0);
  }

  /** So many bytes, which are there: joined once, however many chunks they came in. */
  #take(size: number): Uint8Array {
    const all = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    this.#chunks = all.length > size ? [all.subarray(size)] : [];
    this.#size -= size;
    return all.subarray(0, size);
  }
}
