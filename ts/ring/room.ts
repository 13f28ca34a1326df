interface Waiting {
  readonly size: number;
  readonly begin: () => void;
}

/**
 * Memory of one purpose: batches larger than a reply may be, what is fetched and not sent yet, frames larger than the receive pool
 * takes. Whoever needs some has its room first (DURABILITY.md rule 19). Those for which there is none wait in the order in which they
 * came; requests bound their number.
 */
export class Room {
  readonly #sizeMax: number;
  readonly #waiting: Waiting[] = [];
  #size = 0;
  #isAdmitting = false;

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  /** Calls `begin` when so much is free, maybe before this returns. One above all there is has it alone. */
  reserve(size: number, begin: () => void): void {
    this.#waiting.push({ size, begin });
    this.#admit();
  }

  get hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  release(size: number): void {
    this.#size -= size;
    this.#admit();
  }

  // One that begins may end at once, and comes here again: the loop goes on, it does not nest.
  #admit(): void {
    if (this.#isAdmitting) return;
    this.#isAdmitting = true;
    for (let first = this.#waiting[0]; first !== undefined && this.#hasRoom(first.size); first = this.#waiting[0]) {
      this.#waiting.shift();
      this.#size += first.size;
      first.begin();
    }
    this.#isAdmitting = false;
  }

  #hasRoom(size: number): boolean {
    return this.#size === 0 || this.#size + size <= this.#sizeMax;
  }
}
