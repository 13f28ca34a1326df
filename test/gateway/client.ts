import { WebSocket } from 'ws';
import { offset } from '../../ts/model/offset.js';
import type { ClientMessage, ServerMessage } from '../../ts/wire/proto/generated/messages.js';
import { type Draft, decodeServerMessage, encodeClientMessage } from '../../ts/wire/proto/messages.js';
import { BatchHeader, recordsOf } from '../../ts/wire/records/header.js';
import { iterateRecords } from '../../ts/wire/records/iterate.js';

type Body = Draft<ClientMessage>;

export interface Received {
  readonly partition: number;
  readonly offset: number;
  readonly value: string;
}

/** A client of the protocol over a real socket. */
export class Client {
  readonly socket: WebSocket;
  readonly messages: ServerMessage[] = [];
  /** Of all pushes. */
  readonly records: Received[] = [];
  pushes = 0;
  closed: { readonly code: number; readonly reason: string } | undefined;
  readonly #waiting = new Map<number, (message: ServerMessage) => void>();
  #watchers: (() => void)[] = [];
  #requestId = 0;
  readonly #keepsRecords: boolean;

  constructor(port: number, options: { headers?: Record<string, string>; protocol?: string; keepsRecords?: boolean } = {}) {
    this.#keepsRecords = options.keepsRecords ?? true;
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/v1`, options.protocol ?? 'millrace.v1', {
      headers: options.headers ?? {},
    });
    this.socket.on('message', (bytes: Buffer) => this.#onMessage(new Uint8Array(bytes)));
    this.socket.on('close', (code: number, reason: Buffer) => {
      this.closed = { code, reason: reason.toString() };
      this.#changed();
    });
    this.socket.on('error', () => this.#changed());
  }

  static async open(port: number, options: ConstructorParameters<typeof Client>[1] = {}): Promise<Client> {
    const client = new Client(port, options);
    await client.connected();
    await client.ask({ hello: { version: 1, client: 'test' } });
    return client;
  }

  connected(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.once('open', () => resolve());
      this.socket.once('error', reject);
    });
  }

  #onMessage(bytes: Uint8Array): void {
    const decoded = decodeServerMessage(bytes);
    if (!decoded.ok) throw new Error(decoded.error);
    const message = decoded.value;
    if (message.body === 'push') this.#onPush(message.push);
    else this.messages.push(message);
    this.#waiting.get(message.requestId)?.(message);
    this.#waiting.delete(message.requestId);
    this.#changed();
  }

  #onPush({ partition, batches, baseOffset, nextOffset }: Extract<ServerMessage, { body: 'push' }>['push']): void {
    this.pushes += 1;
    if (!this.#keepsRecords) return;
    let at = 0;
    let next = baseOffset;
    while (at < batches.length) {
      const parsed = BatchHeader.parse(batches.subarray(at));
      if (!parsed.ok) throw new Error(parsed.error);
      const batch = batches.subarray(at, at + parsed.value.size);
      for (const taken of iterateRecords(parsed.value, recordsOf(batch, parsed.value))) {
        if (!taken.ok) throw new Error(taken.error);
        this.records.push({ partition, offset: taken.value.offset, value: Buffer.from(taken.value.value ?? []).toString() });
      }
      next = offset(parsed.value.lastOffset + 1);
      at += parsed.value.size;
    }
    if (next !== nextOffset) throw new Error(`a push says ${nextOffset} and ends at ${next}`);
  }

  #changed(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) watcher();
  }

  /** Resolves when it is true; a test that waits in vain ends by its own limit. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#watchers.push(resolve));
  }

  send(message: Body): void {
    this.socket.send(encodeClientMessage(message));
  }

  ask(body: Body): Promise<ServerMessage> {
    const requestId = ++this.#requestId;
    const answer = new Promise<ServerMessage>((resolve) => this.#waiting.set(requestId, resolve));
    this.send({ ...body, requestId });
    return answer;
  }

  async produce(topic: string, batch: Uint8Array, partition = 0) {
    const reply = await this.ask({ produce: { entries: [{ topic, partition, batch }] } });
    if (reply.body !== 'produce') throw new Error(JSON.stringify(reply));
    return reply.produce.results[0];
  }

  get values(): readonly string[] {
    return this.records.map(({ value }) => value);
  }

  events(): readonly string[] {
    return this.messages.flatMap((message) => (message.body === 'event' ? [message.event.what ?? ''] : []));
  }

  stall(): void {
    (this.socket as unknown as { _socket: { pause(): void } })._socket.pause();
  }

  resume(): void {
    (this.socket as unknown as { _socket: { resume(): void } })._socket.resume();
  }

  close(): void {
    this.socket.terminate();
  }
}
