/**
 * @typedef {object} Batch
 * @property {number} partition
 * @property {number} base
 * @property {number} last
 * @property {number} crc
 */

/**
 * @typedef {Batch & { epoch: number }} DumpedBatch
 */

/** Everything that one data directory was ever seen to hold or to promise, over all its rounds. */
export class History {
  /** Acknowledged batches by partition and base offset: what they must be for ever. @type {Map<string, Batch>} */
  #acked = new Map();
  /** What stood at an offset under an epoch, once seen. @type {Map<string, string>} */
  #values = new Map();

  get ackedCount() {
    return this.#acked.size;
  }

  /** A line of stdout. Only a whole one: the kill may have cut the last. @param {string} line */
  noteAck(line) {
    const found = /^ack (\S+) (\d+) (\d+) (\d+) (\d+)$/.exec(line);
    if (found === null) throw new Error(`not an ack: "${line}"`);
    const [partition = 0, base = 0, last = 0, crc = 0] = found.slice(2).map(Number);
    const key = `${partition} ${base}`;
    if (this.#acked.has(key)) throw new Error(`partition ${partition}, offset ${base} was acknowledged twice`);
    this.#acked.set(key, { partition, base, last, crc });
  }

  /** The log as it stands now, by partition and offset: throws where it breaks a promise. @param {readonly DumpedBatch[]} batches */
  check(batches) {
    this.#checkOrder(batches);
    const stored = new Map(batches.map((batch) => [`${batch.partition} ${batch.base}`, batch]));
    for (const [key, ack] of this.#acked) this.#checkKept(ack, stored.get(key));
    for (const batch of batches) this.#checkValue(batch);
  }

  /** @param {readonly DumpedBatch[]} batches */
  #checkOrder(batches) {
    /** @type {Map<number, DumpedBatch>} */
    const previous = new Map();
    for (const batch of batches) {
      const before = previous.get(batch.partition);
      const expected = before === undefined ? 0 : before.last + 1;
      if (batch.base !== expected)
        throw new Error(`partition ${batch.partition}: offset ${batch.base} where ${expected} belongs`);
      if (before !== undefined && batch.epoch < before.epoch) throw new Error(`partition ${batch.partition}: epochs go back`);
      previous.set(batch.partition, batch);
    }
  }

  /** @param {Batch} ack @param {DumpedBatch | undefined} stored */
  #checkKept(ack, stored) {
    const place = `partition ${ack.partition}, offset ${ack.base}`;
    if (stored === undefined) throw new Error(`${place} was acknowledged and is lost`);
    if (stored.last !== ack.last || stored.crc !== ack.crc) throw new Error(`${place} was acknowledged with other bytes`);
  }

  /** No offset has two values under one epoch, whether acknowledged or not. @param {DumpedBatch} batch */
  #checkValue({ partition, base, last, epoch, crc }) {
    const key = `${partition} ${epoch} ${base}`;
    const value = `${last} ${crc}`;
    const known = this.#values.get(key) ?? value;
    if (known !== value)
      throw new Error(`partition ${partition}, epoch ${epoch}, offset ${base} has two values: ${known} and ${value}`);
    this.#values.set(key, value);
  }
}
