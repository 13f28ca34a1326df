import type { Failure } from './failure.js';
import type { BindingWakeup } from './ring-binding.js';

/** What native/src/binding/net.rs and net_words.rs export. */
export interface NetBinding {
  openNet(options: BindingNetOptions, pool: Uint8Array): BindingNet | Failure;
  describeNetCodes(): string;
}

export interface BindingNetOptions {
  readonly sockets: 'auto' | 'uring' | 'epoll';
  readonly frameSizeMax: number;
  readonly chunkSize: number;
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
  readonly inFlightMax: number;
  readonly turnSizeMax: number;
  readonly idleMs: number;
  readonly slowFrameMs: number;
  readonly lingerMs: number;
  readonly keptMax: number;
  readonly keptTotalMax: number;
}

export interface BindingNet {
  readonly sockets: 'uring' | 'epoll';
  /** Why they are not the kind that is preferred. */
  readonly fallbackReason: string | null;
  listen(host: string, port: number, sharesPort: boolean): Listener | Failure;
  turn(monotonicMs: number, commands: Float64Array, commandsCount: number, words: Float64Array): void;
  flush(
    parts: Float64Array,
    partsCount: number,
    scratch: Uint8Array,
    views: readonly Uint8Array[],
    commands: Float64Array,
    commandsCount: number,
    words: Float64Array,
  ): void;
  takeBack(file: number): void;
  addMemory(memory: Uint8Array): number;
  grantRoom(room: number, memory: Uint8Array): boolean;
  takeBroken(connection: number): string | null;
  /** The address that was refused last for the sake of a limit. */
  lastRefused(): string | null;
  peer(connection: number): string | null;
  watch(callback: () => void): BindingWakeup | string;
  counters(): NetCounters | null;
  release(): void;
}

/** Where a net listens. */
export interface Listener {
  /** By which events name it. */
  readonly index: number;
  readonly host: string;
  readonly port: number;
}

/** Since the net was opened; sizes in bytes. */
export interface NetCounters {
  /** Calls from JavaScript into the net. */
  readonly crossings: number;
  readonly systemCalls: number;
  readonly turns: number;
  readonly accepted: number;
  readonly refused: number;
  readonly closed: number;
  readonly frames: number;
  readonly receivedSize: number;
  readonly sentSize: number;
  /** Of these, sent from files. */
  readonly fileSize: number;
  /** Sent on without JavaScript. */
  readonly trailedSize: number;
  readonly receives: number;
  readonly sends: number;
  /** Of partial frames that moved to a larger place: what was copied on the way in. */
  readonly movedSize: number;
  /** Of what sockets did not take: what was copied on the way out. */
  readonly keptSize: number;
  /** Times that a connection waited for receive memory. */
  readonly waits: number;
  readonly poolUsed: number;
  readonly poolUsedMax: number;
  /** Connections that wait for receive memory now. */
  readonly waiting: number;
}
