// What a runtime brings: a WebSocket, reduced to what the protocol needs. Each callback comes after `dial` has returned, and
// `onClose` comes once, last, whoever closed.

export interface Closed {
  /** Of the WebSocket; 1006 where there was no closing handshake. */
  readonly code: number;
  readonly reason: string;
}

export interface TransportEvents {
  onOpen(): void;
  /** The bytes belong to the callee. */
  onMessage(bytes: Uint8Array): void;
  onClose(closed: Closed): void;
}

export interface Transport {
  /** The bytes are not changed afterwards. */
  send(bytes: Uint8Array): void;
  close(code: number, reason: string): void;
}

export type Dial = (url: string, events: TransportEvents) => Transport;

export const subprotocol = 'millrace.v1';

/** Where a connection error adds this to an ErrorCode, it is the WebSocket's close code. */
export const closeCodeBase = 4000;
export const closedNormally = 1000;
