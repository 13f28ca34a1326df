import type { LogStore, StoreFailure } from '../native/log.js';
import type { ShardEnd } from '../ring/link/shard-end.js';
import { failureOfStore } from './failures.js';
import type { Operations } from './operations.js';
import type { Partition } from './partition.js';

/** Moves where logs start, because somebody wants their records gone. */
export class LogStarts {
  readonly #store: LogStore;
  readonly #operations: Operations;

  constructor(store: LogStore, operations: Operations) {
    this.#store = store;
    this.#operations = operations;
  }

  /** Below zero: to the high watermark. */
  raise(gateway: ShardEnd, partition: Partition, ticket: number, asked: number): void {
    const to = asked < 0 ? partition.highWatermark : asked;
    const tell = () => gateway.answer(partition.handle, ticket, [partition.logStart]);
    if (this.#hasPassed(partition, to)) {
      tell();
      return;
    }
    this.#operations.begin(partition.handle, 'log-start', to, (failure) => {
      // Retention may have moved it further while this one waited.
      if (this.#hasPassed(partition, to)) tell();
      else gateway.failed(partition.handle, ticket, failureOfStore(failure ?? unmoved));
    });
  }

  #hasPassed(partition: Partition, to: number): boolean {
    partition.logStart = this.#store.extent(partition.handle)?.logStart ?? partition.logStart;
    return partition.logStart >= to;
  }
}

const unmoved: StoreFailure = { code: 'unknown-partition', message: 'the partition was deleted meanwhile' };
