import type { Terminal } from '../command.js';

const capacity = 256 << 10;
const newline = 10;
/** Below this a loop copies sooner than a call that needs a view. */
const partSizeMin = 96;

/** Gathers what goes to stdout: written when much is there, or when nothing more comes at once. */
export class Output {
  readonly #terminal: Terminal;
  #bytes = Buffer.allocUnsafeSlow(capacity);
  #position = 0;
  #room: Promise<void> | undefined;
  #isFlushDue = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** A part of larger bytes and a newline. */
  line(source: Uint8Array, from: number, end: number): void {
    const size = end - from;
    if (this.#position + size + 1 > this.#bytes.length) this.#makeRoom(size + 1);
    const bytes = this.#bytes;
    const position = this.#position;
    if (size >= partSizeMin) bytes.set(source.subarray(from, end), position);
    else for (let index = 0; index < size; index++) bytes[position + index] = source[from + index] as number;
    bytes[position + size] = newline;
    this.#position = position + size + 1;
  }

  text(text: string): void {
    const sizeMax = text.length * 3;
    if (this.#position + sizeMax > this.#bytes.length) this.#makeRoom(sizeMax);
    this.#position += this.#bytes.write(text, this.#position);
  }

  /** Behind what comes at once: one write takes all of it. */
  flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(() => {
      this.#isFlushDue = false;
      this.flush();
    });
  }

  flush(): void {
    if (this.#position === 0) return;
    const room = this.#terminal.bytes(this.#bytes.subarray(0, this.#position));
    this.#room = room ?? this.#room;
    // The stream may still hold what was written.
    this.#bytes = Buffer.allocUnsafeSlow(capacity);
    this.#position = 0;
  }

  /** What to await before more, where the reader of stdout is slow. */
  room(): Promise<void> | undefined {
    const room = this.#room;
    this.#room = undefined;
    return room;
  }

  #makeRoom(size: number): void {
    this.flush();
    if (size > this.#bytes.length) this.#bytes = Buffer.allocUnsafeSlow(size);
  }
}
