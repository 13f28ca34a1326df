import { assert } from '../../model/assert.js';
import type { Offset } from '../../model/offset.js';
import { offset as offsetOf } from '../../model/offset.js';
import type {
  Appended,
  AppendTaken,
  CopyInto,
  Failure,
  FoundOffset,
  HeldRange,
  HeldRead,
  KnownProducer,
  LargerBatch,
  PartitionDescription,
  PartitionEnds,
  ReadResult,
  ShardPort,
  Tail,
  Taken,
} from '../../model/ports.js';
import { failed, ok, type Result } from '../../model/result.js';
import type { RingReader } from '../reader.js';
import type { Room } from '../room.js';
import type { Sleeper, Waiter } from '../wakeup.js';
import { type RingWriter, refusal } from '../writer.js';
import { LentPiece } from './held.js';
import type { HotMemory, Slice } from './hot-memory.js';
import type { LargeBatches, LargeRead } from './large-batches.js';
import {
  appendedMark,
  appendedWords,
  bytesMax,
  heldBits,
  linkLimits,
  linkTicket,
  producersMax,
  producerWords,
  readWords,
  replyKind,
  requestKind,
  slicesMax,
  sliceWords,
  wordSize,
} from './layout.js';
import { heldIn, hotBatches, lentIn, type ReplySlot, slicesIn, tellRead } from './read-reply.js';

type Done<T> = (result: Result<T, Failure>) => void;

/** What a ticket waits for: every kind of reply tells it, and a failure tells all. */
interface Pending {
  readonly done: Done<never>;
  readonly reply: (slot: ReplySlot, words: Float64Array) => void;
  /** Bytes reserved in the reply ring. */
  readonly size: number;
}

export interface GatewayRings {
  readonly batches: RingWriter;
  readonly requests: RingWriter;
  readonly requestWords: Float64Array;
  readonly replies: RingReader;
  readonly replyWords: Float64Array;
  readonly replyCapacity: number;
  /** Of a batch into its ring. */
  readonly copy: CopyInto;
}

/** For batches that no ring has room for, or that lie in files. */
export interface LargeWays {
  readonly batches: LargeBatches;
  readonly reads: Room;
  /** A lease is about to be given back that the shard wants: nobody may send from this file any more. */
  readonly recalling: (file: number) => void;
}

/** A batch is a header at least. */
const batchSizeMin = 61;

/** Replies looked at in one turn: the rest comes behind whatever else waits. */
const repliesPerTurn = 1024;

/**
 * A gateway's end of its link to one shard.
 *
 * Lives on: the gateway's thread. Every reply has its room reserved before the request goes out, so a shard never waits.
 */
export class GatewayEnd implements ShardPort, Sleeper, Waiter {
  readonly #gateway: number;
  readonly #rings: GatewayRings;
  readonly #hot: HotMemory;
  readonly #large: LargeBatches;
  readonly #largeReads: Room;
  readonly #recalling: (file: number) => void;
  readonly #limits: ReturnType<typeof linkLimits>;
  readonly #appends = new Map<number, Done<Appended>>();
  /** Of appends under way, by partition: a large batch waits for those before it. */
  readonly #appendCounts = new Map<number, number>();
  readonly #pending = new Map<number, Pending>();
  readonly #watchers = new Map<number, (tail: Tail) => void>();
  /** Pieces of files, by their leases. */
  readonly #lent = new Map<number, LentPiece>();
  /** Of the shard, by number, each once it was first answered in. */
  readonly #answerMemory = new Map<number, Uint8Array>();
  #sequence = 1;
  #readSize = 0;
  /** Of replies that were told and are still in the ring: their room is not free before they are. */
  readonly #told = { appends: 0, requests: 0, readSize: 0 };
  #waiting: (() => void)[] = [];
  #isClosed = false;

