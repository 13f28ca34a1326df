import { assert } from '../../model/assert.js';
import type { Clock, DebugLog, HeldPiece, Random } from '../../model/ports.js';
import type { Net, NetCounters, NetEvents } from '../../native/net.js';
import type { RefuseCode } from '../../native/net-words.js';
import { withLeases } from '../../ring/link/held.js';
import { Room } from '../../ring/room.js';
import type { Verbs } from '../verbs/verbs.js';
import { rows } from './apis/index.js';
import type { Advertised } from './apis/row.js';
import { Burdens } from './burden.js';
import { type ConnectionPorts, KafkaConnection } from './connection.js';
import { type CloseCode, isUsualEnd, type PartialFrame, textOfEnd } from './ends.js';
import { FetchSessions, type FetchSessionsLimits } from './fetch-sessions.js';

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
  readonly random: Random;
}

export interface DoorPorts extends DoorSockets {
  readonly verbs: Verbs;
  /** By listener. */
  readonly advertised: readonly Advertised[];
  /** Bytes of frames that are larger than the receive pool takes. */
  readonly roomSizeMax: number;
  readonly burdenMax: number;
  readonly fetchSessions: FetchSessionsLimits;
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
  readonly sessions: FetchSessions;
  /** Frames that wait for memory, or have it. */
  readonly #roomsWanted = new Set<number>();
  readonly #burdens: Burdens;
  /** Connections with frames that may not begin yet. */
  readonly #postponed = new Set<KafkaConnection>();
  /** Connections whose answers can leave. */
  #ready = new Set<KafkaConnection>();
  /** Of records, with which they went to the sockets. */
  #copiedSize = 0;
  #isReceiving = false;
  #isClosed = false;

