import { assert } from '../model/assert.js';
import type { Failure } from '../model/errors.js';
import type { CoordinatorLog } from '../model/group-ports.js';
import type { Result } from '../model/result.js';
import type { FileRead, StoreFailure } from '../native/log.js';
import { internalTicket } from '../ring/link/layout.js';
import { InternalLog, type InternalStore } from './internal-log.js';
import type { Partition } from './partition.js';
import type { Tickets } from './tickets.js';

/** The logs that coordinators of this shard write, and which of the log's answers are theirs. Lives on: the shard's thread. */
export class InternalLogs {
  readonly #store: InternalStore;
  readonly #tickets: Tickets;
  readonly #partitions: ReadonlyMap<number, Partition>;
  readonly #wake: () => void;
  readonly #logs = new Map<number, InternalLog>();
  readonly #appends = new Map<number, InternalLog>();
  readonly #others = new Map<number, InternalLog>();

  constructor(store: InternalStore, partitions: ReadonlyMap<number, Partition>, tickets: Tickets, wake: () => void) {
    this.#store = store;
    this.#partitions = partitions;
    this.#tickets = tickets;
    this.#wake = wake;
  }

  /** Of a partition that this shard leads: once. */
  open(handle: number): CoordinatorLog {
    const partition = this.#partitions.get(handle);
    assert(partition !== undefined && !this.#logs.has(handle), () => `partition ${handle} is not there, or has its coordinator`);
    const log = new InternalLog(partition, {
      store: this.#store,
      wake: this.#wake,
      appendTicket: (log) => remember(this.#appends, internalTicket(this.#tickets.next()), log),
      ticket: (log) => remember(this.#others, this.#tickets.next(), log),
    });
    this.#logs.set(handle, log);
    return log;
  }

  flush(): void {
    for (const log of this.#logs.values()) log.flush();
  }

  appended(ticket: number, base: number): void {
    take(this.#appends, ticket)?.appended(ticket, base);
  }

  appendFailed(ticket: number, failure: Failure): void {
    take(this.#appends, ticket)?.appendFailed(ticket, failure);
  }

  /** False: somebody else's. */
  read(ticket: number, result: Result<FileRead, StoreFailure>): boolean {
    const log = take(this.#others, ticket);
    log?.read(ticket, result);
    return log !== undefined;
  }

  /** False: somebody else's. */
  controlEnded(ticket: number, failure?: Failure): boolean {
    const log = take(this.#others, ticket);
    log?.trimEnded(ticket, failure);
    return log !== undefined;
  }
}

type Expected = Map<number, InternalLog>;

function remember(expected: Expected, ticket: number, log: InternalLog): number {
  expected.set(ticket, log);
  return ticket;
}

function take(expected: Expected, ticket: number): InternalLog | undefined {
  const log = expected.get(ticket);
  expected.delete(ticket);
  return log;
}
