import type { Clock } from '../model/ports.js';
import type { ControlOperation, LogStore, StoreFailure } from '../native/log.js';
import type { Tickets } from './tickets.js';

/** Between two attempts: twice as long each time. */
const retryMinMs = 2;
const retryMaxMs = 100;

interface Operation {
  readonly handle: number;
  readonly kind: ControlOperation;
  readonly to: number;
  readonly done: (failure: StoreFailure | undefined) => void;
  waitMs: number;
}

/**
 * Changes of partitions that the log makes one at a time, in the order in which they were asked for. Retention moves a log start without
 * being asked: whoever meets it tries again. As many wait as gateways and assignments may ask for.
 */
export class Operations {
  readonly #store: LogStore;
  readonly #tickets: Tickets;
  readonly #clock: Clock;
  /** By partition; the first of each is under way, or due again. */
  readonly #rows = new Map<number, Operation[]>();
  readonly #asked = new Map<number, Operation>();
  /** When the first of a partition is tried again. */
  readonly #due = new Map<number, number>();

  constructor(store: LogStore, tickets: Tickets, clock: Clock) {
    this.#store = store;
    this.#tickets = tickets;
    this.#clock = clock;
  }

  /** `done` when it is durable, or with why it is not. */
  begin(handle: number, kind: ControlOperation, to: number, done: Operation['done']): void {
    const operation = { handle, kind, to, done, waitMs: retryMinMs };
    const row = this.#rows.get(handle);
    if (row !== undefined) {
      row.push(operation);
      return;
    }
    this.#rows.set(handle, [operation]);
    this.#attempt(operation);
  }

  #attempt(operation: Operation): void {
    const { handle, kind, to } = operation;
    const ticket = this.#tickets.next();
    this.#asked.set(ticket, operation);
    const failure = this.#store.control(handle, ticket, kind, to);
    if (failure !== undefined) this.ended(ticket, { code: 'fenced', message: failure.message });
  }

  /** False: the ticket is not of an operation. */
  ended(ticket: number, failure?: StoreFailure): boolean {
    const operation = this.#asked.get(ticket);
    if (operation === undefined) return false;
    this.#asked.delete(ticket);
    if (failure?.code === 'busy') this.#wait(operation);
    else this.#done(operation, failure);
    return true;
  }

  #done(operation: Operation, failure: StoreFailure | undefined): void {
    const { handle, done } = operation;
    const row = this.#rows.get(handle);
    row?.shift();
    done(failure);
    if (row === undefined || row.length === 0) this.#rows.delete(handle);
    // Not now: the log tells of this one within its turn, and what is begun then it would bring on in a later one that nobody asks for.
    else this.#due.set(handle, 0);
  }

  #wait(operation: Operation): void {
    this.#due.set(operation.handle, this.#clock.monotonicMs() + operation.waitMs);
    operation.waitMs = Math.min(2 * operation.waitMs, retryMaxMs);
  }

  /** Tries again what is due. */
  turn(): void {
    if (this.#due.size === 0) return;
    const now = this.#clock.monotonicMs();
    for (const [handle, dueMs] of [...this.#due]) {
      if (dueMs > now) continue;
      this.#due.delete(handle);
      const operation = this.#rows.get(handle)?.[0];
      if (operation !== undefined) this.#attempt(operation);
    }
  }

  deadlineMs(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#due.values());
  }
}
