import type { FilePlace, HeldBatches, HeldPiece } from '../../model/ports.js';
import type { Encoded, Span } from '../../wire/kafka/writer.js';
import type { Served } from '../routing.js';
import type { Gather } from '../verbs/gather.js';
import type { HeldAgain } from '../verbs/gathering.js';
import type { Finished } from './pipeline.js';

/** Records that are left out of the answer's own bytes: they go from where they lie to the socket. */
interface HeldSpan extends Span {
  readonly pieces: readonly HeldPiece[];
  /** All of it anew, when a piece has left memory. Undefined: it is not to be had any more. */
  readonly again: (done: (again: HeldAgain | undefined) => void) => void;
}

export function spanOf(gather: Gather, served: Served, batches: HeldBatches): HeldSpan {
  const { size, pieces } = batches;
  return { size, pieces, again: (done) => gather.again(served, batches, done) };
}

interface Part {
  readonly piece: HeldPiece;
  /** Of the piece, what is left. */
  readonly from: number;
  /** Of an answer's own bytes: absent. */
  readonly span?: HeldSpan;
  /** Where the piece begins in its span. */
  readonly spanFrom: number;
  /** Called when it, and so all before it, was taken. */
  readonly taken: (() => void) | undefined;
}

/** What sockets are given, and in which order. */
export interface PartSink {
  /** Copied. */
  send(bytes: Uint8Array): void;
  /** Copied as well: records, which are counted. */
  sendRecords(bytes: Uint8Array): void;
  sendSpan(bytes: Uint8Array): void;
  sendFile(place: FilePlace, size: number): void;
}

/** Below it a part is cheaper to copy than to name. */
const copiedSizeMax = 4096;

/** The answers of one connection that are on their way into its socket. */
export class Outbox {
  #parts: Part[] = [];
  /** Of the last `queue`. */
  #queuedCount = 0;

  get isEmpty(): boolean {
    return this.#parts.length === 0;
  }

  /** Bytes that keep memory of the node's fetches from others. */
  get holdsOwn(): boolean {
    return this.#parts.some(({ piece, span }) => span !== undefined && piece.isOwn);
  }

  /** What has to stay where it is while `queue` and the flush behind it run. */
  addPieces(pieces: HeldPiece[]): void {
    for (const { piece, span } of this.#parts) if (span !== undefined) pieces.push(piece);
  }

  add({ encoded, sent }: Finished): void {
    this.#parts.push(...(encoded === undefined ? [] : partsOf(encoded)));
    const last = this.#parts.pop();
    // Without bytes of its own it is done when all before it is.
    if (last === undefined) sent();
    else this.#parts.push({ ...last, taken: both(last.taken, sent) });
  }

  /** Everything, in order, up to what has left memory. False: something has, and `restore` brings it back. */
  queue(sink: PartSink): boolean {
    this.#queuedCount = 0;
    for (const { piece, from, span } of this.#parts) {
      const { place } = piece;
      if (place !== undefined) {
        sink.sendFile({ ...place, position: place.position + from }, piece.size - from);
        this.#queuedCount += 1;
        continue;
      }
      const bytes = piece.bytes()?.subarray(from);
      if (bytes === undefined) return false;
      if (bytes.length > copiedSizeMax) sink.sendSpan(bytes);
      else if (span === undefined) sink.send(bytes);
      else sink.sendRecords(bytes);
      this.#queuedCount += 1;
    }
    return true;
  }

  /** All that was queued. */
  tookAll(): void {
    this.took(this.#queuedCount, 0);
  }

  /** Whether more parts than these were queued. */
  hasMoreThan(partsCount: number): boolean {
    return this.#queuedCount > partsCount;
  }

  /** So many parts, and then so many bytes of the next. */
  took(partsCount: number, partSize: number): void {
    const done = this.#parts.splice(0, partsCount);
    const [cut] = this.#parts;
    if (cut !== undefined && partSize > 0) this.#parts[0] = { ...cut, from: cut.from + partSize };
    for (const { taken } of done) taken?.();
  }

  /** Reads again what the first part of it names. `done`: true, it can be queued; false, the answer cannot go on. */
  restore(done: (isThere: boolean) => void): void {
    const part = this.#parts[0];
    const { span } = part ?? {};
    if (part === undefined || span === undefined) {
      done(true);
      return;
    }
    span.again((again) => {
      // The connection may have ended meanwhile.
      if (this.#parts[0] === part && again !== undefined) this.#replace(span, part.spanFrom + part.from, again);
      else again?.letGo();
      done(again !== undefined);
    });
  }

  /** What is left of a span, in pieces that may be others than before: the bytes from `at` on. */
  #replace(span: HeldSpan, at: number, { pieces, letGo }: HeldAgain): void {
    const end = this.#parts.findIndex((part) => part.span !== span);
    const count = end < 0 ? this.#parts.length : end;
    const taken = this.#parts[count - 1]?.taken;
    const parts: Part[] = [];
    addSpan(parts, span, pieces);
    const left = parts.filter(({ piece, spanFrom }) => spanFrom + piece.size > at);
    const [first, last] = [left[0], left.at(-1)];
    if (first !== undefined) left[0] = { ...first, from: Math.max(0, at - first.spanFrom) };
    if (last !== undefined)
      left[left.length - 1] = { ...(left.at(-1) as Part), taken: taken === undefined ? letGo : both(taken, letGo) };
    for (const { piece } of this.#parts.splice(0, count, ...left)) piece.letGo?.();
  }

  /** The connection is gone. */
  drop(): void {
    this.took(this.#parts.length, 0);
  }
}

function both(first: (() => void) | undefined, second: () => void): () => void {
  if (first === undefined) return second;
  return () => {
    first();
    second();
  };
}

function ownPiece(bytes: Uint8Array): HeldPiece {
  return { size: bytes.length, isOwn: true, bytes: () => bytes };
}

function ownPart(bytes: Uint8Array): Part {
  return { piece: ownPiece(bytes), from: 0, spanFrom: 0, taken: undefined };
}

function partsOf({ bytes, gaps }: Encoded): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const { position, span } of gaps) {
    if (position > at) parts.push(ownPart(bytes.subarray(at, position)));
    at = position;
    addSpan(parts, span as HeldSpan, (span as HeldSpan).pieces);
  }
  if (at < bytes.length) parts.push(ownPart(bytes.subarray(at)));
  return parts;
}

function addSpan(parts: Part[], span: HeldSpan, pieces: readonly HeldPiece[]): void {
  let spanFrom = 0;
  for (const piece of pieces) {
    parts.push({ piece, from: 0, span, spanFrom, taken: undefined });
    spanFrom += piece.size;
  }
}
