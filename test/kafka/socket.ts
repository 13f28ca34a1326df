import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Api } from '../../ts/wire/kafka/api.js';
import type { Decoded, Encodable, Fields } from '../../ts/wire/kafka/field.js';
import { encodeRequest, responseHeaderVersion } from '../../ts/wire/kafka/frames.js';
import { Reader } from '../../ts/wire/kafka/reader.js';

/** A Kafka client as small as can be: frames over one connection, answers in the order of the requests. */
export class KafkaSocket {
  readonly socket: Socket;
  #received: Uint8Array[] = [];
  #size = 0;
  readonly #waiting: { readonly take: (frame: Uint8Array) => void; readonly fail: (reason: Error) => void }[] = [];
  #correlationId = 0;
  isClosed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Uint8Array) => this.#onBytes(bytes));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
      for (const { fail } of this.#waiting.splice(0)) fail(new Error('the connection is closed'));
    });
  }

  static async open(address: string): Promise<KafkaSocket> {
    const [host = '', port = ''] = address.split(':');
    const socket = connect({ host, port: Number(port) });
    await once(socket, 'connect');
    return new KafkaSocket(socket);
  }

  /** Resolves with the answer, whose bytes and records are views on the frame. */
  async ask<Request extends Fields, Response extends Fields>(
    api: Api<number, Request, Response>,
    version: number,
    request: Encodable<Request>,
  ): Promise<Decoded<Response>> {
    const correlationId = ++this.#correlationId;
    this.socket.write(encodeRequest(api, version, { correlationId, clientId: 'test' }, request).bytes);
    const frame = await this.#frame();
    const reader = new Reader(frame);
    const answered = reader.int32();
    if (answered !== correlationId) throw new Error(`answer ${answered} came in the place of ${correlationId}`);
    if (responseHeaderVersion(api.key, version) === 1) reader.varint();
    return api.response.decode(version, reader);
  }

  close(): void {
    this.socket.destroy();
  }

  #frame(): Promise<Uint8Array> {
    return new Promise((take, fail) => {
      if (this.isClosed) fail(new Error('the connection is closed'));
      else this.#waiting.push({ take, fail });
    });
  }

  #onBytes(bytes: Uint8Array): void {
    this.#received.push(bytes);
    this.#size += bytes.length;
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) this.#waiting.shift()?.take(frame);
  }

  #next(): Uint8Array | undefined {
    if (this.#size < 4) return undefined;
    let first = this.#received[0] as Uint8Array;
    if (first.length < 4) first = this.#join();
    const size = new DataView(first.buffer, first.byteOffset).getInt32(0);
    if (this.#size < 4 + size) return undefined;
    const whole = this.#join();
    this.#received = whole.length > 4 + size ? [whole.subarray(4 + size)] : [];
    this.#size -= 4 + size;
    return whole.subarray(4, 4 + size);
  }

  #join(): Uint8Array {
    const whole = Buffer.concat(this.#received);
    this.#received = [whole];
    return whole;
  }
}
