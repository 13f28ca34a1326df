import type { HeldBatches, HeldPiece } from '../../model/ports.js';
import type { Encoded, Span } from '../../wire/kafka/writer.js';
import type { Served } from '../routing.js';
import { readAgain } from '../verbs/gather.js';
import type { Finished } from './pipeline.js';

/** Records that are left out of the answer's own bytes: they go from where they lie to the socket. */
interface HeldSpan extends Span {
  readonly pieces: readonly HeldPiece[];
  /** All of it anew, when a piece has left memory. Undefined: it is not to be had any more. */
  readonly again: (done: (bytes: Uint8Array | undefined) => void) => void;
}

export function spanOf(served: Served, batches: HeldBatches): HeldSpan {
  const { size, pieces } = batches;
  return { size, pieces, again: (done) => readAgain(served, batches, done) };
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
  sendSpan(bytes: Uint8Array): void;
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

  /** What has to stay where it is while `queue` and the flush behind it run. */
  *pieces(): Generator<HeldPiece, void> {
    for (const { piece, span } of this.#parts) if (span !== undefined) yield piece;
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
    for (const { piece, from } of this.#parts) {
      const bytes = piece.bytes()?.subarray(from);
      if (bytes === undefined) return false;
      if (bytes.length <= copiedSizeMax) sink.send(bytes);
      else sink.sendSpan(bytes);
      this.#queuedCount += 1;
    }
    return true;
  }

  /** All that was queued. */
  tookAll(): void {
    this.took(this.#queuedCount, 0);
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
    span.again((bytes) => {
      if (bytes === undefined || this.#parts[0] !== part) {
        done(bytes !== undefined);
        return;
      }
      const own = bytes.slice(part.spanFrom, part.spanFrom + part.piece.size);
      this.#parts[0] = { ...part, piece: ownPiece(own) };
      done(true);
    });
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
  return { size: bytes.length, bytes: () => bytes };
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
    addSpan(parts, span as HeldSpan);
  }
  if (at < bytes.length) parts.push(ownPart(bytes.subarray(at)));
  return parts;
}

function addSpan(parts: Part[], span: HeldSpan): void {
  let spanFrom = 0;
  for (const piece of span.pieces) {
    parts.push({ piece, from: 0, span, spanFrom, taken: undefined });
    spanFrom += piece.size;
  }
}
