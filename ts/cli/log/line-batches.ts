/** A line that fits no batch: whoever runs the command is told, and nothing behind it is read. */
export class LineTooLong extends Error {
  override readonly name = 'LineTooLong';

  constructor(sizeMax: number) {
    super(`a line is longer than the ${sizeMax} bytes that a batch may hold`);
  }
}

export interface BatchBounds {
  /** Lines to a batch. */
  readonly count: number;
  /** A batch ends early rather than take more bytes than this. */
  readonly size: number;
}

/** A record's fields around its value are at most so many bytes, where it has neither key nor headers. */
const recordOverhead = 20;
const batchOverhead = 64;
const newline = 10;

/**
 * Cuts chunks of input into lines and lines into batches. Lines are views over the chunks; what is kept between two chunks is
 * one unfinished batch and one unfinished line.
 */
export class LineBatches {
  readonly #bounds: BatchBounds;
  #lines: Uint8Array[] = [];
  #size = batchOverhead;
  /** The beginning of a line whose end has not come yet. */
  #parts: Uint8Array[] = [];
  #partsSize = 0;
  #takenSize = 0;

  constructor(bounds: BatchBounds) {
    this.#bounds = bounds;
  }

  /** Bytes of input so far. */
  get takenSize(): number {
    return this.#takenSize;
  }

  /** The batches that this chunk completes. */
  *push(chunk: Uint8Array): Generator<readonly Uint8Array[], void> {
    this.#takenSize += chunk.length;
    let at = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, at)) {
      const full = this.#add(this.#finish(chunk.subarray(at, end)));
      if (full !== undefined) yield full;
      if (this.#lines.length === this.#bounds.count) yield this.#take();
      at = end + 1;
    }
    if (at < chunk.length) this.#keep(chunk.subarray(at));
  }

  /** What is left at the end of the input: a last line may lack its newline. */
  *end(): Generator<readonly Uint8Array[], void> {
    if (this.#partsSize > 0) {
      const full = this.#add(this.#finish(new Uint8Array(0)));
      if (full !== undefined) yield full;
    }
    yield* this.flush();
  }

  /** The whole lines that wait for more; the input was interrupted, and half a line is none. */
  *flush(): Generator<readonly Uint8Array[], void> {
    if (this.#lines.length > 0) yield this.#take();
  }

  #keep(part: Uint8Array): void {
    this.#partsSize += part.length;
    this.#refuseTooLong(this.#partsSize);
    this.#parts.push(part);
  }

  #finish(rest: Uint8Array): Uint8Array {
    if (this.#partsSize === 0) return rest;
    const line = Buffer.concat([...this.#parts, rest]);
    this.#parts = [];
    this.#partsSize = 0;
    return line;
  }

  /** The batch that has to end so that this line fits the next one. */
  #add(line: Uint8Array): readonly Uint8Array[] | undefined {
    this.#refuseTooLong(line.length);
    const size = line.length + recordOverhead;
    const full = this.#size + size > this.#bounds.size ? this.#take() : undefined;
    this.#lines.push(line);
    this.#size += size;
    return full;
  }

  #refuseTooLong(size: number): void {
    const sizeMax = this.#bounds.size - batchOverhead - recordOverhead;
    if (size > sizeMax) throw new LineTooLong(sizeMax);
  }

  #take(): readonly Uint8Array[] {
    const lines = this.#lines;
    this.#lines = [];
    this.#size = batchOverhead;
    return lines;
  }
}
