import { connect, type Socket } from 'node:net';
import { afterEach, expect } from 'vitest';
import { Net, type NetEvents, type NetOptions } from '../../ts/native/net.js';
import type { CloseCode, PartialFrame, RefuseCode } from '../../ts/native/net-words.js';

/** Patience, not a speed: a test that waits longer has hung. */
const waitMs = 10_000;

const opened: Door[] = [];

afterEach(() => {
  for (const door of opened.splice(0)) door.shut();
});

interface Frame {
  readonly connection: number;
  readonly place: number;
  readonly bytes: Buffer;
}

/** A net on this thread's event loop, and what it told. Frames are answered by `onFrame`. */
export class Door {
  readonly net: Net;
  readonly port: number;
  readonly accepted: number[] = [];
  readonly ended: number[] = [];
  readonly writable: number[] = [];
  readonly closed = new Map<number, { code: CloseCode; first: string | undefined; partial?: PartialFrame }>();
  readonly refused: RefuseCode[] = [];
  readonly unfinished: { connection: number; partsTaken: number; partSizeTaken: number; keptSize: number }[] = [];
  roomsSize = 0;
  onFrame: (frame: Frame) => void = (frame) => this.echo(frame);
  onWritable: (connection: number) => void = () => undefined;
  /** Undefined: the room is refused. */
  onRoomWanted: (size: number) => Uint8Array | undefined = (size) => new Uint8Array(size);
  /** Added to the clock. */
  laterMs = 0;
  readonly #stopWatching: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isShut = false;

  constructor(options: Partial<NetOptions> = {}) {
    const net = Net.open({ pool: new Uint8Array(new SharedArrayBuffer(4 << 20)), ...options });
    if (!net.ok) throw new Error(net.error.message);
    this.net = net.value;
    const listener = this.net.listen('127.0.0.1', 0);
    if (!listener.ok) throw new Error(listener.error.message);
    this.port = listener.value.port;
    const watcher = this.net.watch(() => this.turn());
    this.#stopWatching = () => watcher.close();
    opened.push(this);
  }

  turn(): void {
    if (this.#isShut) return;
    let hasMore = this.net.turn(performance.now() + this.laterMs, this.#events);
    hasMore = this.flush() || hasMore;
    if (hasMore) setImmediate(() => this.turn());
    clearTimeout(this.#timer);
    const { deadlineMs } = this.net;
    const afterMs = deadlineMs === undefined ? undefined : deadlineMs - performance.now() - this.laterMs;
    if (afterMs !== undefined && afterMs < 5000) this.#timer = setTimeout(() => this.turn(), Math.max(0, afterMs));
  }

  flush(): boolean {
    return this.net.flush((connection, partsTaken, partSizeTaken, keptSize) =>
      this.unfinished.push({ connection, partsTaken, partSizeTaken, keptSize }),
    );
  }

  echo({ connection, place, bytes }: Frame): void {
    const prefix = Buffer.alloc(4);
    prefix.writeInt32BE(bytes.length);
    this.net.send(connection, prefix);
    this.net.sendSpan(connection, bytes);
    this.net.release(place);
    this.net.answered(connection);
  }

  readonly #events: NetEvents = {
    accepted: (connection) => void this.accepted.push(connection),
    // A view: the bytes are where they were received.
    frame: (connection, place, memory, position, size) =>
      this.onFrame({ connection, place, bytes: Buffer.from(memory.buffer, memory.byteOffset + position, size) }),
    roomWanted: (_connection, room, size) => {
      const memory = this.onRoomWanted(size);
      if (memory === undefined) this.net.refuseRoom(room);
      else if (this.net.grantRoom(room, memory)) this.roomsSize += memory.length;
    },
    roomReturned: (_room, size) => {
      this.roomsSize -= size;
    },
    // Nothing here lies in a file.
    progress: () => expect.fail('what is lent for a call is not sent on'),
    writable: (connection) => {
      this.writable.push(connection);
      this.onWritable(connection);
    },
    ended: (connection) => void this.ended.push(connection),
    closed: (connection, code, _errno, first, partial) => {
      this.closed.set(connection, partial === undefined ? { code, first } : { code, first, partial });
    },
    refused: (_listener, code) => void this.refused.push(code),
  };

  shut(): void {
    this.#isShut = true;
    clearTimeout(this.#timer);
    this.#stopWatching();
    this.net.shut();
  }
}

export async function until(holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + waitMs;
  while (!holds()) {
    if (performance.now() > deadlineMs) expect.fail('it never came');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

export function framed(body: Uint8Array): Buffer {
  const prefix = Buffer.alloc(4);
  prefix.writeInt32BE(body.length);
  return Buffer.concat([prefix, body]);
}

/** Bytes that tell their place. */
export function pattern(size: number, seed: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: size }, (_, index) => (index * 31 + seed * 17 + (index >> 8)) & 255));
}

/** A client that collects what comes. */
export class Client {
  readonly socket: Socket;
  readonly #pieces: Buffer[] = [];
  size = 0;
  hasEnded = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (piece) => {
      this.#pieces.push(piece);
      this.size += piece.length;
    });
    socket.on('end', () => {
      this.hasEnded = true;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.hasEnded = true;
    });
  }

  static async connect(port: number): Promise<Client> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    const client = new Client(socket);
    await new Promise((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  get received(): Buffer {
    return Buffer.concat(this.#pieces);
  }
}
