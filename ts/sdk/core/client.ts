import type { Clock } from '../../model/ports.js';
import { crc32c } from '../../wire/records/crc32c.js';
import { Admin } from './admin.js';
import type { Chance } from './clock.js';
import { type CodecLoaders, Codecs } from './compression/codec.js';
import { Connection, type MetCluster } from './connection/connection.js';
import type { Dial } from './connection/transport.js';
import type { ConsumedRecord } from './consumer/batch.js';
import { Consumer } from './consumer/consumer.js';
import { type Fetched, type FetchOptions, fetchOnce } from './consumer/fetch.js';
import { Lanes } from './consumer/lanes.js';
import type { ConsumerOptions } from './consumer/options.js';
import { type RangeOptions, readRange } from './consumer/range.js';
import type { Context } from './context.js';
import { ConnectionError, invalidArgument, MillraceError, ProtocolError } from './errors.js';
import { FreshTopics } from './fresh-topics.js';
import type { Observer } from './observer.js';
import { bounded, type ProducerOptions, requestTimeoutMsMax, timerMsMax } from './producer/options.js';
import { Producer, type ProducerCallbacks } from './producer/producer.js';
import type { Bytes } from './serde.js';

export interface ConnectOptions {
  /** Named in the server's log. */
  readonly client?: string;
  /** How long `connect` tries. Default 10 s. */
  readonly connectTimeoutMs?: number;
  /** Of a request, where the call says nothing else. Default 30 s. */
  readonly requestTimeoutMs?: number;
  /** How long `close` waits for a connection that is away, to send what producers still have. Default 5 s. */
  readonly closeWaitMs?: number;
  /** Between two attempts to connect: from the first to the most, doubling. Default 100 ms to 5 s. */
  readonly reconnectMs?: { readonly first: number; readonly most: number };
}

/** What the SDK takes from its surroundings; a runtime's index brings it. */
export interface Runtime {
  readonly name: string;
  readonly dial: Dial;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly codecs: CodecLoaders;
  readonly observe: Observer;
  /** Calls back when the network is said to be back; the answer ends that. */
  onWake(wake: () => void): () => void;
}

const attemptTimeoutMs = 5_000;
const silenceMsMax = 30_000;
const retryBackoff = { firstMs: 20, mostMs: 2_000 };

/** `host:port`, `http(s)://…` and `ws(s)://…` all name the gateway. */
export function gatewayUrl(given: string): string {
  const text = /^[a-z]+:\/\//i.test(given) ? given : `ws://${given}`;
  let url: URL;
  try {
    url = new URL(text.replace(/^http/i, 'ws'));
  } catch {
    throw invalidArgument(`${given} is no address of a gateway: host:port, or ws://host:port`);
  }
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:')
    throw invalidArgument(`${given} is no address of a gateway: ws:// or wss://`);
  if (url.pathname === '/' || url.pathname === '') url.pathname = '/v1';
  return url.href;
}

/**
 * A connection to a cluster, shared by all producers and consumers that are made of it. Consumers that read the same topic have
 * further ones.
 */
export class Client {
  readonly admin: Admin;
  readonly #context: Context;
  readonly #requestTimeoutMs: number;
  readonly #lanes: Lanes;
  readonly #stopWaking: () => void;
  readonly #producers = new Set<{ close(): Promise<void>; abandon(): void }>();
  readonly #consumers = new Set<{ close(): Promise<void> }>();

