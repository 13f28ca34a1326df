import type { FilePlace, HeldPiece } from '../../model/ports.js';
import type { HotMemory, Slice } from './hot-memory.js';

/** In ring memory, which goes on without us. */
export class SlicePiece implements HeldPiece {
  readonly isOwn = false;
  readonly home: HotMemory;
  readonly slice: Slice;

  constructor(home: HotMemory, slice: Slice) {
    this.home = home;
    this.slice = slice;
  }

  get size(): number {
    return this.slice.size;
  }

  bytes(): Uint8Array | undefined {
    return this.home.find(this.slice);
  }
}

/** In memory of our own, or of the shard's that it wants back. */
export class BytesPiece implements HeldPiece {
  readonly isOwn = true;
  readonly #bytes: Uint8Array;
  #giveBack: (() => void) | undefined;

  constructor(bytes: Uint8Array, giveBack?: () => void) {
    this.#bytes = bytes;
    this.#giveBack = giveBack;
  }

  get size(): number {
    return this.#bytes.length;
  }

  bytes(): Uint8Array {
    return this.#bytes;
  }

  letGo(): void {
    const giveBack = this.#giveBack;
    this.#giveBack = undefined;
    giveBack?.();
  }
}

/** In a file, under a lease of its shard's. */
export class LentPiece implements HeldPiece {
  readonly isOwn = false;
  readonly size: number;
  readonly #giveBack: () => void;
  #place: FilePlace | undefined;

  constructor(place: FilePlace, size: number, giveBack: () => void) {
    this.#place = place;
    this.size = size;
    this.#giveBack = giveBack;
  }

  /** Undefined once the lease has ended: the shard may have wanted it back. */
  get place(): FilePlace | undefined {
    return this.#place;
  }

  bytes(): undefined {
    return undefined;
  }

  letGo(): void {
    if (this.#place === undefined) return;
    this.#place = undefined;
    this.#giveBack();
  }
}

/** Calls `use` while nothing of these pieces that is still in memory is overwritten (DURABILITY.md rule 17): not from within another turn of replies. */
export function withLeases(pieces: readonly HeldPiece[], use: () => void): void {
  const homes = new Map<HotMemory, Slice[]>();
  for (const piece of pieces) {
    if (!(piece instanceof SlicePiece)) continue;
    const slices = homes.get(piece.home);
    if (slices === undefined) homes.set(piece.home, [piece.slice]);
    else slices.push(piece.slice);
  }
  for (const [home, slices] of homes) home.lease(slices);
  use();
  for (const home of homes.keys()) home.release();
}
