import { headersAt, type StoredBatch } from '../../sdk/node/index.js';
import { jsonLine } from './json-lines.js';
import type { Output } from './output.js';

/** Puts the records of batches on the output, as values or as JSON. */
export class Printer {
  readonly #output: Output;
  readonly #json: boolean;

  constructor(output: Output, json: boolean) {
    this.#output = output;
    this.#json = json;
  }

  /** At most so many of its records; how many they were. */
  print(batch: StoredBatch, most: number): number {
    return this.#json ? this.#objects(batch, most) : this.#values(batch, most);
  }

  #values(batch: StoredBatch, most: number): number {
    const output = this.#output;
    let count = 0;
    for (let scan = batch.next(); scan !== undefined; scan = batch.next()) {
      // A record without value is an empty line: `--json` tells them apart.
      output.line(scan.bytes, scan.valueFrom, Math.max(scan.valueFrom, scan.valueEnd));
      if (++count === most) break;
    }
    return count;
  }

  #objects(batch: StoredBatch, most: number): number {
    const { topic, partition } = batch;
    let count = 0;
    for (let scan = batch.next(); scan !== undefined; scan = batch.next()) {
      this.#output.text(jsonLine(topic, partition, scan, headersAt(scan)));
      if (++count === most) break;
    }
    return count;
  }
}
