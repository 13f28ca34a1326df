/**
 * Memory that requests under way and answers on their way take, records left out: those have their own rooms. A request begins while
 * there is less than its connection may have, and may take more; the next ones wait in the memory that they were received into
 * (DURABILITY.md rule 19). Of `sizeMax` half is anybody's, as far as an eighth for each, and half is for those who have next to nothing.
 */
export class Burdens {
  readonly #sizeMax: number;
  #total = 0;

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  get total(): number {
    return this.#total;
  }

  get isFull(): boolean {
    return this.#total >= this.#sizeMax / 2;
  }

  open(): Burden {
    return new Burden((size) => {
      this.#total += size;
    });
  }

  mayBegin({ size }: Burden): boolean {
    if (this.isFull) return this.#total < this.#sizeMax && size < this.#sizeMax / 256;
    return size < this.#sizeMax / 8;
  }
}

/** Of one connection. */
export class Burden {
  readonly #add: (size: number) => void;
  #size = 0;
  #isClosed = false;

  constructor(add: (size: number) => void) {
    this.#add = add;
  }

  get size(): number {
    return this.#size;
  }

  add(size: number): void {
    if (this.#isClosed) return;
    this.#size += size;
    this.#add(size);
  }

  /** Whatever of it is still under way is nobody's any more. */
  close(): void {
    this.add(-this.#size);
    this.#isClosed = true;
  }
}