  constructor(gateway: number, rings: GatewayRings, hot: HotMemory, large: LargeWays) {
    this.#gateway = gateway;
    this.#rings = rings;
    this.#hot = hot;
    this.#large = large.batches;
    this.#largeReads = large.reads;
    this.#recalling = large.recalling;
    this.#limits = linkLimits(rings.replyCapacity);
    large.batches.onRead((read) => this.#tellLargeRead(read));
  }

  append(handle: number, batch: Uint8Array, done: Done<Appended>): AppendTaken {
    if (this.#isClosed) return 'closed';
    if (this.#large.isUnderWay(handle)) return 'held';
    if (this.#appends.size + this.#told.appends >= this.#limits.appendsMax) return 'full';
    const { batches } = this.#rings;
    const claim = batches.claim(batch.length);
    if (claim === refusal.tooLarge) return this.#appendLarge(handle, batch, done);
    if (claim < 0) return claim === refusal.closed ? 'closed' : 'full';
    this.#rings.copy(batches.data, claim, batch);
    batches.publish(claim, handle, 0, this.#expect(handle, done));
    return 'taken';
  }

  /** A batch that does not fit a ring takes another way, on which it could overtake those before it. */
  #appendLarge(handle: number, batch: Uint8Array, done: Done<Appended>): AppendTaken {
    if ((this.#appendCounts.get(handle) ?? 0) > 0 || !this.#large.hasRoom(batch.length)) return 'held';
    this.#large.send(handle, this.#expect(handle, done), batch);
    return 'taken';
  }

  #expect(handle: number, done: Done<Appended>): number {
    const ticket = this.#nextTicket();
    this.#appends.set(ticket, (result) => {
      this.#countDown(handle);
      this.#large.answered(handle);
      done(result);
    });
    this.#appendCounts.set(handle, (this.#appendCounts.get(handle) ?? 0) + 1);
    return ticket;
  }

  #nextTicket(): number {
    const ticket = linkTicket(this.#sequence, this.#gateway);
    this.#sequence += 1;
    return ticket;
  }

  #countDown(handle: number): void {
    const left = (this.#appendCounts.get(handle) ?? 0) - 1;
    if (left > 0) this.#appendCounts.set(handle, left);
    else this.#appendCounts.delete(handle);
  }

  read(handle: number, from: Offset, sizeMax: number, done: Done<ReadResult>): Taken {
    const size = Math.min(sizeMax, bytesMax(this.#rings.replyCapacity));
    const reply = (slot: ReplySlot, words: Float64Array) => {
      if (slot.kind === replyKind.roomWanted) this.#readLarge(handle, from, words[slot.word] ?? 0, done);
      // The bytes left memory between the reply and now: they are in a file.
      else if (!this.#tellRead(slot, words, done)) this.#readAgain(handle, from, size, done);
    };
    return this.#ask(requestKind.read, handle, [from, size], { done, reply, size }) ? 'taken' : this.#refused();
  }

  #tellRead(slot: ReplySlot, words: Float64Array, done: Done<ReadResult>): boolean {
    return tellRead(slot, words, this.#rings.replies.data, this.#hot, done);
  }

  #readAgain(handle: number, from: Offset, size: number, done: Done<ReadResult>): void {
    const taken = this.read(handle, from, size, done);
    if (taken === 'full') this.space(() => this.#readAgain(handle, from, size, done));
    if (taken === 'closed') done(failed({ error: 'shutting-down' }));
  }

  /** One batch, larger than was asked for. Where no reply may be so large its memory is reserved first, and free when `done` returns. */
  #readLarge(handle: number, from: Offset, size: number, done: Done<ReadResult>): void {
    if (size <= bytesMax(this.#rings.replyCapacity)) {
      this.#readAgain(handle, from, size, done);
      return;
    }
    this.#largeReads.reserve(size, () => this.#askLarge(handle, from, size, done));
  }

  #askLarge(handle: number, from: Offset, size: number, done: Done<ReadResult>): void {
    const told: Done<ReadResult> = (result) => {
      done(result);
      this.#largeReads.release(size);
    };
    const reply = (slot: ReplySlot, words: Float64Array) => {
      if (slot.kind !== replyKind.roomWanted && this.#tellRead(slot, words, told)) return;
      // The log was cut meanwhile, and is another: whoever asks again holds nothing.
      this.#largeReads.release(size);
      this.#readAgain(handle, from, size, done);
    };
    if (this.#ask(requestKind.largeRead, handle, [from, size, 0], { done: told, reply, size: 0 })) return;
    if (this.#isClosed) told(failed({ error: 'shutting-down' }));
    else this.space(() => this.#askLarge(handle, from, size, done));
  }

  /** Its bytes have no room in the reply ring: they stay in ring memory or in their file, or come by message port. */
  hold(handle: number, range: HeldRange, done: Done<HeldRead | LargerBatch>): Taken {
    const reply = (slot: ReplySlot, words: Float64Array) => {
      if (slot.kind === replyKind.roomWanted) done(ok({ sizeWanted: words[slot.word] ?? 0 }));
      else if (slot.kind === replyKind.lent) done(ok(this.#lentIn(slot, words)));
      else done(ok(this.#heldIn(slot, words)));
    };
    const { offset, sizeMax, mayLend } = range;
    // Of slices alone: bytes come by message port.
    const size = Math.min(slicesMax, 1 + Math.floor(sizeMax / batchSizeMin)) * sliceWords * wordSize;
    const asked = [offset, sizeMax, heldBits.inAnswerMemory | (mayLend ? heldBits.inFiles : 0)];
    return this.#ask(requestKind.largeRead, handle, asked, { done, reply, size }) ? 'taken' : this.#refused();
  }

  #heldIn(slot: ReplySlot, words: Float64Array): HeldRead {
    const { handle } = slot;
    const memory = slot.kind === replyKind.kept ? (words[slot.word + readWords] ?? 0) : slot.memory;
    if (memory === undefined) return heldIn(slot, words, this.#hot);
    const bytes = slot.bytes ?? this.#answerMemory.get(memory)?.subarray(0, words[slot.word + readWords - 1]);
    assert(bytes !== undefined, () => `answer memory ${memory}, which this gateway has never had`);
    this.#answerMemory.set(memory, new Uint8Array(bytes.buffer));
    return heldIn({ ...slot, bytes }, words, this.#hot, () => this.#giveBack(requestKind.giveBackMemory, handle, memory));
  }

  #lentIn(slot: ReplySlot, words: Float64Array): HeldRead {
    const { handle } = slot;
    const { lease, place, size, ...read } = lentIn(slot, words);
    const piece = new LentPiece(place, size, () => {
      this.#lent.delete(lease);
      this.#giveBack(requestKind.giveBack, handle, lease);
    });
    this.#lent.set(lease, piece);
    return { ...read, batches: { ...read.batches, size, pieces: [piece] } };
  }

  #giveBack(kind: number, handle: number, what: number): void {
    if (this.#isClosed || this.#put(kind, handle, 0, [what]) === 'taken') return;
    this.space(() => this.#giveBack(kind, handle, what));
  }

  find(handle: number, timestampMs: number, done: Done<FoundOffset | undefined>): Taken {
    const reply = (slot: ReplySlot, words: Float64Array) => {
      const [offset = -1, timestamp = 0, leaderEpoch = 0] = words.subarray(slot.word, slot.word + 3);
      done(ok(offset < 0 ? undefined : { offset: offsetOf(offset), timestampMs: timestamp, leaderEpoch }));
    };
    return this.#ask(requestKind.find, handle, [timestampMs], { done, reply, size: 0 }) ? 'taken' : this.#refused();
  }

  epochEnd(handle: number, leaderEpoch: number, done: Done<{ readonly leaderEpoch: number; readonly end: Offset }>): Taken {
    const reply = (slot: ReplySlot, words: Float64Array) => {
      const [epoch = 0, end = 0] = words.subarray(slot.word, slot.word + 2);
      done(ok({ leaderEpoch: epoch, end: offsetOf(end) }));
    };
    return this.#ask(requestKind.epochEnd, handle, [leaderEpoch], { done, reply, size: 0 }) ? 'taken' : this.#refused();
  }

  describe(handle: number, done: Done<PartitionDescription>): Taken {
    const reply = (slot: ReplySlot, words: Float64Array) => {
      const [logStart = 0, highWatermark = 0, leaderEpoch = 0, size = 0, segmentsCount = 0] = words.subarray(
        slot.word,
        slot.word + 5,
      );
      const ends = { logStart: offsetOf(logStart), highWatermark: offsetOf(highWatermark) };
      done(ok({ ...ends, leaderEpoch, size, segmentsCount }));
    };
    return this.#ask(requestKind.describe, handle, [], { done, reply, size: 0 }) ? 'taken' : this.#refused();
  }

  raiseLogStart(handle: number, to: Offset | undefined, done: Done<Offset>): Taken {
    const reply = (slot: ReplySlot, words: Float64Array) => done(ok(offsetOf(words[slot.word] ?? 0)));
    return this.#ask(requestKind.raiseLogStart, handle, [to ?? -1], { done, reply, size: 0 }) ? 'taken' : this.#refused();
  }

  producers(handle: number, done: Done<readonly KnownProducer[]>): Taken {
    const size = Math.min(producersMax * producerWords * wordSize, bytesMax(this.#rings.replyCapacity));
    const reply = (slot: ReplySlot, words: Float64Array) => {
      done(ok(producersIn(words.subarray(slot.word, slot.word + slot.size / wordSize))));
    };
    const countMax = Math.floor(size / (producerWords * wordSize));
    return this.#ask(requestKind.producers, handle, [countMax], { done, reply, size }) ? 'taken' : this.#refused();
  }

  watch(handle: number, tail: (tail: Tail) => void, done: Done<PartitionEnds>): Taken {
    assert(!this.#watchers.has(handle), 'a partition has one watcher per gateway');
    const reply = (slot: ReplySlot, words: Float64Array) => done(ok(endsAt(slot, words)));
    const watched: Done<PartitionEnds> = (result) => {
      if (!result.ok && this.#watchers.get(handle) === tail) this.#watchers.delete(handle);
      done(result);
    };
    if (!this.#ask(requestKind.watch, handle, [], { done: watched, reply, size: 0 })) return this.#refused();
    this.#watchers.set(handle, tail);
    return 'taken';
  }

  unwatch(handle: number): void {
    if (!this.#watchers.delete(handle)) return;
    const ask = () => {
      if (this.#isClosed || this.#watchers.has(handle)) return;
      if (this.#put(requestKind.unwatch, handle, 0, []) !== 'taken') this.space(ask);
    };
    ask();
  }

  space(callback: () => void): void {
    this.#waiting.push(callback);
  }

  #refused(): Taken {
    return this.#isClosed ? 'closed' : 'full';
  }

  #ask<T>(
    kind: number,
    handle: number,
    words: readonly number[],
    wait: { done: Done<T>; reply: Pending['reply']; size: number },
  ) {
    if (this.#isClosed || !this.#hasRoom(wait.size)) return false;
    const ticket = this.#nextTicket();
    if (this.#put(kind, handle, ticket, words) !== 'taken') return false;
    this.#readSize += wait.size;
    this.#pending.set(ticket, wait as unknown as Pending);
    return true;
  }

  /** In the reply ring. */
  #hasRoom(readSize: number): boolean {
    const { requestsMax, readSizeMax } = this.#limits;
    const isCountLow = this.#pending.size + this.#told.requests < requestsMax;
    return isCountLow && this.#readSize + this.#told.readSize + readSize <= readSizeMax;
  }

  #put(kind: number, handle: number, ticket: number, words: readonly number[]): Taken {
    const { requests, requestWords } = this.#rings;
    const claim = requests.claim(words.length * wordSize);
    if (claim < 0) return claim === refusal.closed ? 'closed' : 'full';
    requestWords.set(words, claim / wordSize);
    requests.publish(claim, handle, kind, ticket);
    return 'taken';
  }

  /** Tells what came. True: there may be more. */
  turn(): boolean {
    const slots = this.#collect();
    const hasMore = slots.length === repliesPerTurn;
    const { replyWords } = this.#rings;
    if (slots.length > 0) this.#tellAll(slots, replyWords);
    this.#told.appends = 0;
    this.#told.requests = 0;
    this.#told.readSize = 0;
    this.#wakeWaiting();
    return hasMore;
  }

  #tellAll(slots: ReplySlot[], words: Float64Array): void {
    this.#hot.lease(slicesOf(slots));
    for (const slot of slots) this.#tell(slot, words);
    this.#hot.release();
    this.#rings.replies.free();
  }

  #collect(): ReplySlot[] {
    const slots: ReplySlot[] = [];
    const { replyWords } = this.#rings;
    while (slots.length < repliesPerTurn) {
      const slot = this.#rings.replies.next();
      if (slot === undefined) break;
      const { target, flags, ticket, offset, size } = slot;
      const word = offset / wordSize;
      slots.push({ handle: target, kind: flags, ticket, offset, word, size, slices: slicesIn(flags, word, replyWords) });
    }
    return slots;
  }

  #tell(slot: ReplySlot, words: Float64Array): void {
    if (slot.kind === replyKind.appended) this.#tellAppended(slot, words);
    else if (slot.kind === replyKind.tail) this.#tellTail(slot, words);
    else if (slot.kind === replyKind.failed) this.#tellFailed(slot);
    else if (slot.kind === replyKind.recalled) this.#giveUp(words[slot.word] ?? 0);
    else this.#take(slot.ticket).reply(slot, words);
  }

  /** Given back meanwhile, it is known no more. */
  #giveUp(lease: number): void {
    const piece = this.#lent.get(lease);
    if (piece?.place === undefined) return;
    this.#recalling(piece.place.file);
    piece.letGo();
  }

  #tellAppended(slot: ReplySlot, words: Float64Array): void {
    const end = slot.word + slot.size / wordSize;
    for (let at = slot.word; at < end; at += appendedWords) {
      const marks = words[at + 6] ?? 0;
      const durability = (marks & appendedMark.replicated) === 0 ? 'fsync' : 'replicated';
      const isDuplicate = (marks & appendedMark.duplicate) !== 0;
      const appended = {
        base: offsetOf(words[at + 1] ?? 0),
        next: offsetOf(words[at + 2] ?? 0),
        timestampMs: words[at + 3] ?? 0,
        leaderEpoch: words[at + 4] ?? 0,
        logStart: offsetOf(words[at + 5] ?? 0),
        durability,
        isDuplicate,
      } as const;
      this.#appended(words[at] ?? 0, ok(appended));
    }
  }

  #appended(ticket: number, result: Result<Appended, Failure>): void {
    const done = this.#appends.get(ticket);
    assert(done !== undefined, () => `append ${ticket} is answered twice`);
    this.#appends.delete(ticket);
    this.#told.appends += 1;
    done(result);
  }

  #tellTail(slot: ReplySlot, words: Float64Array): void {
    const tail = this.#watchers.get(slot.handle);
    // It may have been on its way while the watch ended.
    if (tail === undefined) return;
    const { logStart, highWatermark } = endsAt(slot, words);
    const held = () => heldIn(slot, words, this.#hot).batches;
    tail({ logStart, highWatermark, batches: hotBatches(this.#hot, slot, words), held });
  }

  #tellFailed(slot: ReplySlot): void {
    const failure = this.#failureIn(slot);
    if (this.#pending.has(slot.ticket)) this.#take(slot.ticket).done(failed(failure));
    else this.#appended(slot.ticket, failed(failure));
  }

  #failureIn({ offset, size }: ReplySlot): Failure {
    // Copied: a decoder takes no shared memory.
    return JSON.parse(new TextDecoder().decode(this.#rings.replies.data.slice(offset, offset + size))) as Failure;
  }

  #tellLargeRead({ ticket, words, bytes, memory }: LargeRead): void {
    const slot = { handle: 0, kind: replyKind.bytes, ticket, offset: 0, word: 0, size: bytes.length, slices: [], bytes };
    this.#take(ticket).reply(memory === undefined ? slot : { ...slot, memory }, words);
    this.#wakeWaiting();
  }

  #take(ticket: number): Pending {
    const pending = this.#pending.get(ticket);
    assert(pending !== undefined, () => `request ${ticket} is answered twice`);
    this.#pending.delete(ticket);
    this.#readSize -= pending.size;
    this.#told.requests += 1;
    this.#told.readSize += pending.size;
    return pending;
  }

  #wakeWaiting(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const callback of waiting) callback();
  }

  woken(): void {
    this.#rings.batches.woken();
    this.#rings.requests.woken();
  }

  beforeSleep(): boolean {
    return this.#rings.replies.beforeSleep();
  }

  awake(): void {
    this.#rings.replies.awake();
  }

  /** Requests without an answer. */
  pendingCount(): number {
    return this.#appends.size + this.#pending.size;
  }

  /** Takes nothing more; what is under way is answered. */
  close(): void {
    this.#isClosed = true;
    this.#rings.batches.end();
    this.#rings.requests.end();
    this.#wakeWaiting();
  }
}

function producersIn(words: Float64Array): readonly KnownProducer[] {
  return Array.from({ length: words.length / producerWords }, (_, index) => {
    const at = index * producerWords;
    const [producerId = 0, producerEpoch = 0, lastSequence = 0, timestampMs = 0] = words.subarray(at, at + producerWords);
    return { producerId, producerEpoch, lastSequence, timestampMs };
  });
}

function slicesOf(slots: readonly ReplySlot[]): readonly Slice[] {
  // Nearly always of one slot: its own.
  const [first] = slots;
  if (slots.length === 1 && first !== undefined) return first.slices;
  const all: Slice[] = [];
  for (const { slices } of slots) for (const slice of slices) all.push(slice);
  return all;
}

function endsAt(slot: ReplySlot, words: Float64Array): PartitionEnds {
  return { logStart: offsetOf(words[slot.word] ?? 0), highWatermark: offsetOf(words[slot.word + 1] ?? 0) };
}
