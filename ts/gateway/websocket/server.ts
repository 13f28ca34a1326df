import uws from 'uWebSockets.js';
import type { Admitted } from '../http/admission.js';
import type { HttpReply, HttpRequest } from '../http/message.js';
import type { Socket } from './connection.js';

// The only file that knows the library: sockets and HTTP on one port, as the rest of the gateway wants to see them.
//
// What it relies on, each held by a test: `send` puts what was published before in front; `maxBackpressure: 0` drops nothing; closing
// the app while a socket is inside a callback is safe only after the callbacks of all sockets have run.

const path = '/v1';
const subprotocol = 'millrace.v1';

/** What the server does with what comes in. */
export interface ServerPorts {
  readonly host: string;
  readonly port: number;
  /** A larger message ends its connection without a word: the memory for it is never spent. */
  readonly messageSizeMax: number;
  /** No connection that neither sends nor takes anything stays longer: also one that was closed and does not take even that. */
  readonly idleMsMax: number;
  readonly bodySizeMax: number;
  /** Of all HTTP requests whose bodies are arriving. */
  readonly bodiesSizeMax: number;
  admit(host: string, origin: string): Admitted;
  /** Undefined: no more connections are taken. */
  open(socket: Socket): SocketEvents | undefined;
  hasRoom(): boolean;
  serve(request: HttpRequest): HttpReply | Promise<HttpReply>;
  refused(): void;
  /** A fault of our own in a callback: the process must not go on. */
  onFault(error: unknown): void;
}

export interface SocketEvents {
  onMessage(bytes: Uint8Array, isBinary: boolean): void;
  onDrain(): void;
  onClosed(): void;
}

interface UserData {
  socket: UwsSocket | undefined;
}

/** Bytes that the library was given to send, and copies: once for each socket. */
interface Given {
  size: number;
}

class UwsSocket implements Socket {
  #ws: uws.WebSocket<UserData> | undefined;
  readonly #given: Given;
  events: SocketEvents | undefined;

  constructor(ws: uws.WebSocket<UserData>, given: Given) {
    this.#ws = ws;
    this.#given = given;
  }

  onClosed(): void {
    this.#ws = undefined;
    this.events?.onClosed();
    this.events = undefined;
  }

  send(frame: Uint8Array): void {
    if (this.#ws === undefined) return;
    this.#given.size += frame.length;
    this.#ws.send(frame, true);
  }

  sendAll(frames: readonly Uint8Array[]): void {
    if (frames.length === 1) this.send(frames[0] as Uint8Array);
    else
      this.#ws?.cork(() => {
        for (const frame of frames) this.send(frame);
      });
  }

  bufferedSize(): number {
    return this.#ws?.getBufferedAmount() ?? 0;
  }

  follow(channel: string): void {
    this.#ws?.subscribe(channel);
  }

  unfollow(channel: string): void {
    this.#ws?.unsubscribe(channel);
  }

  terminate(): void {
    this.#ws?.close();
  }

  close(code: number, reason: string): void {
    this.#ws?.end(code, reason);
  }
}

/**
 * Every socket follows it. Without a channel the library frees what it keeps for publishing to a socket, and what was published to
 * it in this turn of the loop with it.
 */
const ownChannel = 'all';

export class Server {
  readonly #ports: ServerPorts;
  readonly #app: uws.TemplatedApp;
  #listening: uws.us_listen_socket | undefined;
  #bodiesSize = 0;
  readonly #given: Given = { size: 0 };
  /** HTTP requests whose answer has not left. */
  #exchanges = 0;
  /** What everybody is told who comes now. */
  #goodbye: HttpReply | undefined;
  #isClosed = false;

