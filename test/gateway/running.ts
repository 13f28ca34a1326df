import { Gateway } from '../../ts/gateway/gateway.js';
import { decodeRecords } from '../../ts/gateway/http/record-views.js';
import { defaultSettings, type GatewaySettings } from '../../ts/gateway/settings.js';
import { MetricsRegistry } from '../../ts/metrics/registry.js';
import type { LogLevel } from '../../ts/model/log-level.js';
import type { CivilClock } from '../../ts/model/ports.js';
import { failed, ok } from '../../ts/model/result.js';
import { findKeyless } from '../../ts/native/codec.js';
import { BatchPlan } from '../../ts/wire/records/build.js';
import { crc32c } from '../../ts/wire/records/crc32c.js';
import { MemoryCluster } from './memory-cluster.js';
import { MemoryShard } from './memory-shard.js';

// A gateway on a real port, with shards and a cluster in memory.

const clock: CivilClock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  civilMs: () => Date.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** More than sockets take at once. */
export const large = new Uint8Array(32 * 1024 * 1024);

export const page = new TextEncoder().encode('<!doctype html>');

export class Running {
  readonly cluster = new MemoryCluster();
  readonly shard = new MemoryShard();
  readonly gateway: Gateway;
  readonly faults: unknown[] = [];
  readonly reasons: string[] = [];
  port = 0;
  logLevel: LogLevel = 'info';
  /** False: answers wait for the test. */
  isAnswering = true;
  #isScheduled = false;

  constructor(settings: Partial<GatewaySettings> = {}) {
    this.gateway = new Gateway(
      { ...defaultSettings, port: 0, ...settings },
      {
        shards: [this.shard],
        coordinators: [],
        commands: this.cluster,
        nodeCommands: {
          setLogLevel: async (level) => {
            this.logLevel = level;
            return ok(undefined);
          },
        },
        log: { debug: () => undefined, info: () => undefined },
        cluster: this.cluster,
        clock,
        copy: (target, at, source) => target.set(source, at),
        findKeyless,
        metrics: new MetricsRegistry(),
        onFault: (error) => void this.faults.push(error),
        node: {
          version: '0.0.0-test',
          uptimeMs: () => performance.now(),
          produceRefusal: () => undefined,
          reasons: () => this.reasons,
          dataSize: () => 7,
          diskFree: () => 8,
          disk: () => ({ path: '/data', totalSize: 16, freeSize: 8 }),
          settings: [],
          logLevel: () => this.logLevel,
          configsOf: (topic) =>
            Object.entries(this.cluster.configs.get(topic) ?? {}).map(([name, value]) => ({
              name,
              value,
              source: 'topic',
              documentation: 'd',
              isReadOnly: false,
            })),
        },
        records: {
          decode: async (batches, from, limits) => decodeRecords(batches, from, limits, () => failed({ error: 'corrupt-log' })),
        },
        files: {
          find: (path) => {
            if (path === '/large.js') return { bytes: large, etag: '"2"' };
            return path === '/index.html' ? { bytes: page, etag: '"1"' } : undefined;
          },
        },
      },
    );
    this.shard.onPending = () => this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || !this.isAnswering) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.isAnswering) this.shard.runAll();
    });
  }

  answerAgain(): void {
    this.isAnswering = true;
    this.#schedule();
  }

  async start(): Promise<this> {
    const port = await this.gateway.listen();
    if (port === undefined) throw new Error('no port');
    this.port = port;
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  stop(): void {
    this.gateway.close();
    if (this.faults.length > 0) throw this.faults[0];
  }
}

export function batchOf(values: readonly string[], timestamp = 1000): Uint8Array {
  const plan = new BatchPlan(values.map((value) => ({ timestamp, key: null, value: new TextEncoder().encode(value) })));
  const batch = new Uint8Array(plan.size);
  plan.write(batch, crc32c);
  return batch;
}
