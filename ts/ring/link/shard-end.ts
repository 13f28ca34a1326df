import { assert } from '../../model/assert.js';
import type { Failure } from '../../model/ports.js';
import type { RingReader, RingSlot } from '../reader.js';
import type { RingWriter } from '../writer.js';
import { type AnswerBuffer, AnswerMemory } from './answer-memory.js';
import type { LargeAppend, ShardLinkPort } from './large-batches.js';
import { appendedWords, failureSizeMax, placeWords, readWords, replyKind, slicesMax, sliceWords, wordSize } from './layout.js';

export interface ShardRings {
  readonly requests: RingReader;
  readonly requestWords: Float64Array;
  readonly replies: RingWriter;
  readonly replyWords: Float64Array;
  readonly replyCapacity: number;
}

/** A batch in ring memory, as the log names it. */
export interface HotBatch {
  readonly ring: number;
  readonly position: bigint;
  readonly offset: number;
  readonly size: number;
}

/** Batches in a file, as the log names them. */
export interface LentPlace {
  readonly lease: number;
  readonly file: number;
  readonly position: number;
  readonly size: number;
}

/** What precedes the batches of a reply. */
export interface ReadHead {
  readonly logStart: number;
  readonly highWatermark: number;
  readonly base: number;
  readonly next: number;
  readonly leaderEpoch: number;
}

export interface AppendedReply {
  readonly ticket: number;
  readonly base: number;
  readonly next: number;
  readonly timestampMs: number;
  readonly leaderEpoch: number;
  readonly logStart: number;
  readonly marks: number;
}

export interface ReadSize {
  readonly size: number;
  /** Of the reply ring, which the gateway keeps for it. */
  readonly room: number;
  /** The gateway gives back memory that it was answered in. */
  readonly mayKeep: boolean;
}

/** Acknowledgements of one turn that go out in one slot. */
const appendsPerReply = 512;

/**
 * A shard's end of its link to one gateway.
 *
 * Lives on: the shard's thread. Replies never wait: the gateway keeps room for them (`linkLimits`). A notice that nobody asked
 * for does: `tail` says when it found none.
 */
export class ShardEnd {
  readonly #rings: ShardRings;
  readonly #port: ShardLinkPort;
  readonly #memory: AnswerMemory;
  readonly #appends = new Float64Array(appendsPerReply * appendedWords);
  #appendsCount = 0;

  constructor(rings: ShardRings, port: ShardLinkPort, answersSizeMax: number) {
    this.#rings = rings;
    this.#port = port;
    this.#memory = new AnswerMemory(answersSizeMax);
  }

  onLargeAppend(callback: (append: LargeAppend) => void): void {
    this.#port.receive(callback);
  }

  /** The next request; its words begin at `offset / 8` in `requestWords`. Valid until the next call. */
  next(): RingSlot | undefined {
    return this.#rings.requests.next();
  }

  word(slot: RingSlot, index: number): number {
    return this.#rings.requestWords[slot.offset / wordSize + index] ?? 0;
  }

  /** After a turn's requests: their room is the gateway's again. */
  freeRequests(): void {
    this.#rings.requests.free();
  }

