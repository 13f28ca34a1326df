import type { Failure } from '../model/errors.js';
import type { Clock } from '../model/ports.js';
import type { LogStore, StoreFailure } from '../native/log.js';
import type { Partition } from './partition.js';
import type { Tickets } from './tickets.js';

/** Between two attempts: twice as long each time. */
const retryMinMs = 10;
const retryMaxMs = 1000;
/** So long whoever deletes a topic waits for files that are busy. */
const patienceMs = 2000;

type Told = (failure: Failure | undefined) => void;

interface Removal {
  readonly handle: number;
  readonly index: number;
  readonly beganMs: number;
  /** Undefined: told. */
  done: Told | undefined;
  waitMs: number;
  /** Of the next attempt. */
  dueMs: number;
}

/**
 * Partitions whose topic is deleted, until their files are out of the way. One that another change keeps busy is tried again; what
 * the disk refuses stays where it is, and the next start removes it.
 */
export class Removals {
  readonly #store: LogStore;
  readonly #tickets: Tickets;
  readonly #clock: Clock;
  readonly #onOverdue: (count: number) => void;
  readonly #asked = new Map<number, Removal>();
  #waiting: readonly Removal[] = [];
  /** Told to be incomplete, and not done since. */
  readonly #overdue = new Set<Removal>();

  constructor(store: LogStore, tickets: Tickets, clock: Clock, onOverdue: (count: number) => void) {
    this.#store = store;
    this.#tickets = tickets;
    this.#clock = clock;
    this.#onOverdue = onOverdue;
  }

  /** `done` with a failure: its files are still there. */
  begin({ handle, index }: Partition, done: Told): void {
    const now = this.#clock.monotonicMs();
    this.#attempt({ handle, index, beganMs: now, done, waitMs: retryMinMs, dueMs: now });
  }

  #attempt(removal: Removal): void {
    const ticket = this.#tickets.next();
    this.#asked.set(ticket, removal);
    const failure = this.#store.control(removal.handle, ticket, 'delete');
    if (failure !== undefined) this.ended(ticket, { code: 'fenced', message: failure.message });
  }

  /** False: the ticket is not of a removal. */
  ended(ticket: number, failure?: StoreFailure): boolean {
    const removal = this.#asked.get(ticket);
    if (removal === undefined) return false;
    this.#asked.delete(ticket);
    // Recovery has met its deletion already, or it is on its way out.
    if (failure === undefined || failure.code === 'unknown-partition') this.#done(removal);
    else if (failure.code === 'busy') this.#wait(removal, failure);
    else this.#tell(removal, `${failure.message}; the next start of the node removes them`);
    return true;
  }

  #done(removal: Removal): void {
    if (this.#overdue.delete(removal)) this.#onOverdue(this.#overdue.size);
    removal.done?.(undefined);
  }

  #wait(removal: Removal, { message }: StoreFailure): void {
    const now = this.#clock.monotonicMs();
    removal.dueMs = now + removal.waitMs;
    removal.waitMs = Math.min(2 * removal.waitMs, retryMaxMs);
    this.#waiting = [...this.#waiting, removal];
    if (now - removal.beganMs > patienceMs) this.#tell(removal, `${message}; the node goes on trying`);
  }

  #tell(removal: Removal, why: string): void {
    this.#overdue.add(removal);
    this.#onOverdue(this.#overdue.size);
    const message = `the topic is deleted, but the files of its partition ${removal.index} are not removed: ${why}`;
    removal.done?.({ error: 'deletion-incomplete', message });
    removal.done = undefined;
  }

  /** Tries again what is due. */
  turn(): void {
    if (this.#waiting.length === 0) return;
    const now = this.#clock.monotonicMs();
    const due = this.#waiting.filter(({ dueMs }) => dueMs <= now);
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter(({ dueMs }) => dueMs > now);
    for (const removal of due) this.#attempt(removal);
  }

  deadlineMs(): number {
    return this.#waiting.reduce((earliest, { dueMs }) => Math.min(earliest, dueMs), Number.POSITIVE_INFINITY);
  }
}
