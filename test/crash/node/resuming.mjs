/** @type {typeof import('../../../ts/sdk/node/index.js')} */
const { connect } = await import(new URL('../../../dist/sdk/node/index.js', import.meta.url).href);

/** @typedef {{ partition: number, offset: number, value: Uint8Array | null }} Taken */

/**
 * Reads as a program does that is ended and started again and again: it keeps a token beside what it has dealt with, and its next
 * life, with a client of its own, begins there.
 */
export class Resuming {
  #address;
  #topic;
  #take;
  /** @type {string | undefined} */
  #token;
  #stop = new AbortController();
  /** @type {Promise<void> | undefined} */
  #life;
  lives = 0;

  /** @param {string} address @param {string} topic @param {(record: Taken) => void} take */
  constructor(address, topic, take) {
    this.#address = address;
    this.#topic = topic;
    this.#take = take;
  }

  begin() {
    this.#stop = new AbortController();
    this.#life = this.#read(this.#stop.signal);
    this.lives += 1;
  }

  /** In the middle of whatever it does. */
  async end() {
    this.#stop.abort();
    await this.#life;
  }

  /** @param {AbortSignal} signal */
  async #read(signal) {
    const client = await connect(this.#address);
    const place = this.#token === undefined ? { from: /** @type {const} */ ('beginning') } : { token: this.#token };
    const consumer = client.consumer({ topics: [this.#topic], ...place, signal });
    for await (const record of consumer) {
      this.#take(record);
      this.#token = consumer.token();
    }
    await client.close();
  }
}
