import type { Clock, DebugLog, HeldPiece } from '../../model/ports.js';
import type { Net, NetCounters, NetEvents } from '../../native/net.js';
import type { RefuseCode } from '../../native/net-words.js';
import { withLeases } from '../../ring/link/held.js';
import { Room } from '../../ring/room.js';
import type { Verbs } from '../verbs/verbs.js';
import { rows } from './apis/index.js';
import type { Advertised } from './apis/row.js';
import { type ConnectionPorts, KafkaConnection } from './connection.js';
import { type CloseCode, isUsualEnd, textOfEnd } from './ends.js';
import { Sequence } from './sequence.js';

export type { NetCounters };

export interface DoorCounts {
  opened(): void;
  refused(): void;
  closed(code: CloseCode): void;
  request(): void;
}

/** What the thread that hosts a door gives it. */
export interface DoorSockets {
  readonly net: Net;
  /** Answers wait, and no turn is under way that would send them. */
  readonly wake: () => void;
}

export interface DoorPorts extends DoorSockets {
  readonly verbs: Verbs;
  readonly advertised: Advertised;
  /** Bytes of frames that are larger than the receive pool takes. */
  readonly roomSizeMax: number;
  /** Where batches from files wait for sockets. */
  readonly fetchRoom: Room;
  /** No connection that stalls for less is ended for it. */
  readonly stallMsMin: number;
  readonly clock: Clock;
  readonly log: DebugLog;
  readonly count: DoorCounts;
}

/** Of what was queued for a connection, what its socket took. */
interface Cut {
  readonly partsCount: number;
  /** Of the next part. */
  readonly partSize: number;
  /** Which could not be sent from its file. */
  readonly isUnreadable: boolean;
}

/**
 * The Kafka protocol's listener: sockets below, rows of APIs above. A turn of its thread begins with `receive`, which hands out what
 * came, and ends with `send`: every answer that was ready by then leaves in one call.
 *
 * Lives on: a gateway thread. Owned by: its Gateway. Ends when: `close`.
 */
export class KafkaDoor implements NetEvents {
  readonly #ports: DoorPorts;
  readonly #connections = new Map<number, KafkaConnection>();
  readonly #connectionPorts: ConnectionPorts;
  readonly #room: Room;
  /** Frames that wait for memory, or have it. */
  readonly #roomsWanted = new Set<number>();
  /** Connections whose answers can leave. */
  #ready = new Set<KafkaConnection>();
  #isReceiving = false;
  #isClosed = false;

