import type { Offset } from '../../model/offset.js';
import type { Failure, HeldBatches, HeldPiece, PartitionEnds } from '../../model/ports.js';
import type { Result } from '../../model/result.js';
import type { Room } from '../../ring/room.js';
import type { Deadlines } from '../deadlines.js';
import type { Served } from '../routing.js';
import type { Tails } from '../tails.js';

/** One partition to read. */
export interface GatherEntry {
  readonly served: Served;
  readonly offset: Offset;
  readonly sizeMax: number;
}

export interface GatherRequest {
  readonly entries: readonly GatherEntry[];
  /** Of all entries together; at least one batch comes even if it is larger. */
  readonly sizeMax: number;
  /** Waits until so many bytes are there. */
  readonly sizeMin: number;
  readonly waitMs: number;
}

export interface Gathered extends PartitionEnds {
  /** Undefined: nothing there, or no room left in the answer. */
  readonly batches: HeldBatches | undefined;
}

export interface Gathering {
  /** One for each entry, in their order. */
  readonly results: readonly Result<Gathered, Failure>[];
  /** The bytes were sent, or will not be. Once. */
  letGo(): void;
}

export interface HeldAgain {
  readonly pieces: readonly HeldPiece[];
  /** They were sent, or will not be. Once. */
  letGo(): void;
}

export interface GatherPorts {
  readonly tails: Tails;
  readonly deadlines: Deadlines;
  readonly room: Room;
  /** Of one answer, whatever its request would take: so that several have room beside each other. */
  readonly sizeMax: number;
  /** Of requests that wait for bytes; one more is answered with what there is. */
  readonly waitingMax: number;
  /** Sockets take parts of files (docs/decisions/0018-lent-segments.md). */
  readonly mayLend: boolean;
}

export function letGoOf(pieces: readonly HeldPiece[] | undefined): void {
  for (const piece of pieces ?? []) piece.letGo?.();
}

/** In memory that was reserved. */
export function ownSize(pieces: readonly HeldPiece[] | undefined): number {
  let size = 0;
  for (const piece of pieces ?? []) if (piece.isOwn) size += piece.size;
  return size;
}
