import type { Encoded, Span } from '../../wire/kafka/writer.js';
import type { Finished } from './pipeline.js';

/** Records in memory of ours, left out of the answer's own bytes: they go from there to the socket. */
export interface MemorySpan extends Span {
  readonly bytes: Uint8Array;
}

interface Part {
  readonly bytes: Uint8Array;
  /** Called when it, and so all before it, was taken. */
  readonly taken: (() => void) | undefined;
}

/** What sockets are given, and in which order: the whole of it, or what is left of it. */
export interface PartSink {
  send(bytes: Uint8Array): void;
  sendSpan(bytes: Uint8Array): void;
}

/** Below it a part is cheaper to copy than to name. */
const copiedSizeMax = 4096;

/** The answers of one connection that are on their way into its socket. */
export class Outbox {
  #parts: Part[] = [];

  get isEmpty(): boolean {
    return this.#parts.length === 0;
  }

  add({ encoded, sent }: Finished): void {
    if (encoded === undefined) {
      // Nothing of it leaves: it is done when all before it is.
      if (this.isEmpty) sent();
      else this.#parts.push({ bytes: nothing, taken: sent });
      return;
    }
    const pieces = piecesOf(encoded);
    for (const [index, bytes] of pieces.entries()) {
      this.#parts.push({ bytes, taken: index === pieces.length - 1 ? sent : undefined });
    }
  }

  /** Everything, in order. What of it was taken is told by `took` once it is known. */
  queue(sink: PartSink): void {
    for (const { bytes } of this.#parts) {
      if (bytes.length <= copiedSizeMax) sink.send(bytes);
      else sink.sendSpan(bytes);
    }
  }

  tookAll(): void {
    this.took(this.#parts.length, 0);
  }

  /** So many parts, and then so many bytes of the next. */
  took(partsCount: number, partSize: number): void {
    const done = this.#parts.splice(0, partsCount);
    const [cut] = this.#parts;
    if (cut !== undefined && partSize > 0) this.#parts[0] = { bytes: cut.bytes.subarray(partSize), taken: cut.taken };
    for (const { taken } of done) taken?.();
  }

  /** The connection is gone. */
  drop(): void {
    this.tookAll();
  }
}

const nothing = new Uint8Array(0);

function piecesOf({ bytes, gaps }: Encoded): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const { position, span } of gaps) {
    if (position > at) pieces.push(bytes.subarray(at, position));
    at = position;
    pieces.push((span as MemorySpan).bytes);
  }
  if (at < bytes.length) pieces.push(bytes.subarray(at));
  return pieces;
}
