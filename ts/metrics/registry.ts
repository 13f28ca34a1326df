import type { Page } from './page.js';
import type { Metric } from './probe.js';

/** One number of a metric that is computed when somebody asks: what no thread keeps in words. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Collected {
  /** A counter or a gauge; its series are those of the samples. */
  readonly metric: Metric;
  readonly samples: Iterable<Sample>;
}

/** Everything that /metrics shows. */
export class MetricsRegistry {
  readonly #pages: Page[] = [];
  readonly #collectors: (() => Iterable<Collected>)[] = [];

  add(page: Page): void {
    this.#pages.push(page);
  }

  /** For series that come and go, such as those of topics. */
  collect(collector: () => Iterable<Collected>): void {
    this.#collectors.push(collector);
  }

  get pages(): readonly Page[] {
    return this.#pages;
  }

  collected(): readonly Collected[] {
    return this.#collectors.flatMap((collector) => [...collector()]);
  }
}
