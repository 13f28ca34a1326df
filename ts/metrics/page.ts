import { assert } from '../model/assert.js';
import { layoutOf, type Metric, type Probe, wordsOf } from './probe.js';

/** The memory of one thread's probe. Can be sent to another thread as it is. */
export interface Page {
  readonly probe: Probe;
  readonly memory: SharedArrayBuffer;
  /** Added to each of its series: which shard, which gateway. */
  readonly labels: Readonly<Record<string, string>>;
}

export function newPage(probe: Probe, labels: Page['labels'] = {}): Page {
  return { probe, memory: new SharedArrayBuffer(Math.max(1, layoutOf(probe).words) * 8), labels };
}

// A word is a double: whole numbers are exact up to 2^53, and an aligned one is loaded and stored whole by every processor that
// the node runs on. A reader may see two words of different moments; none of them is ever lost, as each has one writer.

export class Counter {
  readonly #words: Float64Array;
  readonly #at: number;

  constructor(words: Float64Array, at: number) {
    this.#words = words;
    this.#at = at;
  }

  add(count = 1): void {
    this.#words[this.#at] = (this.#words[this.#at] ?? 0) + count;
  }

  get value(): number {
    return this.#words[this.#at] ?? 0;
  }
}

export class Gauge {
  readonly #words: Float64Array;
  readonly #at: number;

  constructor(words: Float64Array, at: number) {
    this.#words = words;
    this.#at = at;
  }

  set(value: number): void {
    this.#words[this.#at] = value;
  }

  add(count: number): void {
    this.set(this.value + count);
  }

  get value(): number {
    return this.#words[this.#at] ?? 0;
  }
}

export class Histogram {
  readonly #words: Float64Array;
  readonly #at: number;
  readonly #bounds: readonly number[];

  constructor(words: Float64Array, at: number, bounds: readonly number[]) {
    this.#words = words;
    this.#at = at;
    this.#bounds = bounds;
  }

  observe(value: number): void {
    const bucket = this.#at + bucketOf(this.#bounds, value);
    const sum = this.#at + this.#bounds.length + 1;
    this.#words[bucket] = (this.#words[bucket] ?? 0) + 1;
    this.#words[sum] = (this.#words[sum] ?? 0) + value;
  }
}

function bucketOf(bounds: readonly number[], value: number): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (value <= (bounds[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Lives on the thread that writes the page, and is its only writer. */
export class PageWriter {
  readonly #page: Page;
  readonly #words: Float64Array;
  readonly #starts: Readonly<Record<string, number>>;

  constructor(page: Page) {
    this.#page = page;
    this.#words = new Float64Array(page.memory);
    this.#starts = layoutOf(page.probe).starts;
  }

  counter(key: string, series = 0): Counter {
    return new Counter(this.#words, this.#place(key, 'counter', series));
  }

  gauge(key: string, series = 0): Gauge {
    return new Gauge(this.#words, this.#place(key, 'gauge', series));
  }

  histogram(key: string, series = 0): Histogram {
    return new Histogram(this.#words, this.#place(key, 'histogram', series), this.#metric(key).bounds);
  }

  #metric(key: string): Metric {
    const metric = this.#page.probe[key];
    assert(metric !== undefined, `no metric ${key} in this probe`);
    return metric;
  }

  #place(key: string, kind: Metric['kind'], series: number): number {
    const metric = this.#metric(key);
    assert(metric.kind === kind && series < metric.series.length, `${key} is no ${kind} with a series ${series}`);
    return (this.#starts[key] ?? 0) + series * wordsOf(metric);
  }
}
