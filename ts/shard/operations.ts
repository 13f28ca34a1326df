import type { Clock } from '../model/ports.js';
import type { ControlOperation, LogStore, StoreFailure } from '../native/log.js';
import type { Tickets } from './tickets.js';

/** Between two attempts: twice as long each time. */
const retryMinMs = 2;
const retryMaxMs = 1000;

interface Operation {
  readonly handle: number;
  readonly kind: ControlOperation;
  readonly to: number;
  readonly done: (failure: StoreFailure | undefined) => void;
  waitMs: number;
  /** Of the next attempt. */
  dueMs: number;
}

/**
 * Changes of partitions that the log makes one at a time: retention moves a log start without being asked, and whoever comes meanwhile
 * is tried again. As many wait as were asked for, which gateways and assignments bound.
 */
export class Operations {
  readonly #store: LogStore;
  readonly #tickets: Tickets;
  readonly #clock: Clock;
  readonly #asked = new Map<number, Operation>();
  #waiting: readonly Operation[] = [];

  constructor(store: LogStore, tickets: Tickets, clock: Clock) {
    this.#store = store;
    this.#tickets = tickets;
    this.#clock = clock;
  }

  /** `done` when it is durable, or with why it is not. */
  begin(handle: number, kind: ControlOperation, to: number, done: Operation['done']): void {
    this.#attempt({ handle, kind, to, done, waitMs: retryMinMs, dueMs: 0 });
  }

  #attempt(operation: Operation): void {
    const { handle, kind, to, done } = operation;
    const ticket = this.#tickets.next();
    this.#asked.set(ticket, operation);
    const failure = this.#store.control(handle, ticket, kind, to);
    if (failure === undefined) return;
    this.#asked.delete(ticket);
    done({ code: 'fenced', message: failure.message });
  }

  /** False: the ticket is not of an operation. */
  ended(ticket: number, failure?: StoreFailure): boolean {
    const operation = this.#asked.get(ticket);
    if (operation === undefined) return false;
    this.#asked.delete(ticket);
    if (failure?.code === 'busy') this.#wait(operation);
    else operation.done(failure);
    return true;
  }

  #wait(operation: Operation): void {
    operation.dueMs = this.#clock.monotonicMs() + operation.waitMs;
    operation.waitMs = Math.min(2 * operation.waitMs, retryMaxMs);
    this.#waiting = [...this.#waiting, operation];
  }

  /** Tries again what is due. */
  turn(): void {
    if (this.#waiting.length === 0) return;
    const now = this.#clock.monotonicMs();
    const due = this.#waiting.filter(({ dueMs }) => dueMs <= now);
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter(({ dueMs }) => dueMs > now);
    for (const operation of due) this.#attempt(operation);
  }

  deadlineMs(): number {
    return this.#waiting.reduce((earliest, { dueMs }) => Math.min(earliest, dueMs), Number.POSITIVE_INFINITY);
  }
}
