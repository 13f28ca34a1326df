/** What came on stdin cannot be sent: nothing behind it is read. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** Takes one line, without its newline, out of larger bytes that it must not keep. */
export type TakeLine = (bytes: Uint8Array, from: number, end: number, number: number) => void;

const newline = 10;
/** A batch of a larger size is taken by no node. */
const lineSizeMax = 64 << 20;
/** Below this a loop finds the newline sooner than a call to native code. */
const nearSize = 48;

/** Cuts chunks of input into lines. Kept between two chunks is one unfinished line, no more. */
export class Lines {
  readonly #take: TakeLine;
  #count = 0;
  #size = 0;
  /** The beginning of a line whose end has not come yet. */
  #parts: Uint8Array[] = [];
  #partsSize = 0;

  constructor(take: TakeLine) {
    this.#take = take;
  }

  /** Bytes that came. */
  get size(): number {
    return this.#size;
  }

  push(chunk: Buffer): void {
    this.#size += chunk.length;
    let from = 0;
    if (this.#partsSize > 0) {
      const end = chunk.indexOf(newline);
      this.#keep(end < 0 ? chunk : chunk.subarray(0, end));
      if (end < 0) return;
      this.#takeKept();
      from = end + 1;
    }
    for (let end = lineEnd(chunk, from); end >= 0; end = lineEnd(chunk, from)) {
      this.#take(chunk, from, end, ++this.#count);
      from = end + 1;
    }
    if (from < chunk.length) this.#keep(chunk.subarray(from));
  }

  /** The input is over: its last line may lack the newline. */
  end(): void {
    if (this.#partsSize > 0) this.#takeKept();
  }

  #keep(part: Uint8Array): void {
    this.#partsSize += part.length;
    if (this.#partsSize > lineSizeMax) throw new InputError(`line ${this.#count + 1} has more than ${lineSizeMax} bytes`);
    this.#parts.push(part);
  }

  #takeKept(): void {
    const line = this.#parts.length === 1 ? (this.#parts[0] as Uint8Array) : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#partsSize = 0;
    this.#take(line, 0, line.length, ++this.#count);
  }
}

function lineEnd(chunk: Buffer, from: number): number {
  const near = Math.min(chunk.length, from + nearSize);
  for (let at = from; at < near; at++) if (chunk[at] === newline) return at;
  return near === chunk.length ? -1 : chunk.indexOf(newline, near);
}