  constructor(ports: DoorPorts) {
    this.#ports = ports;
    this.#room = new Room(ports.roomSizeMax);
    this.#connectionPorts = {
      rows,
      ready: (connection) => this.#onReady(connection),
      broken: (connection, reason) => this.#onBroken(connection, reason),
    };
  }

  get connectionsCount(): number {
    return this.#connections.size;
  }

  /** Undefined: it is closed. */
  get counters(): NetCounters | undefined {
    return this.#isClosed ? undefined : this.#ports.net.counters();
  }

  get deadlineMs(): number | undefined {
    return this.#ports.net.deadlineMs;
  }

  /** Hands out what came. True: there is more to do at once. */
  receive(nowMs: number): boolean {
    this.#isReceiving = true;
    return this.#ports.net.turn(nowMs, this);
  }

  /** Sends what is ready. True: there is more to do at once. */
  send(): boolean {
    this.#isReceiving = false;
    const ready = this.#ready;
    this.#ready = new Set();
    const sending = [...ready].filter((connection) => this.#collect(connection));
    const unfinished = new Map<number, Cut>();
    let hasMore = false;
    withLeases(piecesOf(sending), () => {
      for (const connection of sending) this.#queue(connection);
      hasMore = this.#ports.net.flush((number, partsCount, partSize, _kept, isUnreadable) =>
        unfinished.set(number, { partsCount, partSize, isUnreadable }),
      );
    });
    for (const connection of sending) this.#settle(connection, unfinished.get(connection.number));
    return hasMore;
  }

  /** False: it has nothing to send, or cannot now. */
  #collect(connection: KafkaConnection): boolean {
    if (connection.isBlocked || !this.#connections.has(connection.number)) return false;
    for (let left = connection.collect(); left > 0; left--) this.#ports.net.answered(connection.number);
    return !connection.outbox.isEmpty;
  }

  #queue(connection: KafkaConnection): void {
    const { net } = this.#ports;
    const { number, outbox } = connection;
    connection.isIncomplete = !outbox.queue({
      send: (bytes) => net.send(number, bytes),
      sendSpan: (bytes) => net.sendSpan(number, bytes),
      sendFile: (place, size) => net.sendFile(number, place, size),
    });
  }

  #settle(connection: KafkaConnection, cut: Cut | undefined): void {
    // What the sockets have copied to send it later is taken: nobody tells when that has left.
    const isCut = cut !== undefined && connection.outbox.hasMoreThan(cut.partsCount);
    connection.isIncomplete = isCut ? cut.isUnreadable : connection.isIncomplete;
    const isBlocked = isCut || connection.isIncomplete;
    if (isBlocked && !connection.isBlocked) connection.blockedMs = this.#ports.clock.monotonicMs();
    connection.isBlocked = isBlocked;
    if (isCut) connection.outbox.took(cut.partsCount, cut.partSize);
    else connection.outbox.tookAll();
    if (connection.isIncomplete) this.#restore(connection);
  }

  /** Of an answer that has begun, batches have left memory, or their file cannot be sent from, before its socket took them. */
  #restore(connection: KafkaConnection): void {
    connection.isRestoring = true;
    connection.outbox.restore((isThere) => {
      connection.isRestoring = false;
      if (!this.#connections.has(connection.number)) return;
      if (isThere) this.writable(connection.number);
      else {
        this.#tellEnd(connection, 'what it was being sent was deleted meanwhile');
        this.#ports.net.abort(connection.number);
        this.#ports.wake();
      }
    });
  }

  #onReady(connection: KafkaConnection): void {
    this.#ready.add(connection);
    if (!this.#isReceiving) this.#ports.wake();
  }

  // What the sockets tell.

  accepted(number: number): void {
    const { net, verbs, advertised, count } = this.#ports;
    const clientHost = net.peer(number)?.replace(/:\d+$/, '') ?? '';
    const exchange = { verbs, advertised, clientHost, fetches: new Sequence() };
    this.#connections.set(number, new KafkaConnection(number, exchange, this.#connectionPorts));
    count.opened();
  }

  frame(number: number, place: number, memory: Uint8Array, position: number, size: number): void {
    const { net, count } = this.#ports;
    const connection = this.#connections.get(number);
    count.request();
    if (connection === undefined || connection.isEnding) net.answered(number);
    else connection.onFrame(memory.subarray(position, position + size));
    // Whatever was to be kept of it was copied: batches into their ring.
    net.release(place);
  }

  #onBroken(connection: KafkaConnection, reason: string): void {
    const { net, wake } = this.#ports;
    net.answered(connection.number);
    net.close(connection.number);
    this.#tellEnd(connection, reason);
    wake();
  }

  roomWanted(_number: number, room: number, size: number): void {
    const { net } = this.#ports;
    this.#roomsWanted.add(room);
    this.#room.reserve(size, () => {
      if (!net.grantRoom(room, new Uint8Array(size))) this.roomReturned(room, size);
      // The sockets have something to do that nothing else tells of.
      else this.#ports.wake();
    });
  }

  roomReturned(room: number, size: number): void {
    if (this.#roomsWanted.delete(room)) this.#room.release(size);
  }

  writable(number: number): void {
    const connection = this.#connections.get(number);
    if (connection === undefined || connection.isRestoring) return;
    connection.isBlocked = false;
    this.#onReady(connection);
  }

  ended(): void {
    // Answers that are under way are still given: whoever only ended its side reads them.
  }

  closed(number: number, code: CloseCode, errno: number, first: string | undefined): void {
    const connection = this.#connections.get(number);
    this.#connections.delete(number);
    connection?.onClosed();
    this.#ports.count.closed(code);
    if (!isUsualEnd(code)) this.#tellEnd(connection, textOfEnd(code, errno, first));
  }

  refused(_listener: number, code: RefuseCode, errno: number): void {
    const { net, count, log } = this.#ports;
    count.refused();
    if (code === 'io') log.info({ errno }, 'a Kafka connection is refused: the system has no room for it');
    else log.info({ address: net.lastRefused }, `a Kafka connection is refused: ${refusals[code]}`);
  }

  #tellEnd(connection: KafkaConnection | undefined, reason: string): void {
    this.#ports.log.info({ client: connection?.exchange.clientHost, reason }, 'a Kafka connection is closed');
  }

  /** Once in a while: while others wait for memory, who takes nothing and holds some of it gives way, the longest first. */
  endStalled(): void {
    const { fetchRoom, clock, stallMsMin, net } = this.#ports;
    if (!fetchRoom.hasWaiting) return;
    const since = clock.monotonicMs() - stallMsMin;
    let longest: KafkaConnection | undefined;
    for (const connection of this.#connections.values()) {
      const isStalled = connection.isBlocked && connection.blockedMs <= since && connection.outbox.holdsOwn;
      if (isStalled && connection.blockedMs < (longest?.blockedMs ?? Number.POSITIVE_INFINITY)) longest = connection;
    }
    if (longest === undefined) return;
    this.#tellEnd(longest, 'it takes nothing of what it asked for, and others wait for the memory');
    net.abort(longest.number);
    this.#ports.wake();
  }

  // The end.

  /** No more connections, no more requests; those under way are answered, and each connection ends with its last answer. */
  drain(): void {
    this.#ports.net.drain();
    this.#ports.wake();
  }

  close(): void {
    this.#isClosed = true;
    for (const connection of this.#connections.values()) connection.onClosed();
    this.#connections.clear();
    this.#ports.net.shut();
  }
}

const refusals = {
  'too-many-connections': 'as many as connections-max allows are open',
  'too-many-of-address': 'as many as connections-per-address-max allows are open from its address',
} as const;

function* piecesOf(connections: readonly KafkaConnection[]): Generator<HeldPiece, void> {
  for (const { outbox } of connections) yield* outbox.pieces();
}
