import { type Row, sizeOf } from './row.js';

export interface RowLimits {
  readonly countMax: number;
  readonly sizeMax: number;
}

/**
 * The newest rows, in the order in which they came. Every row has a number that never changes while older ones are dropped, so that a
 * selection or a scroll position can name it.
 *
 *   dropped │ first … end-1 │ to come          a row's place is its number modulo the capacity
 */
export class RowBuffer {
  readonly #limits: RowLimits;
  readonly #rows: (Row | undefined)[];
  #first = 0;
  #end = 0;
  #size = 0;

  constructor(limits: RowLimits) {
    this.#limits = limits;
    this.#rows = new Array<Row | undefined>(limits.countMax);
  }

  /** The oldest row that is kept. */
  get first(): number {
    return this.#first;
  }

  /** Behind the newest row. */
  get end(): number {
    return this.#end;
  }

  get count(): number {
    return this.#end - this.#first;
  }

  get size(): number {
    return this.#size;
  }

  at(number: number): Row | undefined {
    return number >= this.#first && number < this.#end ? this.#rows[number % this.#limits.countMax] : undefined;
  }

  push(row: Row): void {
    if (this.count === this.#limits.countMax) this.#drop();
    this.#rows[this.#end % this.#limits.countMax] = row;
    this.#end++;
    this.#size += sizeOf(row);
    // One row is kept whatever its size: rows are bounded themselves.
    while (this.#size > this.#limits.sizeMax && this.count > 1) this.#drop();
  }

  clear(): void {
    this.#rows.fill(undefined);
    this.#first = this.#end;
    this.#size = 0;
  }

  /** Keeps those of which the claim is true, under new numbers: an old one names none of them. */
  retain(claim: (row: Row) => boolean): void {
    const kept: Row[] = [];
    for (let number = this.#first; number < this.#end; number++) {
      const row = this.at(number);
      if (row !== undefined && claim(row)) kept.push(row);
    }
    this.clear();
    for (const row of kept) this.push(row);
  }

  #drop(): void {
    const place = this.#first % this.#limits.countMax;
    const row = this.#rows[place];
    if (row !== undefined) this.#size -= sizeOf(row);
    this.#rows[place] = undefined;
    this.#first++;
  }
}
