/** What native/src/binding/ring.rs exports. */
export interface RingBinding {
  describeRingLayout(): string;
  initialiseRing(memory: Uint8Array, capacity: number, leaseCount: number, start: bigint): number | string;
  declareRingProducerDead(memory: Uint8Array): string | null;
  dropDeadRingLease(memory: Uint8Array, index: number): string | null;
  attachRingReader(memory: Uint8Array, producer?: BindingDoorbell): BindingRingReader | string;
  attachRingWriter(memory: Uint8Array, consumer?: BindingDoorbell): BindingRingWriter | string;
}

export interface BindingSlot {
  readonly position: bigint;
  readonly end: bigint;
  readonly target: number;
  readonly flags: number;
  readonly ticket: bigint;
  readonly payload: Uint8Array;
}

export interface BindingRingReader {
  next(): BindingSlot | null;
  advanceFloor(floor: bigint): void;
  readPosition(): bigint;
  head(): bigint;
  beforeSleep(): boolean;
  awake(): void;
  isDrained(): boolean;
  close(): void;
}

export interface BindingRingWriter {
  put(target: number, flags: number, ticket: bigint, payload: Uint8Array): 'would-block' | 'too-large' | 'closed' | null;
  leaveHole(size: number): boolean;
  end(): void;
}

/** What native/src/binding/wakeup.rs exports. */
export interface WakeupBinding {
  createDoorbell(): BindingDoorbell | string;
  openDoorbell(id: number): BindingDoorbell | null;
  watchDoorbell(doorbell: BindingDoorbell, callback: () => void): BindingWakeup | string;
  watchEvent(descriptor: number, callback: () => void): BindingWakeup | string;
}

export interface BindingDoorbell {
  readonly id: number;
  ring(): void;
}

export interface BindingWakeup {
  close(): void;
}
