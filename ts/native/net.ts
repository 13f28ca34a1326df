import { assert } from '../model/assert.js';
import type { FilePlace } from '../model/ports.js';
import { ok, type Result } from '../model/result.js';
import { type Failure, resultOf } from './failure.js';
import { loadAddon } from './load.js';
import type { BindingNet, BindingNetOptions, Listener, NetCounters } from './net-binding.js';
import {
  closeCode,
  commands,
  isBroken,
  type NetEvents,
  netEventWords,
  netHeaderWords,
  partialFrame,
  Rows,
  refuseCode,
} from './net-words.js';
import type { BindingWakeup } from './ring-binding.js';
import { started } from './wakeup.js';

export type { Listener, NetCounters } from './net-binding.js';
export type { NetEvents } from './net-words.js';

export interface NetOptions {
  /** All memory that frames are received into, rooms left out: the node's budget, shared memory as rings are. */
  readonly pool: Uint8Array;
  /** Default: what was measured as the better one. */
  readonly sockets?: 'auto' | 'uring' | 'epoll';
  /** Of a frame without its prefix. Default 100 MiB, as Kafka's `socket.request.max.bytes`; at most 352 MiB. */
  readonly frameSizeMax?: number;
  /** What an active connection takes of the pool. Default 16 KiB; frames of up to an eighth of the pool fit in it. */
  readonly chunkSize?: number;
  readonly connectionsMax?: number;
  readonly connectionsPerAddressMax?: number;
  /** Frames of a connection handed out and not answered; beyond it its socket is not read. */
  readonly inFlightMax?: number;
  /** What one connection receives in one turn. */
  readonly turnSizeMax?: number;
  readonly idleMs?: number;
  /** What a frame may take to arrive while others wait for receive memory. */
  readonly slowFrameMs?: number;
  /** How long an ended connection is still read, so that its peer sees the end and not a reset. */
  readonly lingerMs?: number;
  /** Bytes that sockets did not take: of one connection, and of all. */
  readonly keptMax?: number;
  readonly keptTotalMax?: number;
}

const defaults: BindingNetOptions = {
  sockets: 'auto',
  frameSizeMax: 100 << 20,
  chunkSize: 16 << 10,
  connectionsMax: 10_000,
  connectionsPerAddressMax: 0xffff_ffff,
  inFlightMax: 64,
  turnSizeMax: 256 << 10,
  idleMs: 600_000,
  slowFrameMs: 30_000,
  lingerMs: 2000,
  keptMax: 1 << 20,
  keptTotalMax: 16 << 20,
};

/**
 * A connection whose socket did not take everything that was queued. Unreadable: it would have, but the next part cannot be had from its
 * file; `writable` will not be told, and the caller queues exactly these bytes from elsewhere.
 */
export type Unfinished = (
  connection: number,
  partsTaken: number,
  partSizeTaken: number,
  keptSize: number,
  isUnreadable: boolean,
) => void;

const eventsMax = 1024;
const scratchSize = 256 << 10;
const flushedHeaderWords = 4;
const flushedWords = 5;
/** How native/src/binding/net_words.rs calls them. */
const partKind = { lent: 0, owned: 1, ofFile: 2 } as const;

// Native code has only the addresses of the memory that it was lent, and sockets that nobody remembers would close at the whim of
// the garbage collector. So what is open is remembered here until it is shut.
const open = new Set<Net>();

/**
 * The sockets of the Kafka door. A thread's turn is `turn`, whose events the gateway answers by `send`, `sendSpan`, `release`,
 * `answered` and so on, and then one `flush`. All of these only note; two crossings carry them, whatever their number.
 *
 * Order: parts of a connection leave in the order in which they were queued, and before a close, an abort or an `answered` of the
 * same flush. Every frame is released once and answered once, also those of connections that have ended meanwhile.
 *
 * Slow readers: where `flush` tells a connection as unfinished with parts not taken, some are sent on without it: those of files, and
 * small bytes among them, of which `progress` tells. After `writable` the caller queues exactly the bytes that are left, and nothing else
 * before; or closes the connection.
 *
 * Lives on: one data thread. Ends when: `shut`.
 */
export class Net {
  readonly #native: BindingNet;
  readonly #pool: Uint8Array;
  readonly #words = new Float64Array(netHeaderWords + eventsMax * netEventWords);
  readonly #commands = new Rows(2);
  readonly #parts = new Rows(5);
  readonly #scratch = new Uint8Array(scratchSize);
  #scratchUsed = 0;
  #views: Uint8Array[] = [];
  #flushed = new Float64Array(flushedHeaderWords + 64 * flushedWords);
  #isTelling = false;
  /** A room was granted since the last turn, which has to receive into it. */
  #isTurnDue = false;
  readonly #rooms = new Map<number, Uint8Array>();
  /** Kept alive: native code has their addresses. */
  readonly #memories: Uint8Array[] = [];
  /** When `turn` wants to be called though nothing wakes it; undefined: never. */
  deadlineMs: number | undefined;
  /** Bytes that sockets did not take: above its liking the caller begins no more reads for slow readers. */
  keptSize = 0;
  connectionsCount = 0;

