import { assert } from '../model/assert.js';

// The other side of native/src/binding/net_words.rs, which draws these words.

/** Why a connection ended. */
export const closeCodes = [
  'peer-closed',
  'cut-frame',
  'peer-reset',
  'io',
  'negative-size',
  'too-large',
  'http',
  'tls',
  'idle',
  'slow-frame',
  'room-refused',
  'asked',
  'drained',
] as const;

export type CloseCode = (typeof closeCodes)[number];

/** What had come of a frame when its connection ended, its prefix included. */
export interface PartialFrame {
  readonly receivedSize: number;
  /** Undefined: not even its size had come. */
  readonly size: number | undefined;
}

/** Why a connection was closed before it became one. */
export const refuseCodes = ['too-many-connections', 'too-many-of-address', 'io'] as const;

export type RefuseCode = (typeof refuseCodes)[number];

/** What a turn tells. Connections are named by numbers that are never used twice. */
export interface NetEvents {
  /** `listener` is the index that `listen` answered. */
  accepted(connection: number, listener: number): void;
  /**
   * A whole frame without its size prefix: `size` bytes at `position` of `memory`. They stay until `release(place)`, which may come
   * long before `answered(connection)`.
   */
  frame(connection: number, place: number, memory: Uint8Array, position: number, size: number): void;
  /** A frame of `size` bytes, prefix included, that the pool cannot hold: `grantRoom` or `refuseRoom`, now or later. */
  roomWanted(connection: number, room: number, size: number): void;
  /** Nobody uses the room any more: its bytes count no longer. */
  roomReturned(room: number, size: number): void;
  /** Of what `flush` told as unfinished so many parts were sent on without it, and then so many bytes of the next. */
  progress(connection: number, partsTaken: number, partSizeTaken: number): void;
  /** Go on with what `flush` told as unfinished, less all progress. Unreadable: the next part cannot be had from its file. */
  writable(connection: number, isUnreadable: boolean): void;
  /** The peer sends no more; what is under way can still be answered if it only ended its side. */
  ended(connection: number): void;
  /**
   * The last word about a connection. `errno` of `io`, else 0. `first` are the first bytes of what was no frame, printable; `partial`
   * is what had come of a frame that will never be whole.
   */
  closed(connection: number, code: CloseCode, errno: number, first: string | undefined, partial: PartialFrame | undefined): void;
  refused(listener: number, code: RefuseCode, errno: number): void;
}

export const netHeaderWords = 5;
export const netEventWords = 6;

export const commands = { release: 1, answered: 2, close: 3, abort: 4, refuseRoom: 5, drain: 6 } as const;

/** Rows of numbers that grow: what crosses in one call. */
export class Rows {
  readonly #width: number;
  words: Float64Array;
  count = 0;

  constructor(width: number) {
    this.#width = width;
    this.words = new Float64Array(64 * width);
  }

  /** Where the next row begins in `words`. */
  add(): number {
    const at = this.count * this.#width;
    if (at === this.words.length) {
      const larger = new Float64Array(at * 2);
      larger.set(this.words);
      this.words = larger;
    }
    this.count++;
    return at;
  }
}

export function closeCode(index: number): CloseCode {
  const code = closeCodes[index];
  assert(code !== undefined, `no reason ${index}`);
  return code;
}

export function refuseCode(index: number): RefuseCode {
  const code = refuseCodes[index];
  assert(code !== undefined, `no reason ${index}`);
  return code;
}

/** Of the words of a closed event; undefined: it ended between frames. */
export function partialFrame(receivedSize: number, size: number): PartialFrame | undefined {
  return receivedSize === 0 ? undefined : { receivedSize, size: size === 0 ? undefined : size };
}

/** Codes for bytes that are no frames: the first of them are kept for the log line. */
export function isBroken(code: CloseCode): boolean {
  return code === 'negative-size' || code === 'too-large' || code === 'http' || code === 'tls';
}
