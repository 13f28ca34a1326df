import { loadAddon } from './load.js';
import type { BindingDoorbell, BindingRingReader, BindingRingWriter, BindingSlot } from './ring-binding.js';

/** Every number of the native layout by name. */
export function describeRingLayout(): Readonly<Record<string, string>> {
  return JSON.parse(loadAddon().describeRingLayout());
}

/** Writes the header of a new ring somewhere inside the memory; returns the byte offset at which the ring begins. */
export function initialiseRing(memory: Uint8Array, capacity: number, leaseCount: number, start: bigint): number {
  return orThrow(loadAddon().initialiseRing(memory, capacity, leaseCount, start));
}

/** A worker that produced into the ring has ended: what it left unpublished will never come. */
export function declareProducerDead(memory: Uint8Array): void {
  throwIf(loadAddon().declareRingProducerDead(memory));
}

/** A worker that held a lease on the ring has ended. */
export function dropDeadLease(memory: Uint8Array, index: number): void {
  throwIf(loadAddon().dropDeadRingLease(memory, index));
}

/** The native consumer of a ring. Keeps the memory, of which native code has only the address. */
export class NativeRingReader {
  readonly memory: Uint8Array;
  readonly #reader: BindingRingReader;

  constructor(memory: Uint8Array, producer?: BindingDoorbell) {
    this.memory = memory;
    this.#reader = orThrow(loadAddon().attachRingReader(memory, producer));
  }

  next(): BindingSlot | null {
    return this.#reader.next();
  }

  advanceFloor(floor: bigint): void {
    this.#reader.advanceFloor(floor);
  }

  readPosition(): bigint {
    return this.#reader.readPosition();
  }

  head(): bigint {
    return this.#reader.head();
  }

  beforeSleep(): boolean {
    return this.#reader.beforeSleep();
  }

  awake(): void {
    this.#reader.awake();
  }

  isDrained(): boolean {
    return this.#reader.isDrained();
  }

  close(): void {
    this.#reader.close();
  }
}

/** The native producer of a ring. Keeps the memory, as above. */
export class NativeRingWriter {
  readonly memory: Uint8Array;
  readonly #writer: BindingRingWriter;

  constructor(memory: Uint8Array, consumer?: BindingDoorbell) {
    this.memory = memory;
    this.#writer = orThrow(loadAddon().attachRingWriter(memory, consumer));
  }

  put(target: number, flags: number, ticket: bigint, payload: Uint8Array): 'would-block' | 'too-large' | 'closed' | null {
    return this.#writer.put(target, flags, ticket, payload);
  }

  leaveHole(size: number): boolean {
    return this.#writer.leaveHole(size);
  }

  end(): void {
    this.#writer.end();
  }
}

function orThrow<T>(result: T | string): T {
  if (typeof result === 'string') throw new Error(result);
  return result;
}

function throwIf(reason: string | null): void {
  if (reason !== null) throw new Error(reason);
}
