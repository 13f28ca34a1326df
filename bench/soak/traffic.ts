import type { Client, Consumer, Producer } from '../../ts/sdk/node/index.js';
import { sdk } from '../product.js';

const topic = 'soak';
const partitions = 4;
const recordSize = 1024;
/** What waits for its acknowledgement: more would only be a longer queue in this process. */
const bufferSizeMax = 2 << 20;
/** So that segments are made and removed all the time; far more than a reader is ever behind. */
const configs = { 'segment.bytes': String(64 << 20), 'retention.bytes': String(256 << 20), 'file.delete.delay.ms': '1000' };
const drainMsMax = 30_000;

export interface Interval {
  readonly produced: number;
  readonly consumed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A producer as quick as it can, and a consumer of all of it, on one clock. */
export class Traffic {
  readonly #clients: readonly Client[];
  readonly #producer: Producer;
  readonly #consumer: Consumer;
  #isOver = false;
  #produced = 0;
  #consumed = 0;
  /** From the call that sent a record to its arrival; of the first record of each batch. */
  #latencies: number[] = [];
  #last = { produced: 0, consumed: 0 };
  readonly #lost: string[] = [];
  #running: readonly Promise<void>[] = [];

  private constructor(clients: readonly [Client, Client]) {
    this.#clients = clients;
    const [producing, consuming] = clients;
    this.#producer = producing.producer({ bufferSizeMax });
    this.#consumer = consuming.consumer({
      topics: [topic],
      from: 'beginning',
      onEvent: (event) => this.#lost.push(JSON.stringify(event)),
    });
  }

  static async start(address: string): Promise<Traffic> {
    const clients = [await sdk.connect(address), await sdk.connect(address)] as const;
    await clients[0].admin.createTopic(topic, { partitions, configs });
    const traffic = new Traffic(clients);
    await traffic.#consumer.ready();
    traffic.#running = [traffic.#produce(), traffic.#consume()];
    return traffic;
  }

  /** Since the last time it was asked. */
  interval(): Interval {
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
    const { produced, consumed } = this.#last;
    this.#last = { produced: this.#produced, consumed: this.#consumed };
    this.#latencies = [];
    return { produced: this.#produced - produced, consumed: this.#consumed - consumed, p50Ms: at(0.5), p99Ms: at(0.99) };
  }

  /** Ends the producer and waits for the consumer; a sentence if not everything came, once each. */
  async end(): Promise<string | undefined> {
    this.#isOver = true;
    await this.#running[0];
    for (const begin = performance.now(); this.#consumed < this.#produced && performance.now() - begin < drainMsMax; ) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await this.#consumer.close();
    await this.#running[1];
    for (const client of this.#clients) await client.close();
    if (this.#lost.length > 0) return `the reader was told of ${this.#lost.join(', ')}`;
    return this.#consumed === this.#produced ? undefined : `${this.#produced} were acknowledged, ${this.#consumed} came`;
  }

  async #produce(): Promise<void> {
    while (!this.#isOver) {
      const value = new Uint8Array(recordSize);
      new DataView(value.buffer).setFloat64(0, performance.now());
      await this.#producer.write({ topic, value });
      this.#produced += 1;
      // Promises alone never let a socket have its turn.
      if (this.#produced % 256 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await this.#producer.flush();
  }

  async #consume(): Promise<void> {
    for await (const batch of this.#consumer.batches()) {
      let isFirst = true;
      for (const { value } of batch.records) {
        this.#consumed += 1;
        if (isFirst && value !== null) {
          const sentAt = new DataView(value.buffer, value.byteOffset, value.byteLength).getFloat64(0);
          this.#latencies.push(performance.now() - sentAt);
        }
        isFirst = false;
      }
    }
  }
}
