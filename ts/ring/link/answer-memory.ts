import { assert } from '../../model/assert.js';
import { allocateShared } from '../memory.js';

/** What is made for larger answers is theirs alone. */
const bufferSizeMax = 1 << 20;
const bufferSizeMin = 64 << 10;

/** Memory for one answer, of at least the size that was asked for. */
export interface AnswerBuffer {
  /** By which both ends name it. */
  readonly index: number;
  readonly bytes: Uint8Array;
}

/**
 * Where answers to one gateway lie until it gives them back, used again: memory of its own for each answer costs more than reading it, most of
 * that in the garbage collector.
 *
 * Lives on: the shard's thread. The gateway reads a buffer from the answer on until it has given it back.
 */
export class AnswerMemory {
  readonly #buffers: Uint8Array[] = [];
  #free: AnswerBuffer[] = [];
  readonly #known = new Set<number>();
  readonly #sizeMax: number;
  #size = 0;

  /** Of that many bytes at most; what has no room in them has memory of its own, as larger answers have. */
  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  /** Undefined: the answer needs memory of its own. */
  take(size: number): AnswerBuffer | undefined {
    if (size > bufferSizeMax) return undefined;
    const fitting = this.#free.filter(({ bytes }) => bytes.length >= size);
    const found = fitting.reduce<AnswerBuffer | undefined>(
      (least, one) => (least === undefined || one.bytes.length < least.bytes.length ? one : least),
      undefined,
    );
    if (found === undefined) return this.#make(Math.max(bufferSizeMin, 2 ** Math.ceil(Math.log2(size))));
    this.#free = this.#free.filter((one) => one !== found);
    return found;
  }

  #make(size: number): AnswerBuffer | undefined {
    if (this.#size + size > this.#sizeMax) return undefined;
    this.#size += size;
    const bytes = allocateShared(size);
    this.#buffers.push(bytes);
    return { index: this.#buffers.length - 1, bytes };
  }

  /** The gateway has had it, so that its number is enough. */
  isKnown({ index }: AnswerBuffer): boolean {
    return this.#known.has(index);
  }

  giveBack(index: number): void {
    const bytes = this.#buffers[index];
    assert(
      bytes !== undefined && !this.#free.some((one) => one.index === index),
      () => `answer memory ${index} is given back twice`,
    );
    this.#known.add(index);
    this.#free.push({ index, bytes });
  }
}