  /** Use `connect`. */
  constructor(url: string, options: ConnectOptions, runtime: Runtime) {
    const requestTimeoutMs = bounded('requestTimeoutMs', options.requestTimeoutMs ?? 30_000, 1, requestTimeoutMsMax);
    this.#requestTimeoutMs = requestTimeoutMs;
    const settings = {
      url: gatewayUrl(url),
      client: options.client ?? runtime.name,
      requestTimeoutMs,
      backoff: { firstMs: options.reconnectMs?.first ?? 100, mostMs: options.reconnectMs?.most ?? 5_000 },
      connectTimeoutMs: attemptTimeoutMs,
      silenceMsMax,
    };
    const cluster: MetCluster = { id: undefined };
    const connect = () => new Connection(settings, runtime, cluster);
    const connection = connect();
    this.#lanes = new Lanes(connection, connect);
    const { clock, chance, observe } = runtime;
    const closeWaitMs = bounded('closeWaitMs', options.closeWaitMs ?? 5_000, 0, timerMsMax);
    const codecs = new Codecs(runtime.codecs);
    const fresh = new FreshTopics(clock);
    this.#context = { connection, clock, chance, codecs, fresh, crc32c, observe, retryBackoff, closeWaitMs };
    this.admin = new Admin(this.#context, requestTimeoutMs);
    this.#stopWaking = runtime.onWake(() => this.#lanes.wake());
  }

  /** Of the cluster; undefined while there is no connection. */
  get clusterId(): string | undefined {
    return this.#context.connection.welcome?.clusterId;
  }

  get isConnected(): boolean {
    return this.#context.connection.welcome !== undefined;
  }

  /** Resolves when there is a connection. */
  async opened(timeoutMs: number): Promise<void> {
    try {
      await this.#context.connection.opened(timeoutMs);
    } catch (error) {
      if (!(error instanceof MillraceError) || error.code !== 'connection-lost') throw error;
      const why = this.#context.connection.lastFailure;
      throw new ConnectionError(
        'connection-failed',
        `no connection within ${timeoutMs} ms: ${why}`,
        true,
        'is the gateway running there?',
      );
    }
  }

  producer<Key = Bytes, Value = Bytes>(options: ProducerOptions<Key, Value> & ProducerCallbacks = {}): Producer<Key, Value> {
    const producer: Producer<Key, Value> = new Producer(this.#context, options, () => this.#producers.delete(producer));
    this.#producers.add(producer);
    return producer;
  }

  consumer<Key = Uint8Array | null, Value = Uint8Array | null>(options: ConsumerOptions<Key, Value>): Consumer<Key, Value> {
    const consumer: Consumer<Key, Value> = new Consumer(this.#context, this.#lanes, options, () =>
      this.#consumers.delete(consumer),
    );
    this.#consumers.add(consumer);
    return consumer;
  }

  /** Asks for records of one partition once, without a subscription: for who wants to pull. */
  fetch<Key = Uint8Array | null, Value = Uint8Array | null>(options: FetchOptions<Key, Value>): Promise<Fetched<Key, Value>> {
    return fetchOnce(this.#context, this.#requestTimeoutMs, options);
  }

  /** The records of a range of one partition, up to the end that the log has now, or a given one; then the loop is over. */
  read<Key = Uint8Array | null, Value = Uint8Array | null>(
    options: RangeOptions<Key, Value>,
  ): AsyncIterableIterator<ConsumedRecord<Key, Value>> {
    const { topic, partition } = options;
    return readRange(options, {
      fetch: (one) => this.fetch(one),
      offsetOf: async (from) => {
        const [found] = await this.admin.listOffsets(topic, from, [partition]);
        if (found === undefined) throw new ProtocolError('unexpected-reply', `no offset was answered for ${topic}-${partition}`);
        if (found.error !== undefined) throw found.error;
        return found.offset;
      },
    });
  }

  /** Sends what producers still have, ends consumers, then closes the connection. Rejects if something could not be sent. */
  async close(): Promise<void> {
    const consumers = [...this.#consumers].map((consumer) => consumer.close());
    const producers = [...this.#producers].map((producer) => producer.close());
    try {
      await Promise.all([...consumers, ...producers]);
    } finally {
      this.#stopWaking();
      this.#lanes.close();
    }
  }

  /** Closes at once: what producers still have fails. */
  async abandon(): Promise<void> {
    for (const producer of [...this.#producers]) producer.abandon();
    await this.close();
  }
}

export async function connectWith(url: string, options: ConnectOptions, runtime: Runtime): Promise<Client> {
  const client = new Client(url, options, runtime);
  try {
    await client.opened(bounded('connectTimeoutMs', options.connectTimeoutMs ?? 10_000, 1, timerMsMax));
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}
