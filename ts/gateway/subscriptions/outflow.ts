import { assert } from '../../model/assert.js';
import type { Clock } from '../../model/ports.js';
import type { Deadline, Deadlines } from '../deadlines.js';

// How much of what was sent may still lie in this process. Each connection is charged what may lie in its send buffer: what it was
// granted since the buffer was last seen empty, or what was seen in it. The charges of all connections share one budget.

/** One connection's socket, as far as sending goes. */
export interface Outlet {
  send(frame: Uint8Array): void;
  /** Bytes that the kernel has not taken yet. */
  bufferedSize(): number;
  /** From here on the socket gets what is published on a channel. */
  follow(channel: string): void;
  unfollow(channel: string): void;
  /** Ends the connection at once: nothing can be told to one that reads nothing. */
  terminate(): void;
}

export interface OutflowSettings {
  /** Of all connections together. */
  readonly sizeMax: number;
  /** What a connection is granted before its buffer is looked at again, at most. */
  readonly roundSizeMax: number;
  /** Of answers on one connection that takes nothing. */
  readonly unreadSizeMax: number;
  /** No connection that stalls for less is ended. */
  readonly stallMsMin: number;
}

const roundSizeMin = 1024;
/** Of what is left of the budget, a read by offset takes so much at most. */
const partOfRest = 16;

export interface FlowOwner {
  /** The socket has taken everything. */
  onWritable(): void;
}

/** The sending side of one connection. There may be many thousands, most of them idle: every field counts. */
export class Flow {
  readonly outlet: Outlet;
  /** In the order in which they became readable: whose turn is next on this connection. */
  hungry: Hungry[] | undefined;
  readonly owner: FlowOwner;
  charged = 0;
  isBlocked = false;
  blockedSinceMs = 0;
  isReading = false;
  isQueued = false;
  isOver = false;

  constructor(outlet: Outlet, owner: FlowOwner) {
    this.outlet = outlet;
    this.owner = owner;
  }
}

/** A reader that wants to read by offset. */
export interface Hungry {
  /** False: it wants no more. */
  wants(): boolean;
  /** How many bytes it may send at least for one batch; 0 takes it out of the row. */
  sizeWanted(): number;
  read(sizeMax: number): void;
}

export class Outflow implements Deadline {
  readonly #settings: OutflowSettings;
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  readonly #flows = new Set<Flow>();
  /** Longest first. */
  readonly #stalled = new Set<Flow>();
  #used = 0;
  #onRoom: (() => void) | undefined;
  /** What found no room since it was last made. */
  #wanted = 0;
  #tick: number | undefined;
  /** Connections that were ended because they stalled. */
  endedCount = 0;

  constructor(settings: OutflowSettings, clock: Clock, deadlines: Deadlines) {
    this.#settings = settings;
    this.#clock = clock;
    this.#deadlines = deadlines;
  }

  get used(): number {
    return this.#used;
  }

  get stalledCount(): number {
    return this.#stalled.size;
  }

