import type { Offset } from '../../model/offset.js';
import type { HeldBatches, HeldPiece, HeldRead, LargerBatch } from '../../model/ports.js';
import type { Served } from '../routing.js';
import { Collection } from './collection.js';
import { type Gathering, type GatherPorts, type GatherRequest, type HeldAgain, letGoOf, ownSize } from './gathering.js';

/** Reads from many partitions at once, and waits if that is too little. */
export class Gather {
  readonly ports: GatherPorts;
  readonly waiting = new Set<Collection>();
  #isEnding = false;

  constructor(ports: GatherPorts) {
    this.ports = ports;
  }

  /**
   * Held batches once more, after some of them have left ring memory: the same bytes. `done` is told nothing if they are not to be had any
   * more: an answer that began with them cannot go on (DURABILITY.md rule 18).
   */
  again(served: Served, { base, size }: HeldBatches, done: (again: HeldAgain | undefined) => void): void {
    const { room } = this.ports;
    room.reserve(size, () =>
      holdAll(served, base, size, (pieces) => {
        const own = ownSize(pieces);
        room.release(size - own);
        const letGo = () => {
          letGoOf(pieces);
          room.release(own);
        };
        done(pieces && { pieces, letGo });
      }),
    );
  }

  /** The node goes down: nobody waits any longer, each gets what there is. */
  answerAll(): void {
    this.#isEnding = true;
    for (const one of [...this.waiting]) one.hurry();
  }

  /** `done` is called once, maybe before this returns. The answer calls it off: what there is by then is told at once. */
  begin(request: GatherRequest, done: (gathering: Gathering) => void): () => void {
    const { entries, sizeMin } = request;
    const sizeMax = Math.min(request.sizeMax, this.ports.sizeMax);
    const waitMs = this.#isEnding ? 0 : request.waitMs;
    const collection = new Collection(this.ports, this.waiting, { entries, sizeMin, sizeMax, waitMs }, done);
    collection.begin();
    return () => collection.cancel();
  }
}

/** Exactly so many bytes from an offset on; a read may bring less at a time. Undefined: the log has others there, or none. */
function holdAll(served: Served, base: Offset, size: number, done: (pieces: readonly HeldPiece[] | undefined) => void): void {
  const { calls, route } = served;
  const pieces: HeldPiece[] = [];
  // Not from files: what is read again could not be had from one.
  const hold = (from: Offset, left: number) =>
    calls.call<HeldRead | LargerBatch>(
      (port, answer) => port.hold(route.handle, { offset: from, sizeMax: left, mayLend: false }, answer),
      (result) => {
        const batches = result.ok && 'batches' in result.value ? result.value.batches : undefined;
        if (batches?.base !== from || batches.size > left) {
          letGoOf(batches?.pieces);
          letGoOf(pieces);
          done(undefined);
          return;
        }
        pieces.push(...batches.pieces);
        if (batches.size === left) done(pieces);
        else hold(batches.next, left - batches.size);
      },
    );
  hold(base, size);
}
