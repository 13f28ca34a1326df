import type { Flow, Hungry, Outflow } from './outflow.js';

/**
 * Who reads by offset next: connections take turns, each with one read under way, and the readers of a connection take turns on it.
 * So one that is far behind keeps nobody waiting for longer than one read of everybody else.
 */
export class Turns {
  readonly #outflow: Outflow;
  readonly #readsMax: number;
  #queue: Flow[] = [];
  #first = 0;
  #reads = 0;
  #isWaiting = false;
  #isRunning = false;

  constructor(outflow: Outflow, readsMax: number) {
    this.#outflow = outflow;
    this.#readsMax = readsMax;
  }

  get reads(): number {
    return this.#reads;
  }

  request(flow: Flow, reader: Hungry): void {
    flow.hungry ??= [];
    flow.hungry.push(reader);
    this.#enqueue(flow);
    this.#run();
  }

  /** A read has ended, and what it brought is sent or dropped. */
  readEnded(flow: Flow): void {
    this.#reads -= 1;
    flow.isReading = false;
    this.#enqueue(flow);
    this.#run();
  }

  #enqueue(flow: Flow): void {
    if (flow.isQueued || flow.isReading || flow.hungry === undefined) return;
    flow.isQueued = true;
    this.#queue.push(flow);
  }

  // A refused read ends before `read` returns, and comes here again: the loop goes on, it does not nest.
  #run(): void {
    if (this.#isRunning || this.#isWaiting) return;
    this.#isRunning = true;
    while (this.#reads < this.#readsMax && this.#first < this.#queue.length && this.#begin(this.#queue[this.#first] as Flow));
    this.#isRunning = false;
    if (this.#first < 256 && this.#first < this.#queue.length) return;
    this.#queue = this.#queue.slice(this.#first);
    this.#first = 0;
  }

  /** False: the budget has no room, and the first of the row waits for it. */
  #begin(flow: Flow): boolean {
    const reader = flow.hungry?.[0];
    if (reader === undefined || flow.isOver || !reader.wants()) {
      shift(flow);
      this.#leave(flow);
      return true;
    }
    const wanted = reader.sizeWanted();
    const size = wanted > 0 ? this.#outflow.grantUpTo(flow, wanted) : 0;
    if (wanted > 0 && size === 0 && !flow.isBlocked) {
      this.#isWaiting = true;
      this.#outflow.whenRoom(() => {
        this.#isWaiting = false;
        this.#run();
      });
      return false;
    }
    shift(flow);
    this.#first += 1;
    flow.isQueued = false;
    if (size > 0) {
      this.#reads += 1;
      flow.isReading = true;
    }
    // With nothing to read it learns that its turn is over, and comes again when it wants to.
    reader.read(size);
    this.#enqueue(flow);
    return true;
  }

  #leave(flow: Flow): void {
    this.#first += 1;
    flow.isQueued = false;
    if (flow.isOver) flow.hungry = undefined;
    this.#enqueue(flow);
  }
}

function shift(flow: Flow): void {
  flow.hungry?.shift();
  if (flow.hungry?.length === 0) flow.hungry = undefined;
}