  get #roundSize(): number {
    const share = Math.floor(this.#settings.sizeMax / 4 / Math.max(1, this.#flows.size));
    return Math.max(roundSizeMin, Math.min(this.#settings.roundSizeMax, share));
  }

  get roundSize(): number {
    return this.#roundSize;
  }

  open(flow: Flow): void {
    this.#flows.add(flow);
  }

  close(flow: Flow): void {
    flow.isOver = true;
    this.#flows.delete(flow);
    this.#stalled.delete(flow);
    this.#charge(flow, 0);
  }

  /** Grants bytes without sending them yet; false: the socket still holds some, or nobody may hold more. */
  grant(flow: Flow, size: number): boolean {
    if (!this.#isOpen(flow, size)) return false;
    if (this.#used + size > this.#settings.sizeMax && this.#used > 0) return false;
    this.#charge(flow, flow.charged + size);
    return true;
  }

  /**
   * As `grant`, but gives what can be given, 0 for nothing. Nobody takes more than a part of what is left: when much lies unread,
   * whoever reads gets little at a time instead of nothing for long.
   */
  grantUpTo(flow: Flow, sizeMax: number): number {
    if (!this.#isOpen(flow, sizeMax)) return 0;
    const left = Math.max(0, this.#settings.sizeMax - this.#used);
    const size = Math.min(sizeMax, Math.max(this.#roundSize, Math.floor(left / partOfRest)));
    if (size > left && this.#used > 0) return 0;
    this.#charge(flow, flow.charged + size);
    return size;
  }

  #isOpen(flow: Flow, size: number): boolean {
    if (flow.isBlocked || flow.isOver) return false;
    if (flow.charged + size > this.#roundSize && flow.charged > 0) this.look(flow);
    return !flow.isBlocked;
  }

  /**
   * Whether an answer of this size may be sent on top of what lies there. A socket that took all before may take any, but what
   * lies in this process it does not share with all others: they might all stop reading now.
   */
  hasRoom(flow: Flow, size: number): boolean {
    if (flow.isBlocked && flow.charged + size > this.#settings.unreadSizeMax) return false;
    if (this.#used === 0 || this.#used + size <= this.#settings.sizeMax) return true;
    this.#wantRoom(size);
    return false;
  }

  #wantRoom(size: number): void {
    this.#wanted = Math.max(this.#wanted, size);
    this.#tick ??= this.#deadlines.add(0, this);
  }

  /** Sends now. What was published before goes first: the library sees to that. */
  send(flow: Flow, frame: Uint8Array): void {
    if (flow.isOver) return;
    flow.outlet.send(frame);
    this.look(flow);
  }

  /** Looks into the socket's buffer: what is not there any more is charged no longer. */
  look(flow: Flow): void {
    if (flow.isOver) return;
    const buffered = flow.outlet.bufferedSize();
    if (buffered > 0) this.#block(flow);
    else this.#unblock(flow);
    this.#charge(flow, buffered);
  }

  /** The socket took something. */
  onDrain(flow: Flow): void {
    const wasBlocked = flow.isBlocked;
    if (wasBlocked) {
      // It moves: now it stalls for less long than the others.
      this.#stalled.delete(flow);
      flow.isBlocked = false;
    }
    this.look(flow);
    if (wasBlocked && !flow.isBlocked) flow.owner.onWritable();
  }

  /** Calls back once, when a grant that was refused for the budget is worth another try. */
  whenRoom(callback: () => void): void {
    this.#onRoom = callback;
    this.#wantRoom(this.#roundSize);
  }

  /** The budget is used up: first by looking, then by ending who has stalled longest. */
  onTime(): void {
    this.#tick = undefined;
    const wanted = this.#wanted;
    this.#wanted = 0;
    for (const flow of [...this.#flows]) if (flow.charged > 0 && !flow.isBlocked) this.look(flow);
    while (this.#used > 0 && this.#used + wanted > this.#settings.sizeMax && this.#endLongestStalled());
    // More connections make a round smaller: then there is room though nobody gave any back.
    if (this.#used + this.#roundSize <= this.#settings.sizeMax) this.#tellRoom();
    if (this.#onRoom !== undefined) this.#wantRoom(this.#roundSize);
  }

  #tellRoom(): void {
    const callback = this.#onRoom;
    this.#onRoom = undefined;
    callback?.();
  }

  /** False: nobody has stalled for long enough. */
  #endLongestStalled(): boolean {
    const [longest] = this.#stalled;
    if (longest === undefined) return false;
    if (this.#clock.monotonicMs() - longest.blockedSinceMs < this.#settings.stallMsMin) return false;
    this.endedCount += 1;
    longest.outlet.terminate();
    assert(longest.isOver, 'a connection that was ended is open');
    return true;
  }

  #block(flow: Flow): void {
    if (flow.isBlocked) return;
    flow.isBlocked = true;
    flow.blockedSinceMs = this.#clock.monotonicMs();
    this.#stalled.add(flow);
  }

  #unblock(flow: Flow): void {
    if (!flow.isBlocked) return;
    flow.isBlocked = false;
    this.#stalled.delete(flow);
    // Nobody tells of it otherwise: the library reports a drain only for what it buffered itself.
    flow.owner.onWritable();
  }

  #charge(flow: Flow, size: number): void {
    const isLess = size < flow.charged;
    this.#used += size - flow.charged;
    flow.charged = size;
    if (isLess) this.#tellRoom();
  }
}