  constructor(ports: ServerPorts) {
    this.#ports = ports;
    this.#app = uws.App();
    this.#app.ws<UserData>(path, {
      maxPayloadLength: ports.messageSizeMax,
      maxBackpressure: 0,
      idleTimeout: Math.min(960, Math.max(16, Math.ceil(ports.idleMsMax / 1000))),
      sendPingsAutomatically: false,
      compression: uws.DISABLED,
      upgrade: (response, request, context) => this.#guard(() => this.#upgrade(response, request, context)),
      open: (ws) => this.#guard(() => this.#open(ws)),
      message: (ws, bytes, isBinary) =>
        this.#guard(() => ws.getUserData().socket?.events?.onMessage(new Uint8Array(bytes), isBinary)),
      drain: (ws) => this.#guard(() => ws.getUserData().socket?.events?.onDrain()),
      close: (ws) => this.#guard(() => ws.getUserData().socket?.onClosed()),
    });
    this.#app.any('/*', (response, request) => this.#guard(() => this.#http(response, request)));
  }

  /** The port; undefined: the address is not to be had. */
  listen(): Promise<number | undefined> {
    return new Promise((resolve) => {
      this.#app.listen(this.#ports.host, this.#ports.port, (listening) => {
        if (listening === false) return resolve(undefined);
        this.#listening = listening;
        resolve(uws.us_socket_local_port(listening as uws.us_socket));
      });
    });
  }

  publish(channel: string, frame: Uint8Array): void {
    if (this.#isClosed) return;
    this.#given.size += frame.length * this.#app.numSubscribers(channel);
    this.#app.publish(channel, frame, true);
  }

  get givenSize(): number {
    return this.#given.size;
  }

  get hasRequests(): boolean {
    return this.#exchanges > 0;
  }

  /** Takes no new connections and no new requests; what is under way goes on. */
  drain(reconnectAfterMs: number): void {
    const headers = { ...plain, 'retry-after': String(Math.max(1, Math.ceil(reconnectAfterMs / 1000))) };
    this.#goodbye = { status: 503, headers, body: 'the node is shutting down: come back later\n' };
    this.#stopListening();
  }

  #stopListening(): void {
    if (this.#listening !== undefined) uws.us_listen_socket_close(this.#listening);
    this.#listening = undefined;
  }

  /** Ends every connection. A worker that ends without this aborts the process. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopListening();
    this.#app.close();
  }

  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#ports.onFault(error);
    }
  }

  #upgrade(response: uws.HttpResponse, request: uws.HttpRequest, context: uws.us_socket_context_t): void {
    if (this.#goodbye !== undefined) {
      this.#exchange(response, false).reply(this.#goodbye);
      return;
    }
    const verdict = this.#ports.admit(request.getHeader('host'), request.getHeader('origin'));
    if (!verdict.isAdmitted) {
      this.#refuse(response, '403 Forbidden', verdict.reason);
      return;
    }
    const offered = request.getHeader('sec-websocket-protocol').split(',');
    if (!offered.some((name) => name.trim() === subprotocol)) {
      this.#refuse(response, '400 Bad Request', `this node speaks the subprotocol ${subprotocol}`);
      return;
    }
    if (!this.#ports.hasRoom()) {
      this.#refuse(response, '503 Service Unavailable', 'no more connections are taken');
      return;
    }
    const key = request.getHeader('sec-websocket-key');
    const extensions = request.getHeader('sec-websocket-extensions');
    response.upgrade<UserData>({ socket: undefined }, key, subprotocol, extensions, context);
  }

  #refuse(response: uws.HttpResponse, status: string, text: string): void {
    this.#ports.refused();
    response.writeStatus(status).writeHeader('content-type', 'text/plain; charset=utf-8').end(`${text}\n`);
  }

  #open(ws: uws.WebSocket<UserData>): void {
    const socket = new UwsSocket(ws, this.#given);
    const events = this.#ports.open(socket);
    if (events === undefined) {
      ws.close();
      return;
    }
    socket.events = events;
    ws.getUserData().socket = socket;
    ws.subscribe(ownChannel);
  }

  #http(response: uws.HttpResponse, request: uws.HttpRequest): void {
    const headers = new Map<string, string>();
    request.forEach((name, value) => void headers.set(name, value));
    const header = (name: string) => headers.get(name) ?? '';
    const verdict = this.#ports.admit(header('host'), header('origin'));
    if (!verdict.isAdmitted) {
      this.#refuse(response, '403 Forbidden', verdict.reason);
      return;
    }
    const method = request.getCaseSensitiveMethod();
    const head = { method, path: request.getUrl(), query: new URLSearchParams(request.getQuery()), header };
    const exchange = this.#exchange(response, method === 'HEAD');
    if (this.#goodbye !== undefined) {
      exchange.reply(this.#goodbye);
      return;
    }
    const announced = Number(header('content-length') || 0);
    if (announced > this.#ports.bodySizeMax) {
      exchange.reply(tooLarge);
      return;
    }
    this.#receive(response, exchange, (body) => void this.#serve(exchange, { ...head, body }));
  }

  #exchange(response: uws.HttpResponse, isHead: boolean): HttpExchange {
    this.#exchanges += 1;
    return new HttpExchange(response, isHead, {
      isLast: () => this.#goodbye !== undefined,
      onOver: () => {
        this.#exchanges -= 1;
      },
    });
  }

  #receive(response: uws.HttpResponse, exchange: HttpExchange, whole: (body: Uint8Array) => void): void {
    let chunks: Uint8Array[] = [];
    let size = 0;
    const forget = () => {
      this.#bodiesSize -= size;
      chunks = [];
      size = 0;
    };
    exchange.onAborted = forget;
    response.onData((chunk, isLast) => {
      if (exchange.isAnswered) return;
      size += chunk.byteLength;
      this.#bodiesSize += chunk.byteLength;
      const refusal =
        size > this.#ports.bodySizeMax ? tooLarge : this.#bodiesSize > this.#ports.bodiesSizeMax ? tooMany : undefined;
      if (refusal === undefined) chunks.push(new Uint8Array(chunk.slice(0)));
      if (refusal === undefined && !isLast) return;
      const body = chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
      forget();
      if (refusal === undefined) whole(body);
      else exchange.reply(refusal);
    });
  }

  async #serve(exchange: HttpExchange, request: HttpRequest): Promise<void> {
    try {
      exchange.reply(await this.#ports.serve(request));
    } catch (error) {
      this.#ports.onFault(error);
      exchange.reply({ status: 500, headers: {}, body: '' });
    }
  }
}

const plain = { 'content-type': 'text/plain; charset=utf-8' };
const tooLarge: HttpReply = { status: 413, headers: plain, body: 'the body is too large\n' };
const tooMany: HttpReply = { status: 503, headers: plain, body: 'too many bodies are arriving: try again\n' };

interface ExchangePorts {
  /** Nothing more is taken on this connection. */
  isLast(): boolean;
  /** The last byte of the answer has left, or nobody waits for it any more. */
  onOver(): void;
}

