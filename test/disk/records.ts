import { type Client, connect, MillraceError } from '../../ts/sdk/node/index.js';

const partitions = 2;
const underWay = 16;
const padding = 'x'.repeat(30_000);

/** Writes rising numbers to a topic of two partitions. */
export class Writer {
  readonly #client: Client;
  readonly #topic: string;
  readonly #acknowledged: number[][] = Array.from({ length: partitions }, () => []);
  #next = 0;

  constructor(client: Client, topic: string) {
    this.#client = client;
    this.#topic = topic;
  }

  async create(): Promise<this> {
    await this.#client.admin.createTopic(this.#topic, { partitions, configs: { 'segment.bytes': String(8 << 20) } });
    return this;
  }

  /** By partition, in the order in which they were sent. */
  get acknowledged(): readonly (readonly number[])[] {
    return this.#acknowledged;
  }

  /** Each is acknowledged, however slow the machine is. */
  async writeAll(count: number): Promise<void> {
    const [failure] = await this.write(count);
    if (failure !== undefined) throw failure;
  }

  /** What ended it early: nothing, where all was acknowledged. What is refused is tried again for so long. */
  async write(countMax: number, deliveryTimeoutMs = 30_000): Promise<readonly MillraceError[]> {
    const producer = this.#client.producer({ lingerMs: 0, deliveryTimeoutMs });
    const failures: MillraceError[] = [];
    const end = this.#next + countMax;
    while (failures.length === 0 && this.#next < end) {
      await Promise.all(Array.from({ length: underWay }, () => this.#send(producer, failures)));
    }
    await producer.close().catch(() => undefined);
    return failures;
  }

  async #send(producer: ReturnType<Client['producer']>, failures: MillraceError[]): Promise<void> {
    const number = this.#next++;
    const partition = number % partitions;
    try {
      await producer.send({ topic: this.#topic, partition, value: `${number} ${padding}` });
      this.#acknowledged[partition]?.push(number);
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      failures.push(error);
    }
  }
}

/** All that is in a topic, by partition. */
export async function numbersIn(address: string, topic: string): Promise<readonly (readonly number[])[]> {
  const client = await connect(address);
  const { usage } = await client.admin.describeTopic(topic);
  const found: number[][] = usage.map(() => []);
  const isAll = () => usage.every(({ partition, highWatermark }) => found[partition]?.length === highWatermark);
  if (!isAll()) {
    for await (const { partition, value } of client.consumer({ topics: [topic], from: 'beginning' })) {
      found[partition]?.push(Number.parseInt(Buffer.from(value ?? []).toString(), 10));
      if (isAll()) break;
    }
  }
  await client.close();
  return found;
}
