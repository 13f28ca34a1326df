import { assert } from '../../model/assert.js';
import { allocateShared } from '../memory.js';

const bufferSizeMin = 64 << 10;
/** 64 KiB to 1 MiB: what is made for larger answers is theirs alone. */
const sizeCount = 5;

/** Memory for one answer, of at least the size that was asked for. */
export interface AnswerBuffer {
  /** By which both ends name it. */
  readonly index: number;
  readonly bytes: Uint8Array;
  /** The gateway has had it, so that its number is enough. */
  readonly isKnown: boolean;
}

interface KeptBuffer extends AnswerBuffer {
  isTaken: boolean;
  isKnown: boolean;
}

/**
 * Where answers to one gateway lie until it gives them back, used again: memory of its own for each answer costs more than reading it, most of
 * that in the garbage collector.
 *
 * Lives on: the shard's thread. The gateway reads a buffer from the answer on until it has given it back.
 */
export class AnswerMemory {
  readonly #buffers: KeptBuffer[] = [];
  /** By size, each twice the one before. */
  readonly #free: KeptBuffer[][] = Array.from({ length: sizeCount }, () => []);
  readonly #sizeMax: number;
  #size = 0;

  /** Of that many bytes at most; what has no room in them has memory of its own, as larger answers have. */
  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  /** Undefined: the answer needs memory of its own. */
  take(size: number): AnswerBuffer | undefined {
    const least = sizeIndexOf(size);
    const fitting = this.#free.findIndex((free, index) => index >= least && free.length > 0);
    const found = this.#free[fitting]?.pop() ?? this.#make(least);
    if (found !== undefined) found.isTaken = true;
    return found;
  }

  #make(sizeIndex: number): KeptBuffer | undefined {
    const size = bufferSizeMin << sizeIndex;
    if (sizeIndex >= sizeCount || this.#size + size > this.#sizeMax) return undefined;
    this.#size += size;
    const buffer = { index: this.#buffers.length, bytes: allocateShared(size), isTaken: true, isKnown: false };
    this.#buffers.push(buffer);
    return buffer;
  }

  giveBack(index: number): void {
    const buffer = this.#buffers[index];
    assert(buffer?.isTaken === true, () => `answer memory ${index} is given back twice`);
    buffer.isTaken = false;
    buffer.isKnown = true;
    this.#free[sizeIndexOf(buffer.bytes.length)]?.push(buffer);
  }
}

function sizeIndexOf(size: number): number {
  return Math.max(0, Math.ceil(Math.log2(size / bufferSizeMin)));
}