  private constructor(native: BindingNet, pool: Uint8Array) {
    this.#native = native;
    this.#pool = pool;
    open.add(this);
  }

  static open({ pool, ...options }: NetOptions): Result<Net, Failure> {
    const opened = resultOf(loadAddon().openNet({ ...defaults, ...options }, pool));
    return opened.ok ? ok(new Net(opened.value, pool)) : opened;
  }

  /** Which kind of sockets it has. */
  get sockets(): 'uring' | 'epoll' {
    return this.#native.sockets;
  }

  /** Why they are not the kind that is preferred; undefined: they are, or another one was asked for. */
  get fallbackReason(): string | undefined {
    return this.#native.fallbackReason ?? undefined;
  }

  /** The address of the connection that was refused last for the sake of a limit. */
  get lastRefused(): string | undefined {
    return this.#native.lastRefused() ?? undefined;
  }

  /**
   * On an address, not a name; port 0 picks a free one. `sharesPort` lets several nets of this user listen on one port, each getting
   * its share of the connections: who needs to be the only one asks for it elsewhere first.
   */
  listen(host: string, port: number, sharesPort = false): Result<Listener, Failure> {
    return resultOf(this.#native.listen(host, port, sharesPort));
  }

  /** Memory that `sendMemory` names by the number it gets: rings, once each. Kept until it is shut. */
  addMemory(memory: Uint8Array): number {
    this.#memories.push(memory);
    return this.#native.addMemory(memory);
  }

  /** One round of work. True: there is more to do at once. Whatever was queued before has been flushed. */
  turn(monotonicMs: number, events: NetEvents): boolean {
    assert(!this.#isTelling, 'a listener of a turn begins another one');
    assert(this.#parts.count === 0, 'parts wait for their flush');
    const words = this.#words;
    this.#isTurnDue = false;
    this.#native.turn(monotonicMs, this.#commands.words, this.#commands.count, words);
    this.#commands.count = 0;
    const [count = 0, hasMore = 0, deadlineMs = -1, keptSize = 0, connectionsCount = 0] = words;
    this.#setDeadline(deadlineMs);
    this.keptSize = keptSize;
    this.connectionsCount = connectionsCount;
    this.#isTelling = true;
    try {
      for (let index = 0; index < count; index++) this.#tell(netHeaderWords + index * netEventWords, events);
    } finally {
      this.#isTelling = false;
    }
    return hasMore === 1 || this.#isTurnDue;
  }

  #setDeadline(deadlineMs: number): void {
    this.deadlineMs = deadlineMs < 0 ? undefined : deadlineMs;
  }

  #tell(at: number, events: NetEvents): void {
    const words = this.#words;
    const connection = words[at + 1] ?? 0;
    const first = words[at + 2] ?? 0;
    const second = words[at + 3] ?? 0;
    switch (words[at]) {
      case 1:
        events.accepted(connection, first);
        break;
      case 2:
        events.frame(connection, first, this.#memory(second), words[at + 4] ?? 0, words[at + 5] ?? 0);
        break;
      case 3:
        events.roomWanted(connection, first, second);
        break;
      case 4:
        this.#returnRoom(first, events);
        break;
      case 5:
        events.writable(connection, first === 1);
        break;
      case 6:
        events.ended(connection);
        break;
      case 7: {
        const code = closeCode(first);
        const shown = isBroken(code) ? (this.#native.takeBroken(connection) ?? undefined) : undefined;
        events.closed(connection, code, second, shown, partialFrame(words[at + 4] ?? 0, words[at + 5] ?? 0));
        break;
      }
      case 8:
        events.refused(first, refuseCode(second), words[at + 4] ?? 0);
        break;
      case 9:
        events.progress(connection, first, second);
        break;
      default:
        assert(false, `no event ${words[at]}`);
    }
  }

  #memory(number: number): Uint8Array {
    const memory = number === 0 ? this.#pool : this.#rooms.get(number);
    assert(memory !== undefined, `no room ${number}`);
    return memory;
  }

  #returnRoom(room: number, events: NetEvents): void {
    const size = this.#memory(room).length;
    this.#rooms.delete(room);
    events.roomReturned(room, size);
  }

  // What became of frames.

  /** The frame's bytes are not read any more. */
  release(place: number): void {
    this.#command(commands.release, place);
  }

  /** The frame was answered by what was queued, or will not be. */
  answered(connection: number): void {
    this.#command(commands.answered, connection);
  }

  /**
   * Memory for the frame that wants it, of at least the size it asked for. True: a turn is due. False: its connection is gone, the
   * memory is not used.
   */
  grantRoom(room: number, memory: Uint8Array): boolean {
    const isUsed = this.#native.grantRoom(room, memory);
    if (isUsed) this.#rooms.set(room, memory);
    this.#isTurnDue ||= isUsed;
    return isUsed;
  }

  /** Closes the connection that asked. */
  refuseRoom(room: number): void {
    this.#command(commands.refuseRoom, room);
  }

  // Out.

  /** Queues small bytes of ours, copied: headers of replies. They are kept if the socket is full, as far as budgets go. */
  send(connection: number, bytes: Uint8Array): void {
    if (this.#scratchUsed + bytes.length <= scratchSize) {
      this.#scratch.set(bytes, this.#scratchUsed);
      this.#part(connection, 0, this.#scratchUsed, bytes.length, partKind.owned);
      this.#scratchUsed += bytes.length;
    } else {
      this.#part(connection, this.#view(bytes.slice()), 0, bytes.length, partKind.owned);
    }
  }

  /** Queues bytes that stay as they are until the flush returns, and are not needed longer: no copy. */
  sendSpan(connection: number, bytes: Uint8Array): void {
    this.#part(connection, this.#view(bytes), 0, bytes.length, partKind.lent);
  }

  /** As above, in memory that was added: ring memory under a lease that lasts beyond the flush. */
  sendMemory(connection: number, memory: number, position: number, size: number): void {
    this.#part(connection, memory, position, size, partKind.lent);
  }

  /**
   * Bytes of a file that was lent: they are neither read nor copied by us. What of them the socket does not take is sent on, with
   * small bytes behind it, until `progress` tells that it left or `takeBack` that nothing more will.
   */
  sendFile(connection: number, { file, position }: FilePlace, size: number): void {
    this.#part(connection, file, position, size, partKind.ofFile);
  }

  #view(bytes: Uint8Array): number {
    this.#views.push(bytes);
    return -this.#views.length;
  }