  constructor(ports: DoorPorts) {
    this.#ports = ports;
    this.#room = new Room(ports.roomSizeMax);
    this.#burdens = new Burdens(ports.burdenMax);
    this.sessions = new FetchSessions(ports.fetchSessions, ports.random);
    this.#connectionPorts = {
      rows,
      ready: (connection) => this.#onReady(connection),
      broken: (connection, reason) => this.#onBroken(connection, reason),
    };
  }

  get connectionsCount(): number {
    return this.#connections.size;
  }

  get burdenSize(): number {
    return this.#burdens.total;
  }

  get postponedCount(): number {
    return this.#postponed.size;
  }

  /** Undefined: it is closed. */
  get counters(): NetCounters | undefined {
    return this.#isClosed ? undefined : this.#ports.net.counters();
  }

  /** Bytes of records that were copied on their way out: small ones, and what sockets did not take. */
  get copiedSize(): number {
    return this.#copiedSize + (this.counters?.keptSize ?? 0);
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
    this.#resume();
    return hasMore;
  }

  /** What left has made room for requests that wait. */
  #resume(): void {
    const { net } = this.#ports;
    for (const connection of this.#postponed) {
      const { postponed, burden } = connection;
      let count = 0;
      for (let next = postponed[0]; next !== undefined && this.#burdens.mayBegin(burden); next = postponed[count]) {
        count += 1;
        if (connection.isEnding) net.answered(connection.number);
        else connection.onFrame(next.bytes);
        net.release(next.place);
      }
      postponed.splice(0, count);
      if (postponed.length === 0) this.#postponed.delete(connection);
      // Its commands have to be carried out.
      if (count > 0) this.#ports.wake();
    }
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
      sendRecords: (bytes) => {
        this.#copiedSize += bytes.length;
        net.send(number, bytes);
      },
      sendSpan: (bytes) => net.sendSpan(number, bytes),
      sendFile: (place, size) => net.sendFile(number, place, size),
    });
    // So that the sockets know of it, and tell at once when all before it has left.
    if (connection.isIncomplete) net.sendSpan(number, nothing);
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
      if (isThere) this.#goOn(connection);
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

  accepted(number: number, listener: number): void {
    const { net, verbs, count } = this.#ports;
    const advertised = this.#ports.advertised[listener];
    assert(advertised !== undefined, () => `a connection of listener ${listener}, which nobody made`);
    const clientHost = net.peer(number)?.replace(/:\d+$/, '') ?? '';
    const exchange = { verbs, advertised, clientHost, sessions: this.sessions };
    this.#connections.set(number, new KafkaConnection(number, exchange, this.#burdens.open(), this.#connectionPorts));
    count.opened();
  }

  frame(number: number, place: number, memory: Uint8Array, position: number, size: number): void {
    const { net, count } = this.#ports;
    const connection = this.#connections.get(number);
    const bytes = memory.subarray(position, position + size);
    count.request();
    if (connection === undefined || connection.isEnding) net.answered(number);
    else if (this.#postponed.has(connection) || !this.#burdens.mayBegin(connection.burden)) {
      connection.postponed.push({ place, bytes });
      this.#postponed.add(connection);
      return;
    } else connection.onFrame(bytes);
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

  progress(number: number, partsCount: number, partSize: number): void {
    const connection = this.#connections.get(number);
    if (connection === undefined) return;
    connection.outbox.took(partsCount, partSize);
    connection.blockedMs = this.#ports.clock.monotonicMs();
  }

  writable(number: number, isUnreadable: boolean): void {
    const connection = this.#connections.get(number);
    if (connection === undefined) return;
    if (isUnreadable) this.#restore(connection);
    else this.#goOn(connection);
  }

  #goOn(connection: KafkaConnection): void {
    if (connection.isRestoring) return;
    connection.isBlocked = false;
    this.#onReady(connection);
  }

  ended(): void {
    // Answers that are under way are still given: whoever only ended its side reads them.
  }

  closed(number: number, code: CloseCode, errno: number, first: string | undefined, partial: PartialFrame | undefined): void {
    const connection = this.#connections.get(number);
    this.#connections.delete(number);
    if (connection !== undefined) this.#forget(connection);
    this.#ports.count.closed(code);
    if (!isUsualEnd(code, partial)) this.#tellEnd(connection, textOfEnd({ code, errno, first, partial }));
  }

  #forget(connection: KafkaConnection): void {
    connection.onClosed();
    this.#postponed.delete(connection);
    for (const { place } of connection.postponed.splice(0)) this.#ports.net.release(place);
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

  /** Once in a while: while others wait for memory, who takes nothing and holds some of it gives way. */
  endStalled(): void {
    if (this.#ports.fetchRoom.hasWaiting) {
      // The longest first.
      const holding = (connection: KafkaConnection) => (connection.outbox.holdsOwn ? -connection.blockedMs : undefined);
      this.#giveWay(this.#stalled(), holding, 'it takes nothing of what it asked for, and others wait for the memory');
    }
    if (this.#burdens.isFull && this.#postponed.size > 0) {
      const reason = 'its requests and their answers take most of the memory that others wait for';
      const heaviest = ({ burden }: KafkaConnection) => (burden.size > 0 ? burden.size : undefined);
      if (!this.#giveWay(this.#stalled(), heaviest, reason)) this.#giveWay(this.#connections.values(), heaviest, reason);
    }
  }

  *#stalled(): Generator<KafkaConnection, void> {
    const since = this.#ports.clock.monotonicMs() - this.#ports.stallMsMin;
    for (const connection of this.#connections.values()) {
      if (connection.isBlocked && connection.blockedMs <= since) yield connection;
    }
  }

  /** Ends the one with the largest claim. False: none has any. */
  #giveWay(
    connections: Iterable<KafkaConnection>,
    claimOf: (connection: KafkaConnection) => number | undefined,
    reason: string,
  ): boolean {
    let [first, claim]: [KafkaConnection | undefined, number] = [undefined, Number.NEGATIVE_INFINITY];
    for (const connection of connections) {
      const own = claimOf(connection) ?? Number.NEGATIVE_INFINITY;
      if (own > claim) [first, claim] = [connection, own];
    }
    if (first === undefined) return false;
    this.#tellEnd(first, reason);
    this.#ports.net.abort(first.number);
    this.#ports.wake();
    return true;
  }

  // The end.

  /** No more connections, no more requests; those under way are answered, and each connection ends with its last answer. */
  drain(): void {
    this.#ports.net.drain();
    this.#ports.wake();
  }

  close(): void {
    this.#isClosed = true;
    for (const connection of this.#connections.values()) this.#forget(connection);
    this.#connections.clear();
    this.#ports.net.shut();
  }
}

const nothing = new Uint8Array(0);

function piecesOf(connections: readonly KafkaConnection[]): readonly HeldPiece[] {
  const pieces: HeldPiece[] = [];
  for (const { outbox } of connections) outbox.addPieces(pieces);
  return pieces;
}

const refusals = {
  'too-many-connections': 'as many as connections-max allows are open',
  'too-many-of-address': 'as many as connections-per-address-max allows are open from its address',
} as const;
