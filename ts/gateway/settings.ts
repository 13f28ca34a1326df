import type { FetchSessionsLimits } from './kafka/fetch-sessions.js';
import type { SessionLimits } from './websocket/session.js';

/** Where clients of the Kafka protocol come in. */
export interface KafkaListenerSettings {
  /** An address, not a name. */
  readonly host: string;
  readonly port: number;
  /** Where those who came in here are told to connect. */
  readonly advertised: { readonly host: string; readonly port: number };
}

export interface KafkaSettings {
  readonly listeners: readonly KafkaListenerSettings[];
  /** Other gateways of this node listen on the same port. */
  readonly sharesPort: boolean;
  /** Frames are received into it. */
  readonly poolSize: number;
  /** Of frames that are larger than the pool takes. */
  readonly roomSizeMax: number;
  /** What requests under way and answers on their way take, records left out. */
  readonly burdenMax: number;
  readonly fetchSessions: FetchSessionsLimits;
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
  readonly requestSizeMax: number;
  readonly idleMs: number;
}

export interface GatewaySettings {
  /** Absent: none listens. */
  readonly kafka?: KafkaSettings;
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** Names under which others know this node, with or without port. */
  readonly advertised: readonly string[];
  /** Origins besides its own whose pages may use it. */
  readonly origins: readonly string[];
  readonly limits: SessionLimits;
  /** WebSocket connections. */
  readonly connectionsMax: number;
  /** Of all connections, sent and not taken yet. */
  readonly unsentSizeMax: number;
  /** No connection that stalls for less is ended for it. */
  readonly stallMsMin: number;
  /** Batches that wait for room in one shard's ring. */
  readonly waitingSizeMax: number;
  readonly waitingCallsMax: number;
  /** Batches that no ring can hold, on their way from files to sockets. */
  readonly largeReadSizeMax: number;
  /** What Kafka clients asked for, from the reads until their sockets took it. */
  readonly gatherSizeMax: number;
  /** What they asked for may go from files to sockets without being read. */
  readonly sendsFiles: boolean;
  /** Reads of subscribers that are under way. */
  readonly readsMax: number;
  /** Fetches that wait for bytes. */
  readonly waitingFetchesMax: number;
  readonly partitionsPerConnectionMax: number;
  readonly bodySizeMax: number;
  readonly bodiesSizeMax: number;
  /** Records in one answer of the REST interface. */
  readonly restRecordsMax: number;
  /** Answers that may lie unread on one connection. */
  readonly unreadSizeMax: number;
}

const mebibyte = 1 << 20;

export const defaultLimits: SessionLimits = {
  messageSizeMax: 8 * mebibyte,
  batchSizeMax: mebibyte + 12,
  requestsMax: 1024,
  produceSizeInFlightMax: 32 * mebibyte,
  subscriptionsMax: 256,
  creditMax: 64 * mebibyte,
  fetchSizeMax: mebibyte,
  idleMsMax: 60_000,
  helloMsMax: 10_000,
};

export const defaultSettings: GatewaySettings = {
  host: '127.0.0.1',
  port: 9080,
  advertised: [],
  origins: [],
  limits: defaultLimits,
  connectionsMax: 50_000,
  unsentSizeMax: 64 * mebibyte,
  stallMsMin: 1_000,
  waitingSizeMax: 32 * mebibyte,
  waitingCallsMax: 20_000,
  largeReadSizeMax: 16 * mebibyte,
  gatherSizeMax: 32 * mebibyte,
  sendsFiles: true,
  readsMax: 32,
  waitingFetchesMax: 20_000,
  partitionsPerConnectionMax: 10_000,
  bodySizeMax: mebibyte,
  bodiesSizeMax: 16 * mebibyte,
  restRecordsMax: 1_000,
  unreadSizeMax: 4 * mebibyte,
};