  #part(connection: number, source: number, position: number, size: number, kind: number): void {
    const at = this.#parts.add();
    const { words } = this.#parts;
    words[at] = connection;
    words[at + 1] = source;
    words[at + 2] = position;
    words[at + 3] = size;
    words[at + 4] = kind;
  }

  /**
   * Sends all that was queued and carries out the rest. `unfinished` is told of each connection that has not taken everything: so
   * many of its parts in this flush went or are kept, then so many bytes of the next. True: a turn has something to do at once.
   */
  flush(unfinished: Unfinished): boolean {
    const parts = this.#parts;
    if (parts.count === 0 && this.#commands.count === 0) return this.#isTurnDue;
    const wanted = flushedHeaderWords + parts.count * flushedWords;
    if (this.#flushed.length < wanted) this.#flushed = new Float64Array(wanted * 2);
    const words = this.#flushed;
    const noted = this.#commands;
    this.#native.flush(parts.words, parts.count, this.#scratch, this.#views, noted.words, noted.count, words);
    parts.count = 0;
    noted.count = 0;
    this.#scratchUsed = 0;
    this.#views = [];
    const [count = 0, hasMore = 0, keptSize = 0, deadlineMs = -1] = words;
    this.keptSize = keptSize;
    this.#setDeadline(deadlineMs);
    for (let index = 0; index < count; index++) {
      const at = flushedHeaderWords + index * flushedWords;
      unfinished(words[at] ?? 0, words[at + 1] ?? 0, words[at + 2] ?? 0, words[at + 3] ?? 0, words[at + 4] === 1);
    }
    return hasMore === 1 || this.#isTurnDue;
  }

  /** Before a file that was lent may change: nothing is sent from it any more. A turn is due, which tells what was. */
  takeBack(file: number): void {
    this.#native.takeBack(file);
    this.#isTurnDue = true;
  }

  // Ends.

  /** Takes no more frames of it, sends what is queued and kept, then ends it; `closed` tells when. */
  close(connection: number): void {
    this.#command(commands.close, connection);
  }

  /** At once, whatever is kept. */
  abort(connection: number): void {
    this.#command(commands.abort, connection);
  }

  /** No more connections and no more frames; each connection ends when its frames are answered: until `connectionsCount` is 0. */
  drain(): void {
    this.#command(commands.drain, 0);
  }

  #command(kind: number, subject: number): void {
    const at = this.#commands.add();
    this.#commands.words[at] = kind;
    this.#commands.words[at + 1] = subject;
  }

  /** Its address and port; undefined once it has ended. */
  peer(connection: number): string | undefined {
    return this.#native.peer(connection) ?? undefined;
  }

  /** Calls back on this thread when a turn is due, until closed; keeps its event loop alive meanwhile. */
  watch(callback: () => void): BindingWakeup {
    return started(this.#native.watch(callback));
  }

  counters(): NetCounters {
    const counters = this.#native.counters();
    assert(counters !== null, 'the net was shut');
    return counters;
  }

  /** Closes every socket and lets go of all memory. Safe at any time, and again. */
  shut(): void {
    this.#native.release();
    this.#rooms.clear();
    this.#memories.length = 0;
    open.delete(this);
  }
}