  appended({ ticket, base, next, timestampMs, leaderEpoch, logStart, marks }: AppendedReply): void {
    if (this.#appendsCount === appendsPerReply) this.flush();
    const words = this.#appends;
    const at = this.#appendsCount * appendedWords;
    words[at] = ticket;
    words[at + 1] = base;
    words[at + 2] = next;
    words[at + 3] = timestampMs;
    words[at + 4] = leaderEpoch;
    words[at + 5] = logStart;
    words[at + 6] = marks;
    this.#appendsCount += 1;
  }

  /** Sends the turn's acknowledgements. */
  flush(): void {
    if (this.#appendsCount === 0) return;
    const size = this.#appendsCount * appendedWords;
    this.#reply(replyKind.appended, 0, 0, this.#appends.subarray(0, size));
    this.#appendsCount = 0;
  }

  failed(handle: number, ticket: number, failure: Failure): void {
    this.flush();
    const bytes = failureBytes(failure);
    const claim = this.#claim(bytes.length);
    this.#rings.replies.data.set(bytes, claim);
    this.#rings.replies.publish(claim, handle, replyKind.failed, ticket);
  }

  answer(handle: number, ticket: number, words: ArrayLike<number>): void {
    this.#reply(replyKind.answer, handle, ticket, words);
  }

  slices(handle: number, ticket: number, head: ReadHead, batches: readonly HotBatch[]): void {
    const claim = this.#claim(sliceReplySize(batches) * wordSize);
    this.#putSlices(claim, head, batches);
    this.#rings.replies.publish(claim, handle, replyKind.slices, ticket);
  }

  /** What was read lies in a file, where it stays until its lease is given back. */
  lent(handle: number, ticket: number, head: ReadHead, { lease, file, position, size }: LentPlace): void {
    const claim = this.#claim((readWords + placeWords) * wordSize);
    const { replyWords, replies } = this.#rings;
    const at = claim / wordSize;
    putHead(replyWords, at, head, size);
    replyWords.set([lease, file, position], at + readWords);
    replies.publish(claim, handle, replyKind.lent, ticket);
  }

  /** Asks for a lease back. False: no room now. */
  recalled(handle: number, lease: number): boolean {
    const claim = this.#rings.replies.claim(wordSize, this.#unaskedMax);
    if (claim < 0) return false;
    this.#publish(claim, replyKind.recalled, handle, 0, [lease]);
    return true;
  }

  /** The read would take so much room, and took none. */
  roomWanted(handle: number, ticket: number, size: number): void {
    this.#reply(replyKind.roomWanted, handle, ticket, [size]);
  }

  /** `fill` puts the bytes that were read where they belong, and then knows what they are. */
  bytes(handle: number, ticket: number, { size, room, mayKeep }: ReadSize, fill: (target: Uint8Array) => ReadHead): void {
    if (size > room) {
      const buffer = mayKeep && size > 0 ? this.#memory.take(size) : undefined;
      if (buffer === undefined) this.#sendOwn(ticket, size, fill);
      else this.#keep(handle, ticket, buffer, size, fill);
      return;
    }
    const claim = this.#claim(readWords * wordSize + size);
    const from = claim + readWords * wordSize;
    const head = fill(this.#rings.replies.data.subarray(from, from + size));
    putHead(this.#rings.replyWords, claim / wordSize, head, size);
    this.#rings.replies.publish(claim, handle, replyKind.bytes, ticket);
  }

  #sendOwn(ticket: number, size: number, fill: (target: Uint8Array) => ReadHead): void {
    const bytes = new Uint8Array(size);
    const words = new Float64Array(readWords);
    putHead(words, 0, fill(bytes), size);
    this.#port.send({ ticket, words, bytes }, [bytes.buffer]);
  }

  /** The first time the gateway is given the memory with its number, on the way that takes both. */
  #keep(handle: number, ticket: number, buffer: AnswerBuffer, size: number, fill: (target: Uint8Array) => ReadHead): void {
    const bytes = buffer.bytes.subarray(0, size);
    const words = new Float64Array(readWords + 1);
    putHead(words, 0, fill(bytes), size);
    words[readWords] = buffer.index;
    if (buffer.isKnown) this.#reply(replyKind.kept, handle, ticket, words);
    else this.#port.send({ ticket, words, bytes, memory: buffer.index }, []);
  }

  /** The gateway has sent, or will not send, what lay in it. */
  giveBackMemory(index: number): void {
    this.#memory.giveBack(index);
  }

  /** Tells of a new high watermark. False: no room now; the next notice says it all. */
  tail(handle: number, head: ReadHead, batches: readonly HotBatch[]): boolean {
    const claim = this.#rings.replies.claim(sliceReplySize(batches) * wordSize, this.#unaskedMax);
    if (claim < 0) return false;
    this.#putSlices(claim, head, batches);
    this.#rings.replies.publish(claim, handle, replyKind.tail, 0);
    return true;
  }

  #putSlices(claim: number, head: ReadHead, batches: readonly HotBatch[]): void {
    const words = this.#rings.replyWords;
    let at = claim / wordSize;
    putHead(words, at, head, batches.length);
    at += readWords;
    for (const { ring, position, offset, size } of batches) {
      words[at] = ring;
      words[at + 1] = Number(position >> 32n);
      words[at + 2] = Number(position & 0xffffffffn);
      words[at + 3] = offset;
      words[at + 4] = size;
      at += sliceWords;
    }
  }

  /** Notices take what replies leave: they come without being asked for. */
  get #unaskedMax(): number {
    return (this.#rings.replyCapacity * 3) / 4;
  }

  #reply(kind: number, handle: number, ticket: number, words: ArrayLike<number>): void {
    this.#publish(this.#claim(words.length * wordSize), kind, handle, ticket, words);
  }

  #publish(claim: number, kind: number, handle: number, ticket: number, words: ArrayLike<number>): void {
    this.#rings.replyWords.set(words, claim / wordSize);
    this.#rings.replies.publish(claim, handle, kind, ticket);
  }

  #claim(size: number): number {
    const claim = this.#rings.replies.claim(size);
    assert(claim >= 0, () => `a reply of ${size} bytes found no room: the gateway asks for more than it may`);
    return claim;
  }

  beforeSleep(): boolean {
    return this.#rings.requests.beforeSleep();
  }

  awake(): void {
    this.#rings.requests.awake();
  }

  woken(): void {
    this.#rings.replies.woken();
  }
}

function failureBytes(failure: Failure): Uint8Array {
  const bytes = new TextEncoder().encode(JSON.stringify(failure));
  const excess = bytes.length - failureSizeMax;
  const { message = '' } = failure;
  if (excess <= 0 || message === '') return bytes;
  // Each character is a byte at least.
  return failureBytes({ ...failure, message: message.slice(0, Math.max(0, message.length - excess)) });
}

function putHead(words: Float64Array, at: number, head: ReadHead, count: number): void {
  words[at] = head.logStart;
  words[at + 1] = head.highWatermark;
  words[at + 2] = head.base;
  words[at + 3] = head.next;
  words[at + 4] = head.leaderEpoch;
  words[at + 5] = count;
}

/** In words. */
function sliceReplySize(batches: readonly HotBatch[]): number {
  assert(batches.length <= slicesMax, 'more batches than a reply has room for');
  return readWords + batches.length * sliceWords;
}
