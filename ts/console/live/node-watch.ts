import { type ReadonlySignal, signal } from '@preact/signals';
import { buckets, parseExposition, total } from '../metrics/exposition.js';
import { History } from '../metrics/history.js';
import { bucketsBetween, quantile, type Reading, rateBetween } from '../metrics/rates.js';
import { failedBy, type Loaded, loading, ready } from './loaded.js';
import { repeating } from './repeating.js';

/** GET /api/v1/node, as far as it is shown. */
export interface NodeFacts {
  readonly nodeId: number;
  readonly clusterId: string;
  readonly version: string;
  readonly uptimeMs: number;
  readonly shards: number;
  readonly connections: number;
  readonly subscriptions: number;
  readonly dataSize: number;
  readonly diskFree: number;
}

export interface Readiness {
  readonly isReady: boolean;
  /** Why not, in sentences. */
  readonly reasons: readonly string[];
}

/** Counters whose rates are drawn: what comes in, and what goes out to readers near the tail and behind it. */
const inbound = ['millrace_gateway_received_bytes_total'];
const outbound = ['millrace_gateway_pushed_bytes_total', 'millrace_gateway_caught_up_bytes_total'];
const produced = 'millrace_gateway_produce_time_seconds';

const pauseMs = 1_000;
const timeoutMs = 5_000;
const pointsMax = 300;

/** What this node says of its health and its load, asked again every second. */
export class NodeWatch {
  readonly #facts = signal<Loaded<NodeFacts>>(loading);
  readonly #readiness = signal<Loaded<Readiness>>(loading);
  readonly #throughput = signal(History.of(2, pointsMax));
  readonly #latency = signal(History.of(2, pointsMax));
  #inbound: Reading | undefined;
  #outbound: Reading | undefined;
  #produced: ReadonlyMap<number, number> | undefined;

  get facts(): ReadonlySignal<Loaded<NodeFacts>> {
    return this.#facts;
  }

  get readiness(): ReadonlySignal<Loaded<Readiness>> {
    return this.#readiness;
  }

  /** Bytes per second: from clients, to subscribers. */
  get throughput(): ReadonlySignal<History> {
    return this.#throughput;
  }

  /** Seconds from the arrival of a produce request to its answer: half of them, and 99 of 100, took no longer. */
  get latency(): ReadonlySignal<History> {
    return this.#latency;
  }

  start(): () => void {
    return repeating(pauseMs, async () => {
      await Promise.all([this.#askReadiness(), this.#askFacts(), this.#askMetrics()]);
    });
  }

  async #askReadiness(): Promise<void> {
    try {
      const answer = await ask('/readyz');
      const lines = (await answer.text()).split('\n').filter((line) => line !== '');
      this.#readiness.value = ready({ isReady: answer.ok, reasons: answer.ok ? [] : lines });
    } catch (error) {
      this.#readiness.value = failedBy(error);
    }
  }

  async #askFacts(): Promise<void> {
    try {
      const answer = await ask('/api/v1/node');
      if (!answer.ok) throw new Error(`the node answered with status ${answer.status}`);
      this.#facts.value = ready((await answer.json()) as NodeFacts);
    } catch (error) {
      this.#facts.value = failedBy(error);
    }
  }

  async #askMetrics(): Promise<void> {
    try {
      const answer = await ask('/metrics');
      if (answer.ok) this.#take(await answer.text());
      else this.#gap();
    } catch {
      this.#gap();
    }
  }

  #take(page: string): void {
    const metrics = parseExposition(page);
    const atMs = performance.now();
    const sum = (names: readonly string[]) => names.reduce((all, name) => all + (total(metrics, name) ?? 0), 0);
    const [received, sent] = [inbound, outbound].map((names) => ({ atMs, value: sum(names) })) as [Reading, Reading];
    const times = buckets(metrics, produced);
    const isFirst = this.#inbound === undefined;
    const between = isFirst ? new Map<number, number>() : bucketsBetween(this.#produced, times);
    const now = Date.now();
    this.#throughput.value = this.#throughput.value.with(now, [
      rateBetween(this.#inbound, received),
      rateBetween(this.#outbound, sent),
    ]);
    this.#latency.value = this.#latency.value.with(now, [quantile(0.5, between), quantile(0.99, between)]);
    this.#inbound = received;
    this.#outbound = sent;
    this.#produced = times;
  }

  /** The node did not answer: lines break here. */
  #gap(): void {
    const now = Date.now();
    this.#throughput.value = this.#throughput.value.with(now, []);
    this.#latency.value = this.#latency.value.with(now, []);
  }
}

function ask(path: string): Promise<Response> {
  return fetch(path, { signal: AbortSignal.timeout(timeoutMs), cache: 'no-store' });
}
