import { Piscina } from 'piscina';
import type { RecordViews } from '../gateway/http/ports.js';
import type { Failure } from '../model/ports.js';
import { failed } from '../model/result.js';
import type { DecodeTask } from './record-worker.js';

const waitingMax = 64;

/** Decodes records for REST and the console on a thread of its own, started when somebody asks and ended when nobody does. */
export class RecordPool implements RecordViews {
  #pool: Piscina | undefined;

  async decode(...[batches, from, limits]: Parameters<RecordViews['decode']>): ReturnType<RecordViews['decode']> {
    this.#pool ??= new Piscina({
      filename: new URL('./record-worker.js', import.meta.url).href,
      name: 'decode',
      minThreads: 0,
      maxThreads: 1,
      maxQueue: waitingMax,
      idleTimeout: 10_000,
    });
    const pool = this.#pool;
    if (pool.queueSize >= waitingMax) return failed<Failure>({ error: 'overloaded' });
    // A copy: the batches are the shard's memory, good for the length of a callback.
    const task: DecodeTask = { batches: new Uint8Array(batches), from, limits };
    return (await pool.run(task)) as Awaited<ReturnType<RecordViews['decode']>>;
  }

  async close(): Promise<void> {
    await this.#pool?.destroy();
  }
}
