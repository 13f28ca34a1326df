import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Api } from '../../ts/wire/kafka/api.js';
import type { Decoded, Encodable, Fields } from '../../ts/wire/kafka/field.js';
import { ask, type Peer } from './ask.js';
import { FrameStream } from './frame-stream.js';

/** Whatever happens to it later is told by its end. */
export async function connected(address: string): Promise<Socket> {
  const [host = '', port = ''] = address.split(':');
  const socket = connect({ host, port: Number(port) });
  await once(socket, 'connect');
  return socket.on('error', () => undefined);
}

/** A Kafka client as small as can be: frames over one connection, answers in the order of the requests. */
export class KafkaSocket implements Peer {
  readonly socket: Socket;
  readonly #waiting: { readonly take: (frame: Uint8Array) => void; readonly fail: (reason: Error) => void }[] = [];
  isClosed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    const frames = new FrameStream();
    socket.on('data', (bytes: Uint8Array) => {
      for (const frame of frames.push(bytes)) this.#waiting.shift()?.take(frame);
    });
    socket.on('close', () => {
      this.isClosed = true;
      for (const { fail } of this.#waiting.splice(0)) fail(new Error('the connection is closed'));
    });
  }

  static async open(address: string): Promise<KafkaSocket> {
    return new KafkaSocket(await connected(address));
  }

  ask<Request extends Fields, Response extends Fields>(
    api: Api<number, Request, Response>,
    version: number,
    request: Encodable<Request>,
  ): Promise<Decoded<Response>> {
    return ask(this, api, version, request);
  }

  answer(frame: Uint8Array): Promise<Uint8Array> {
    const size = Buffer.alloc(4);
    size.writeInt32BE(frame.length);
    return new Promise((take, fail) => {
      if (this.isClosed) {
        fail(new Error('the connection is closed'));
        return;
      }
      this.#waiting.push({ take, fail });
      this.socket.write(Buffer.concat([size, frame]));
    });
  }

  close(): void {
    this.socket.destroy();
  }
}