/** One response. After an abort or the end the library forbids every touch. */
class HttpExchange {
  readonly #response: uws.HttpResponse;
  readonly #isHead: boolean;
  readonly #ports: ExchangePorts;
  #isOver = false;
  /** Or never will be. */
  isAnswered = false;
  onAborted: () => void = () => undefined;

  constructor(response: uws.HttpResponse, isHead: boolean, ports: ExchangePorts) {
    this.#response = response;
    this.#isHead = isHead;
    this.#ports = ports;
    response.onAborted(() => {
      this.isAnswered = true;
      this.onAborted();
      this.#end();
    });
  }

  reply({ status, headers, body }: HttpReply): void {
    if (this.isAnswered) return;
    this.isAnswered = true;
    this.#response.cork(() => {
      this.#response.writeStatus(`${status} ${statusTexts[status] ?? 'Status'}`);
      for (const [name, value] of Object.entries(headers)) this.#response.writeHeader(name, value);
      const isLast = this.#ports.isLast();
      const size = sizeOf(body);
      if (!this.#isHead && status !== 304 && size > 0) {
        if (isLast) this.#response.writeHeader('connection', 'close');
        this.#send(typeof body === 'string' ? Buffer.from(body) : body);
        return;
      }
      this.#response.endWithoutBody(status === 304 ? undefined : size, isLast);
      this.#end();
    });
  }

  /** As much as the socket takes, the rest when it takes more: what the library kept for it a close would drop. */
  #send(body: Uint8Array): void {
    const [, isSent] = this.#response.tryEnd(body, body.length);
    if (isSent) {
      this.#end();
      return;
    }
    this.#response.onWritable((offset) => {
      const [isTaken, isDone] = this.#response.tryEnd(body.subarray(offset), body.length);
      if (isDone) this.#end();
      return isTaken;
    });
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ports.onOver();
  }
}

function sizeOf(body: Uint8Array | string): number {
  return typeof body === 'string' ? Buffer.byteLength(body) : body.length;
}

const statusTexts: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  204: 'No Content',
  304: 'Not Modified',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Payload Too Large',
  415: 'Unsupported Media Type',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  507: 'Insufficient Storage',
};
