import { connect, type Socket } from 'node:net';

/** A connection to a node's Kafka door: one request after the other. */
export class KafkaSocket {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #waiting: { readonly resolve: (frame: Uint8Array) => void; readonly reject: (error: Error) => void } | undefined;

  /** `address`: host:port. */
  constructor(address: string) {
    const [host = '', port = ''] = address.split(':');
    this.#socket = connect(Number(port), host);
    this.#socket.on('data', (bytes) => this.#receive(bytes));
    this.#socket.on('error', (error) => this.#waiting?.reject(error));
    this.#socket.on('close', () => this.#waiting?.reject(new Error('the node closed the connection')));
  }

  ask(frame: Uint8Array): Promise<Uint8Array> {
    const size = Buffer.alloc(4);
    size.writeInt32BE(frame.length);
    this.#socket.write(Buffer.concat([size, frame]));
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  #receive(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    if (this.#received.length < 4) return;
    const end = 4 + this.#received.readInt32BE();
    if (this.#received.length < end) return;
    const frame = Uint8Array.from(this.#received.subarray(4, end));
    this.#received = this.#received.subarray(end);
    this.#waiting?.resolve(frame);
  }

  close(): void {
    this.#socket.destroy();
  }
}
